// A declaration is sent by script where there is one, so that a network that breaks off loses nothing: what was
// confirmed is kept on the phone, sealed with a key that never leaves it, and goes out by itself, once.
"use strict";

(() => {
  const given = document.currentScript.dataset;
  const MOST = 20;
  const TIMEOUT = 15000;
  const MINE = "fangkong-declare";

  // ---- what the phone keeps: IndexedDB, sealed

  function opened() {
    return new Promise((done, failed) => {
      const asked = indexedDB.open(MINE, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("kept", { keyPath: "id" });
        asked.result.createObjectStore("keys");
      };
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
  }

  async function within(store, mode, act) {
    const database = await opened();
    try {
      return await new Promise((done, failed) => {
        const work = database.transaction(store, mode);
        const asked = act(work.objectStore(store));
        work.oncomplete = () => done(asked && asked.result);
        work.onerror = () => failed(work.error);
        work.onabort = () => failed(work.error);
      });
    } finally {
      database.close();
    }
  }

  async function key() {
    const kept = await within("keys", "readonly", (store) => store.get("seal"));
    if (kept) return kept;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await within("keys", "readwrite", (store) => store.add(made, "seal")).catch(() => {});
    return within("keys", "readonly", (store) => store.get("seal"));
  }

  async function keep(declarations, at) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(declarations));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), text);
    if ((await all()).length >= MOST) throw new Error("full");
    await within("kept", "readwrite", (store) => store.put({ id: declarations[0].declaration_id, at, iv, sealed, state: "waiting" }));
  }

  const all = () => within("kept", "readonly", (store) => store.getAll());
  const drop = (id) => within("kept", "readwrite", (store) => store.delete(id));
  const mark = (one, state, detail) => within("kept", "readwrite", (store) => store.put({ ...one, state, detail }));

  async function unsealed(one) {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: one.iv }, await key(), one.sealed);
    return JSON.parse(new TextDecoder().decode(text));
  }

  // ---- time: the server's, as far as it was heard, for phones whose clock is wrong

  if (given.now) localStorage.setItem(`${MINE}-ahead`, String(Number(given.now) - Date.now()));
  const now = () => new Date(Date.now() + Number(localStorage.getItem(`${MINE}-ahead`) || 0)).toISOString();

  // ---- sending

  async function sent(declarations) {
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(), TIMEOUT);
    try {
      const answer = await fetch(given.send, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": given.token, Accept: "application/json" },
        body: JSON.stringify({ declarations }),
        signal: abort.signal,
        redirect: "manual",
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return { state: "locked" };
      if (answer.status >= 500 || answer.status === 429) return { state: "waiting" };
      if (!answer.ok) return { state: "refused" };
      const { items } = await answer.json();
      if (items.some((one) => one.status === "retry")) return { state: "waiting" };
      const no = items.find((one) => one.status === "rejected");
      return no ? { state: "refused", detail: no.detail || "" } : { state: "done" };
    } catch {
      return { state: "waiting" };
    } finally {
      clearTimeout(late);
    }
  }

  // A phone says that it is online before anything comes through: what waits is tried again, ever more slowly.
  let pause = 2000;
  let waiting = null;
  function again() {
    clearTimeout(waiting);
    waiting = setTimeout(onceMore, pause);
    pause = Math.min(pause * 2, 60000);
  }

  async function onceMore() {
    if (given.token) return sendKept();
    try {
      await fetch(given.offline, { cache: "no-store" });
      location.assign(given.home);
    } catch {
      again();
    }
  }

  let sending = null;
  function sendKept() {
    sending = sending || (async () => {
      let any = false;
      for (const one of await all()) {
        if (one.state === "refused") continue;
        if (!given.token) return again();
        const { state, detail } = await sent(await unsealed(one));
        if (state === "done") {
          await drop(one.id);
          any = true;
        } else await mark(one, state, detail);
        if (state === "waiting" || state === "locked") break;
      }
      const left = await all();
      if (any && !left.length) location.assign(given.home);
      else await show();
      if (left.some((one) => one.state === "waiting")) again();
    })().finally(() => { sending = null; });
    return sending;
  }

  // ---- what the page tells of it

  async function show() {
    const place = document.querySelector("[data-kept]");
    if (!place) return;
    const kept = await all();
    place.hidden = !kept.length;
    if (!kept.length) return;
    const worst = kept.find((one) => one.state === "refused") || kept.find((one) => one.state === "locked") || kept[0];
    place.querySelectorAll("[data-when]").forEach((one) => { one.hidden = one.dataset.when !== worst.state; });
    place.querySelector("[data-detail]").textContent = worst.detail || "";
    place.querySelector("[data-drop]").hidden = worst.state !== "refused";
    place.querySelector("[data-drop]").dataset.id = worst.id;
    place.querySelector("[data-items]").replaceChildren(...kept.map((one) => {
      const line = document.createElement("li");
      line.textContent = new Date(one.at).toLocaleString(document.documentElement.lang, { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
      return line;
    }));
  }

  document.addEventListener("click", async (event) => {
    const pressed = event.target.closest("[data-retry], [data-drop]");
    if (!pressed) return;
    if (pressed.matches("[data-drop]")) {
      await drop(pressed.dataset.id);
      await show();
    } else if (given.token) await sendKept();
    else location.assign(given.home);
  });
  addEventListener("online", () => {
    pause = 2000;
    onceMore();
  });

  // ---- the last page: what was confirmed goes out by script, or stays here

  document.querySelectorAll("form[data-declare]").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    const declarations = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    const at = now();
    const { state } = await sent(declarations);
    if (state === "done") location.assign(given.home);
    else if (state === "refused") form.submit(); // the page itself says what is wrong
    else {
      try {
        await keep(declarations.map((one) => ({ ...one, at })), at);
      } catch {
        form.submit(); // a phone that keeps nothing: the browser's own sending is all there is
        return;
      }
      await show();
      again();
      document.querySelector("[data-kept]").scrollIntoView();
      form.hidden = true;
      if (state === "locked") location.assign(given.home);
    }
  }));

  // ---- the questions: the server takes each answer; where it cannot be reached, the phone goes on by itself

  const at = (place, name) => new FormData(place).getAll(name).map((one) => one.normalize("NFKC").trim());

  function say(what) {
    const place = document.querySelector("[data-away]");
    place.hidden = !what;
    place.querySelectorAll("[data-when]").forEach((one) => { one.hidden = one.dataset.when !== what; });
    if (what) place.focus();
  }

  // The declarations of a form with what stands in it now; null while something is missing.
  function filled(form, asksSymptoms) {
    const made = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    for (const [nth, one] of made.entries()) {
      if (form.dataset.low) {
        const typed = (at(form, `temperature-${nth}`)[0] || "").replace(",", ".").replace(/\s*\u00b0C$/i, "");
        const reason = at(form, `reason-${nth}`)[0];
        const value = /^\d{2}(\.\d{1,2})?$/.test(typed) ? Number(typed) : Number.NaN;
        if (Boolean(typed) === Boolean(reason)) return null;
        if (typed && !(value >= Number(form.dataset.low) && value <= Number(form.dataset.high))) return null;
        one.temperature_c = typed || null;
        one.cannot_measure_reason = reason || null;
      }
      if (asksSymptoms) {
        const ticked = at(form, `symptoms-${nth}`);
        if (!ticked.length || (ticked.includes("none") && ticked.length > 1)) return null;
        one.symptoms = ticked.filter((name) => name !== "none");
      }
    }
    return made;
  }

  async function onWithoutNetwork(form) {
    const following = document.querySelector("template[data-following]");
    const last = !following || form.dataset.further;
    const declarations = form.dataset.step === "who" ? null : filled(form, last);
    if (form.dataset.step === "who") return say("away");
    if (!declarations) return say("unfinished");
    if (last) {
      const when = now();
      await keep(declarations.map((one) => ({ ...one, at: when })), when);
      say("");
      form.hidden = true;
      await show();
      again();
      document.querySelector("[data-kept]").scrollIntoView();
      return;
    }
    form.dataset.further = "yes";
    [...form.querySelectorAll("section, button"), ...document.querySelectorAll("main > h1, main > .back")]
      .forEach((one) => { one.hidden = true; });
    form.append(following.content.cloneNode(true));
    say("on");
  }

  document.querySelectorAll("form[data-step]").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(), TIMEOUT);
    try {
      if (form.dataset.further) throw new TypeError("the questions went on without the server");
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        redirect: "manual",
        headers: { Accept: "text/html" },
        signal: abort.signal,
      });
      if (answer.status >= 500) throw new TypeError("the service is away");
      // Wherever the server leads: to what has to be mended, or to the next question.
      location.assign(answer.type === "opaqueredirect" ? given.check : form.action);
    } catch {
      await onWithoutNetwork(form).catch(() => say("away"));
    } finally {
      clearTimeout(late);
      delete form.dataset.busy;
      delete form.dataset.sent;
    }
  }));

  // ---- the temperature by thumb: a tenth more, a tenth less

  document.querySelectorAll("[data-stepper]").forEach((place) => {
    const field = place.querySelector("input");
    for (const [sign, by] of [["\u2212", -1], ["+", 1]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", `${sign}0.1`);
      button.addEventListener("click", () => {
        const typed = Math.round(Number.parseFloat(field.value || field.placeholder) * 10);
        if (Number.isFinite(typed)) field.value = ((typed + (field.value ? by : 0)) / 10).toFixed(1);
      });
      if (by < 0) place.prepend(button);
      else place.append(button);
    }
  });

  // ---- without a network

  if ("serviceWorker" in navigator) {
    const files = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")].map((one) => one.href || one.src);
    navigator.serviceWorker.register(given.worker, { scope: given.scope })
      .then(() => navigator.serviceWorker.ready)
      .then((worker) => { if (navigator.onLine) worker.active.postMessage({ files, offline: given.offline }); })
      .catch(() => {});
  }
  show().then(() => sendKept()).catch(() => {});
})();
