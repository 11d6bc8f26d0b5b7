/** The verdict fills the screen: colour, sign, word; under it what to do, and who it is as far as a guard may see. */
import { instruction, reasonWords, vehicleInstruction, type Language } from "../../rule/words";
import type { Shown, ShownVehicle, Told } from "../../device/shapes";
import { button, h, type Child } from "../dom";
import { faceOf } from "../faces";
import { sign } from "../icons";
import type { Page } from "../page";
import type { Draft } from "../screens";
import { stepper, type Step } from "./steps";

export const BACK_AFTER_MS = 3_000;
const HIDE_AFTER_MS = 30_000;
const TO_COMPLETE: ReadonlySet<string> = new Set([
  "measure_temperature", "measure_again", "look_at_mask", "ask_questions", "complete_check",
]);
const CALLS: ReadonlySet<string> = new Set(["call_shift_leader", "report_forgery"]);

/** What the gate tells the community by itself, as soon as it hears of it. */
const REPORTED: ReadonlySet<string> = new Set(["fever", "first_return", "to_be_transferred", "code_not_green", "follow_up"]);

/** What was done of the five steps: nothing is ticked that was left out. */
function doneIn({ digits, answers }: Draft, { reasons, offline }: Shown): Step[] {
  const reported = !offline && reasons.some(({ code }) => REPORTED.has(code));
  return [
    "step_check", ...(digits.length === 3 ? ["step_measure" as const] : []),
    ...(answers.unwell === null ? [] : ["step_ask" as const]), "step_record",
    ...(reported ? ["step_report" as const] : []),
  ];
}

interface Live { readonly element: HTMLElement; readonly end: () => void }

const either = (pair: { readonly zh_cn: string; readonly en: string }, language: Language): string =>
  language === "en" ? pair.en : pair.zh_cn;

function reasonsOf(page: Page, reasons: readonly Told[]): Child {
  const words = reasons.map(({ code, text }) => reasonWords(code, page.language) ?? (text && either(text, page.language)))
    .filter((one) => one !== null);
  return words.length > 0 && h("ul", { class: "reasons" }, ...words.map((one) => h("li", {}, one)));
}

export function callLeader(page: Page): Child {
  const { leaderPhone } = page.settings;
  return leaderPhone !== "" &&
    h("a", { class: "big", href: `tel:${leaderPhone.replace(/[^+\d]/g, "")}` }, `${page.say("call_leader")} ${leaderPhone}`);
}

export function verdict(page: Page, shown: Shown, draft: Draft): Live {
  const { say, language } = page;
  const face = faceOf(shown.verdict);
  const who = h("p", { class: "who" },
    shown.display ? `${shown.display.surname} · ${shown.display.room ?? "—"}` : "");
  const what = shown.instruction ? either(shown.instruction, language) : instruction(shown.verdict, shown.action, language);
  const fever = shown.reasons.some((reason) => reason.code === "fever");
  const acts: Child[] = [
    shown.action !== null && TO_COMPLETE.has(shown.action) &&
      button(say("complete_now"), () => { void page.again(draft, shown.checkId); }, { class: "big", id: "complete" }),
    shown.action === "put_on_mask" &&
      button(say("check_again"), () => { void page.again(draft, shown.checkId); }, { class: "big", id: "again" }),
    fever && !shown.offline &&
      button(say("mistyped"), () => { void page.again(draft, shown.checkId, shown.checkId); }, { class: "big", id: "mistyped" }),
    shown.action !== null && CALLS.has(shown.action) && callLeader(page),
  ];
  return lasting(page, face === "admit", who, h("main", { class: `verdict ${face}`, id: "verdict", "data-face": face },
    h("div", { class: "said", role: "alert" },
      sign(face), h("h1", {}, say(face)),
      who,
      face === "admit" ? h("p", { class: "what" }, say("compare")) : h("p", { class: "what" }, what)),
    reasonsOf(page, shown.reasons),
    h("p", { class: "facts" },
      shown.nthToday !== null && shown.nthToday > 1 && h("span", { class: "tag" }, say("nth_today", shown.nthToday)),
      shown.offline && h("span", { class: "tag", id: "decided-offline" }, say("decided_offline")),
      h("span", { class: "tag" }, `${say(shown.direction)} #${String(shown.seq)}`)),
    stepper(page, doneIn(draft, shown), shown.action?.includes("report") || fever ? "step_report" : null),
    h("div", { class: "acts" }, ...acts,
      button(page.vehicle ? say("vehicle_goes_on") : say("next"), () => { page.home(); }, { class: "go", id: "next" }))));
}

export function vehicleVerdict(page: Page, shown: ShownVehicle): Live {
  const { say, language } = page;
  const face = faceOf(shown.verdict);
  const what = shown.instruction ? either(shown.instruction, language)
    : vehicleInstruction(shown.verdict, shown.emergency, language);
  const who = h("p", { class: "who" }, shown.plate ?? "");
  return lasting(page, face === "admit", who, h("main", { class: `verdict ${face}`, id: "verdict", "data-face": face },
    h("div", { class: "said", role: "alert" }, sign(face), h("h1", {}, say(shown.verdict)), who,
      h("p", { class: "what" }, what)),
    reasonsOf(page, shown.reasons),
    h("p", { class: "facts" },
      shown.offline && h("span", { class: "tag", id: "decided-offline" }, say("decided_offline")),
      h("span", { class: "tag" }, `${say(shown.direction)} #${String(shown.seq)}`)),
    h("div", { class: "acts" },
      page.vehicle !== null &&
        button(say("vehicle_drop"), () => { page.vehicle = null; page.home(); }, { class: "big" }),
      button(page.vehicle ? say("vehicle_goes_on") : say("next"), () => { page.home(); }, { class: "go", id: "next" }))));
}

/** Green goes by itself unless somebody holds it; the others wait for a person, and soon hide who it was. */
function lasting(page: Page, green: boolean, who: HTMLElement, element: HTMLElement): Live {
  const leave = (): void => { page.home(); };
  const away = (): void => { if (document.hidden) leave(); };
  document.addEventListener("visibilitychange", away);
  const hiding = setTimeout(() => { who.textContent = page.say("hidden"); }, HIDE_AFTER_MS);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left = BACK_AFTER_MS;
  let began = 0;
  const bar = h("div", { class: "left", "aria-hidden": "true" }, h("i", {}));
  const run = (): void => {
    began = performance.now();
    timer = setTimeout(leave, left);
    element.classList.remove("held");
  };
  const pause = (): void => {
    clearTimeout(timer);
    left = Math.max(500, left - (performance.now() - began));
    element.classList.add("held");
  };
  if (green) {
    element.append(bar);
    element.addEventListener("pointerdown", pause);
    element.addEventListener("pointerup", run);
    element.addEventListener("pointercancel", run);
    run();
  }
  const end = (): void => {
    clearTimeout(timer);
    clearTimeout(hiding);
    document.removeEventListener("visibilitychange", away);
  };
  return { element, end };
}
