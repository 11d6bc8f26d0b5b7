/** Taking a device into service, and what is left of one that was stopped. */
import { button, h } from "../dom";
import type { Page } from "../page";
import { languageButton } from "./frame";

export function enrol(page: Page, problem: string | null, busy: boolean, camera: HTMLElement): HTMLElement {
  const { say } = page;
  const code = h("input", {
    id: "code", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 64,
    "aria-describedby": problem === null ? null : "problem", "aria-invalid": problem !== null && "true",
  });
  const form = h("form", { submit: (event) => {
    event.preventDefault();
    const typed = (code as HTMLInputElement).value.trim();
    if (typed !== "") page.enrol(typed);
  } },
    h("label", { class: "field", for: "code" }, say("enrol_code"), code),
    h("button", { type: "submit", class: "go", id: "enrol", disabled: busy }, say("enrol")));
  return h("main", { class: "enrol" }, h("h1", {}, say("enrol_title")), h("p", {}, say("enrol_help")),
    problem !== null && h("p", { class: "problem", id: "problem", role: "alert" }, problem), camera, form, languageButton(page));
}

export function stopped(page: Page, wiped: boolean): HTMLElement {
  const { say } = page;
  return h("main", { class: "stopped", id: "stopped" },
    h("h1", {}, say("stopped_title")), h("p", {}, say("stopped_help")),
    h("p", { role: "status", id: wiped ? "wiped" : "handing-in" },
      wiped ? say("stopped_wiped") : say("stopped_waiting", page.queue.counts.waiting)));
}

export function problem(page: Page, words: string): HTMLElement {
  return h("main", { class: "verdict cannot_verify", id: "verdict", "data-face": "cannot_verify" },
    h("div", { class: "said", role: "alert" }, h("h1", {}, page.say("cannot_verify")), h("p", { class: "what" }, words)),
    h("div", { class: "acts" }, button(page.say("next"), () => { page.home(); }, { class: "go", id: "next" })));
}

export function opposite(page: Page, seconds: number, go: () => void): HTMLElement {
  const { say } = page;
  const other = (page.vehicle?.direction ?? page.direction) === "entry" ? "exit" : "entry";
  return h("main", { class: "entering", id: "opposite" },
    h("h1", { role: "alert" }, say("opposite", seconds, say(other))),
    h("div", { class: "acts" },
      button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" }),
      button(say("opposite_go"), go, { class: "go", id: "opposite-go" })));
}
