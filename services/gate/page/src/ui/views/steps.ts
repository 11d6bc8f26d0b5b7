/** 测 and 问: a temperature in three touches, the mask in the one that goes on, the questions in one more. */
import { bodyTemperature, hundredths, type Answers } from "../../rule/decide";
import { button, h } from "../dom";
import type { Page } from "../page";
import { reading, type Draft } from "../screens";
import { keypad, pressed } from "./keypad";
import type { TextKey } from "../text";

const ORDER = ["step_check", "step_measure", "step_ask", "step_record", "step_report"] as const;
const QUESTIONS: readonly (keyof Answers & TextKey)[] = ["unwell", "been_to_focus_area", "contact_with_case"];
const ALL_NO: Answers = { been_to_focus_area: false, contact_with_case: false, unwell: false };

export type Step = (typeof ORDER)[number];

/** 查→测→问→记→报: what is done, and what is to be done now. */
export function stepper(page: Page, done: readonly Step[], now: Step | null): HTMLElement {
  return h("ol", { class: "stepper", "aria-label": page.say("steps") }, ...ORDER.map((key) =>
    h("li", { class: done.includes(key) ? "done" : key === now ? "now" : "", "aria-current": key === now && "step" },
      page.say(key))));
}

export function whoIs(page: Page, draft: Draft): HTMLElement {
  const { display } = draft;
  return h("p", { class: "who" }, display ? `${display.surname} · ${display.room ?? "—"}` : page.say("compare"));
}

export function measure(page: Page, draft: Draft): HTMLElement {
  const { say } = page;
  const rules = page.device?.list.now?.own.rules;
  const temperature = draft.steps.has("temperature");
  const shown = h("output", { class: "reading", id: "reading", "aria-live": "polite" });
  const hint = h("p", { class: "hint", id: "hint", role: "status" });
  const goes = (mask: boolean): HTMLElement => button(
    say(mask ? "mask_on_short" : "mask_off_short"), () => { void page.measured(draft, mask); },
    { class: mask ? "mask on" : "mask off", id: mask ? "mask-on" : "mask-off", "aria-label": say(mask ? "mask_on" : "mask_off") });
  const masks = [goes(true), goes(false)] as HTMLButtonElement[];
  const refresh = (): void => {
    const value = reading(draft.digits);
    const degrees = value === null ? null : hundredths(value);
    const plausible = rules !== undefined && bodyTemperature(value, rules) !== null;
    const fever = plausible && degrees !== null && degrees >= rules.feverFrom;
    shown.textContent = `${draft.digits.slice(0, 2).padEnd(2, "–")}.${draft.digits.slice(2) || "–"} ℃`;
    shown.classList.toggle("fever", fever);
    shown.classList.toggle("wrong", value !== null && !plausible);
    hint.textContent = fever ? say("fever") : value !== null && !plausible ? say("not_plausible") : say("temperature_hint");
    for (const one of masks) one.disabled = temperature && !plausible;
  };
  if (temperature) refresh();
  const cancel = button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" });
  const press = (key: string): void => {
    draft.digits = pressed(draft.digits, key, 3);
    refresh();
  };
  return h("main", { class: "measure" },
    stepper(page, ["step_check"], "step_measure"), whoIs(page, draft),
    temperature && h("div", { class: "gauge" }, shown, hint),
    h("h1", { class: "question" }, say("mask_question")),
    temperature ? keypad(page, press, cancel, ...masks) : h("div", { class: "masks" }, ...masks),
    !temperature && h("div", { class: "acts" }, cancel));
}

export function ask(page: Page, draft: Draft): HTMLElement {
  const { say } = page;
  const said = new Set<keyof Answers>();
  const go = button(say("none_of_them"), () => {
    draft.answers = { ...ALL_NO, ...Object.fromEntries([...said].map((question) => [question, true])) };
    void page.submit(draft);
  }, { class: "go", id: "answers" });
  const rows = QUESTIONS.map((question) => {
    const yes = button(say("yes"), () => {
      if (!said.delete(question)) said.add(question);
      yes.setAttribute("aria-pressed", String(said.has(question)));
      go.textContent = say(said.size === 0 ? "none_of_them" : "others_none");
    }, { class: "yes", "aria-pressed": "false", "data-question": question, "aria-label": `${say(question)} ${say("yes")}` });
    return h("li", {}, h("span", {}, say(question)), yes);
  });
  return h("main", { class: "ask" },
    stepper(page, ["step_check", "step_measure"], "step_ask"), whoIs(page, draft),
    h("h1", {}, say("ask_title")), h("ul", { class: "questions" }, ...rows), go,
    h("div", { class: "acts" }, button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" })));
}
