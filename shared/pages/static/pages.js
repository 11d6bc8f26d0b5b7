// What pages do beyond links and forms. Nothing here is needed to read or to send: without scripts pages still work.
"use strict";

(() => {
  const charts = new WeakMap();

  // ---- charts: data stands beside the place as JSON, words come from the page

  function draw(figure) {
    const place = figure.querySelector("[data-place]");
    const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    if (!window.echarts || !place) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const chart = charts.get(place) || window.echarts.init(place, null, { renderer: "svg", locale: "EN" });
    charts.set(place, chart);
    const ink = colour("--ink-soft");
    const font = style.fontFamily;
    const decals = ["--bar", "--bar-soft", "--bad"];
    chart.setOption({
      animation: false,
      aria: { enabled: false },
      textStyle: { fontFamily: font },
      color: decals.map(colour),
      grid: { left: 8, right: 8, top: 36, bottom: 4, containLabel: true },
      legend: { top: 0, right: 0, textStyle: { color: ink, fontFamily: font }, selectedMode: false },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true },
      xAxis: { type: "category", data: data.labels, axisLabel: { color: ink }, axisTick: { show: false } },
      yAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: colour("--line") } } },
      series: data.series.map((one) => ({ name: one.name, type: "bar", barMaxWidth: 22, data: one.values })),
    }, true);
  }

  function drawAll(root) {
    root.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  ["resize", "beforeprint"].forEach((happened) => addEventListener(happened, () => {
    document.querySelectorAll("[data-place]").forEach((place) => charts.get(place)?.resize());
  }));

  // ---- live: what changed is drawn again, said once, and the line tells how fresh it is

  function announce() {
    const said = document.querySelector("[data-summary]")?.dataset.summary;
    const place = document.getElementById("announce");
    if (said && place && place.dataset.last !== said) {
      if (place.dataset.last) place.textContent = said;
      place.dataset.last = said;
    }
  }

  function line(state) {
    document.querySelectorAll("[data-live]").forEach((mark) => {
      mark.dataset.live = state;
      mark.querySelectorAll("[data-when]").forEach((one) => { one.hidden = one.dataset.when !== state; });
    });
  }

  let state = "waiting";
  let streaming = false;
  function became(next) {
    state = next;
    line(state);
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    drawAll(event.detail.elt.parentElement || document);
    line(state);
    announce();
  });
  document.addEventListener("htmx:sseOpen", () => {
    streaming = true;
    became("live");
  });
  document.addEventListener("htmx:sseError", () => {
    streaming = false;
    if (state !== "away") became("polling");
  });
  document.addEventListener("htmx:sendError", () => became("away"));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) became("away");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && state === "away") became(streaming ? "live" : "polling");
  });

  // ---- small things

  document.addEventListener("click", (event) => {
    // Fonts that only paper needs are fetched before it is printed.
    if (event.target.closest("[data-print]")) document.fonts.load('1em "fangkong"', "\u9632").catch(() => {}).then(() => print());
  });
  document.addEventListener("submit", (event) => {
    // A second press sends nothing a second time.
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    else {
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 3000);
    }
  });
  document.addEventListener("keydown", (event) => {
    // Where somebody fills in the same form all day, Enter moves on; the last step is a button, which Enter presses.
    const from = event.target;
    const form = from.closest?.("form[data-enter]");
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !form) return;
    if (!from.matches("input, select") || from.dataset.sends !== undefined) return;
    event.preventDefault();
    const stops = [...form.elements].filter((one) => one.checkVisibility() && !one.disabled && one.type !== "hidden"
      && one.matches("input, select, textarea, button")
      && (one.type !== "radio" || one === from || one.checked || !form.elements[one.name].value));
    const rest = stops.slice(stops.indexOf(from) + 1);
    const next = from.type === "radio" ? rest.find((one) => one.name !== from.name) : rest[0];
    next?.focus();
    if (next?.matches("input:not([type=radio]):not([type=checkbox])")) next.select();
  });
  addEventListener("pageshow", (event) => {
    // A page out of the browser's memory may belong to somebody who has signed out since.
    if (event.persisted) location.reload();
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  drawAll(document);
  announce();
})();
