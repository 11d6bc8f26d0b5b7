/** 记 and 报 for who comes from elsewhere or is new: asked once, recorded and reported in one step. */
import { hundredths, localDay, NOT_ASKED, type Answers } from "../../rule/decide";
import type { ArrivalKind, SuzhouCode, Subject } from "../../device/shapes";
import { button, choice, h } from "../dom";
import type { Page } from "../page";
import { PROVINCES } from "../provinces";
import type { TextKey } from "../text";
import { stepper } from "./steps";

const TICKETS = ["train", "flight", "coach", "road_toll"] as const;
const PAPERS = ["id_document", "lease", "title_deed", "work_certificate"] as const;
const CODES: readonly SuzhouCode[] = ["green", "yellow", "red", "none"];
const QUESTIONS: readonly (keyof Answers & TextKey)[] = ["unwell", "been_to_focus_area", "contact_with_case"];
const DAY_MS = 86_400_000;

export function arrival(page: Page): HTMLElement {
  const { say, language } = page;
  const input = (id: string, type = "text", more: Record<string, string | number> = {}): HTMLInputElement =>
    h("input", { id, type, autocomplete: "off", ...more }) as HTMLInputElement;
  const [room, surname, documentNumber] = [input("a-room"), input("a-surname"), input("a-document", "text", { maxlength: 64 })];
  const [degrees, code] = [input("a-temperature", "text", { inputmode: "decimal", maxlength: 5 }),
    input("a-code", "text", { inputmode: "numeric", maxlength: 6 })];
  const [name, phone] = [input("a-name", "text", { maxlength: 60 }), input("a-phone", "tel", { maxlength: 30 })];
  const origin = h("select", { id: "a-origin" }, h("option", { value: "" }, "—"),
    ...PROVINCES.map(([value, zh, en]) => h("option", { value }, language === "en" ? en : zh))) as HTMLSelectElement;
  const chosen: { kind: ArrivalKind; mask: boolean | null; day: number | null; ticket: string; code: SuzhouCode } =
    { kind: "returnee", mask: null, day: 0, ticket: "none", code: "none" };
  const papers = new Set<string>();
  const answers: Record<string, boolean> = {};
  const problem = h("p", { class: "problem", id: "a-problem", role: "alert", hidden: true });
  const field = (label: TextKey, element: HTMLElement): HTMLElement =>
    h("label", { class: "field", for: element.id }, say(label), element);
  // A choice is drawn anew by itself; the page is not, so that nothing that was typed is lost.
  const pick = <T extends string>(label: TextKey, options: readonly (readonly [T, string])[], first: T | null, take: (value: T) => void): HTMLElement => {
    const box = choice<T>(say(label), options, first, (value) => {
      take(value);
      for (const one of box.children) one.setAttribute("aria-pressed", String((one as HTMLElement).dataset["value"] === value));
    }, `a-${label}`);
    return h("div", { class: "field" }, h("span", {}, say(label)), box);
  };
  const many = (values: readonly TextKey[], take: (value: string, on: boolean) => void): HTMLElement =>
    h("div", { class: "choice", role: "group" }, ...values.map((value) => {
      const made = button(say(value), () => {
        const on = made.getAttribute("aria-pressed") !== "true";
        made.setAttribute("aria-pressed", String(on));
        take(value, on);
      }, { "aria-pressed": "false", "data-value": value });
      return made;
    }));

  const missing = (): TextKey | null => {
    const value = hundredths(degrees.value.trim());
    if (documentNumber.value.trim() === "" && (room.value.trim() === "" || surname.value.trim() === "")) return "by_room";
    if (!/^[1-9]\d{5}$/.test(code.value.trim() || origin.value)) return "origin";
    if (value === null) return "temperature";
    return chosen.mask === null ? "mask_question" : null;
  };
  const report = (): void => {
    const lacks = missing();
    problem.hidden = lacks === null;
    if (lacks !== null) {
      problem.textContent = say("fill", say(lacks));
      problem.scrollIntoView({ block: "center" });
      return;
    }
    const number = documentNumber.value.trim();
    const subject: Subject = number !== "" ? { kind: "document", number }
      : { kind: "dwelling_surname", room: room.value.trim(), surname: surname.value.trim() };
    const asked: Answers = { ...NOT_ASKED, unwell: false, been_to_focus_area: false, contact_with_case: false, ...answers };
    void page.arrive({
      kind: chosen.kind, originCode: code.value.trim() || origin.value,
      ticket: chosen.ticket === "none" ? null : chosen.ticket, papers: [...papers], suzhouCode: chosen.code,
      arrivedOn: chosen.day === null ? null : localDay(page.now - chosen.day * DAY_MS),
      name: name.value.trim() || null, phone: phone.value.trim().length >= 3 ? phone.value.trim() : null,
      person: { direction: "entry", subject, mask: chosen.mask, temperature: degrees.value.trim(), answers: asked },
    });
  };
  return h("main", { class: "arrival" },
    h("h1", {}, say("arrival")), stepper(page, ["step_check"], "step_record"),
    pick<ArrivalKind>("by_arrival", [["returnee", say("returnee")], ["newcomer", say("newcomer")]], "returnee",
      (value) => { chosen.kind = value; }),
    field("room_label", room), field("surname_label", surname), field("document_label", documentNumber),
    field("origin", origin), field("origin_code", code),
    pick("arrived_on", [["0", say("today")], ["1", say("yesterday")]], "0", (value) => { chosen.day = Number(value); }),
    pick("ticket", [...TICKETS.map((one) => [one, say(one)] as const), ["none", say("ticket_none")]], "none",
      (value) => { chosen.ticket = value; }),
    field("temperature", degrees),
    pick<"on" | "off">("mask_question", [["on", say("mask_on")], ["off", say("mask_off")]], null,
      (value) => { chosen.mask = value === "on"; }),
    h("div", { class: "field" }, h("span", {}, say("ask_title")),
      h("ul", { class: "questions" }, ...QUESTIONS.map((question) => {
        const yes = button(say("yes"), () => {
          answers[question] = answers[question] !== true;
          yes.setAttribute("aria-pressed", String(answers[question]));
        }, { class: "yes", "aria-pressed": "false", "aria-label": `${say(question)} ${say("yes")}` });
        return h("li", {}, h("span", {}, say(question)), yes);
      }))),
    pick<SuzhouCode>("suzhou_code", CODES.map((one) => [one, say(one as TextKey)] as const), "none",
      (value) => { chosen.code = value; }),
    h("div", { class: "field" }, h("span", {}, say("papers")),
      many(PAPERS, (value, on) => { if (on) papers.add(value); else papers.delete(value); })),
    field("name", name), field("phone", phone), problem,
    h("div", { class: "acts" },
      button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" }),
      button(say("report_now"), report, { class: "go", id: "report" })));
}
