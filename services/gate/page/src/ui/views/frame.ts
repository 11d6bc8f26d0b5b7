/** What stands above every screen: where, how old the list is, what waits. */
import { button, h, type Child } from "../dom";
import { ago, clock, span } from "../moments";
import type { Page } from "../page";

const SKEW_TOLD_SECONDS = 120;
const FRESH_SECONDS = 900;

/** To the other language. */
export function languageButton(page: Page): HTMLElement {
  const other = page.language === "en" ? "zh-CN" : "en";
  return button(page.say("language"), () => { page.set({ language: other }); }, { class: "big", id: "language", lang: other });
}

/** How the list is doing: fresh, old, or of no use. */
export function listState(page: Page): "good" | "warn" | "bad" {
  const list = page.device?.list;
  if (!list?.now) return "bad";
  const age = list.ageSeconds();
  if (age > list.now.told.actionMinutes * 60) return "bad";
  return age <= FRESH_SECONDS ? "good" : "warn";
}

export function frame(page: Page): HTMLElement {
  const { say, device, vehicle } = page;
  const { waiting, rejected, quarantined } = page.queue.counts;
  const list = device?.list;
  const direction = vehicle?.direction ?? page.direction;
  const problems = rejected + quarantined;
  const where = page.names ? `${page.names.compound} · ${page.names.checkpoint}` : device?.me.checkpoint ?? say("title");
  const madeAt = list?.madeAt ?? null;
  const parts: Child[] = [
    h("span", { class: `dot ${listState(page)}`, "aria-hidden": "true" }),
    h("span", { class: "part" }, madeAt === null ? say("no_list_short")
      : `${say("list")} ${clock(madeAt)} · ${ago(list?.ageSeconds() ?? 0, say)}`),
    h("span", { class: "part" }, say("waiting", waiting)),
    problems > 0 && h("span", { class: "part strong" }, say("problems", problems)),
    h("span", { class: page.online ? "part" : "part strong" }, page.online ? say("online")
      : `${say("offline")}${page.offlineSince === null ? "" : ` ${say("since", clock(page.offlineSince))}`}`),
  ];
  return h("header", { class: "frame" },
    h("div", { class: "place" },
      h("strong", { class: "where" }, where),
      h("span", { class: `way ${direction}` }, say(direction)),
      h("span", { class: "time" }, clock(page.now))),
    device && button(parts, () => { page.toggleStatus(); },
      { class: `line ${page.online ? "" : "is-offline"}`, id: "status", "aria-expanded": String(page.screen.name === "status") }),
    ...(ROOMY.has(page.screen.name) ? banners(page) : []));
}

/** Where nobody is being checked: elsewhere every line of the screen is needed for who stands here. */
const ROOMY: ReadonlySet<string> = new Set(["ready", "status"]);

function banners(page: Page): Child[] {
  const { say, device } = page;
  const skew = device?.skew ?? 0;
  return [
    Math.abs(skew) > SKEW_TOLD_SECONDS &&
      h("p", { class: "banner", id: "skew" }, say("skew", span(Math.abs(skew), say), clock(page.now))),
    device && page.persisted === false && h("p", { class: "banner", id: "storage" }, say("storage_refused")),
    page.update !== null && h("p", { class: "banner" }, say("update")),
  ];
}
