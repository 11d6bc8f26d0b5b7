// The observation desk: picking many, and moving in the grid by arrow keys. Without it everything still works.
"use strict";

(() => {
  // ---- how many are selected

  document.querySelectorAll("form[data-select]").forEach((form) => {
    const boxes = () => [...form.querySelectorAll(`input[name='${form.dataset.select || "case_id"}']`)];
    const said = form.querySelector("[data-selected]");
    const all = form.querySelector("[data-select-all]");
    function count() {
      const picked = boxes().filter((box) => box.checked).length;
      if (said) said.textContent = `${said.dataset.words} ${picked}`;
      if (all) all.firstElementChild.checked = picked > 0 && picked === boxes().length;
    }
    if (all) {
      all.hidden = false;
      all.firstElementChild.addEventListener("change", (event) => {
        boxes().forEach((box) => { box.checked = event.target.checked; });
        count();
      });
    }
    form.addEventListener("change", count);
    addEventListener("pageshow", count);
    count();
  });

  // ---- before a form is sent, ask whether it will arrive: what was typed stays where it will not

  const guard = document.getElementById("guard");
  async function arrives(form) {
    const answer = await fetch(guard.dataset.ask, { redirect: "manual", cache: "no-store", headers: { Accept: "text/html" } });
    if (answer.type === "opaqueredirect" || answer.status === 401) return "ended";
    if (!answer.ok) return "away";
    const token = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("input[name='csrf']");
    form.querySelectorAll("input[name='csrf']").forEach((field) => { field.value = token?.value || field.value; });
    return "";
  }
  if (guard) document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || form.target === "_blank" || form.closest("header")) return;
    if (form.dataset.asked) {
      delete form.dataset.asked;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    const wrong = await arrives(form).catch(() => "away");
    delete form.dataset.asking;
    guard.hidden = !wrong;
    guard.querySelectorAll("[data-when]").forEach((one) => { one.hidden = one.dataset.when !== wrong; });
    if (wrong) {
      guard.scrollIntoView({ block: "nearest" });
      return;
    }
    form.dataset.asked = "yes";
    form.requestSubmit(event.submitter);
  }, true);

  // ---- one stop for the tabulator, arrows within; what stands in a cell is said

  document.querySelectorAll("table[data-grid]").forEach((grid) => {
    const rows = [...grid.tBodies[0].rows].map((row) => [...row.cells].filter((cell) => cell.tagName === "TD"));
    const place = document.getElementById("cell-said");
    if (!rows.length || !rows[0].length) return;
    const view = grid.parentElement;
    view.scrollLeft = view.scrollWidth; // the last day is what people come for
    rows.flat().forEach((cell) => { cell.tabIndex = -1; });
    let at = [0, rows[0].length - 1];
    rows[at[0]][at[1]].tabIndex = 0;
    function go(row, column) {
      const next = rows[row]?.[column];
      if (!next) return;
      rows[at[0]][at[1]].tabIndex = -1;
      at = [row, column];
      next.tabIndex = 0;
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    grid.addEventListener("keydown", (event) => {
      if (event.target.tagName !== "TD") return;
      const move = moves[event.key];
      if (move) go(at[0] + move[0], at[1] + move[1]);
      else if (event.key === "Home") go(at[0], 0);
      else if (event.key === "End") go(at[0], rows[at[0]].length - 1);
      else if (event.key === "Enter") event.target.closest("tr").querySelector("th a")?.click();
      else return;
      event.preventDefault();
    });
    grid.addEventListener("focusin", (event) => {
      if (event.target.tagName !== "TD" || !place) return;
      const who = event.target.closest("tr").querySelector("th").textContent.trim();
      const what = event.target.querySelector(".mark")?.getAttribute("title") || "";
      place.textContent = `${who} ${what}`;
    });
  });
})();
