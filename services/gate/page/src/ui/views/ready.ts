/** Waiting for the next one; and the ways in without a code: number, room, document, no tie at all. */
import type { Direction, Purpose } from "../../rule/decide";
import { button, choice, h } from "../dom";
import type { Page } from "../page";
import type { Typed } from "../screens";
import { keypad, pressed } from "./keypad";

const LONGEST: Record<Typed, number> = { number: 12, room: 12, document: 18 };

export function ready(page: Page, camera: HTMLElement): HTMLElement {
  const { say } = page;
  const way = (label: string, id: string, act: () => void): HTMLElement => button(label, act, { class: "big", id });
  return h("main", { class: "ready" },
    choice<Direction>(say("direction"), [["entry", say("entry")], ["exit", say("exit")]], page.direction,
      (direction) => { page.turn(direction); }, "direction"),
    camera,
    h("div", { class: "ways" },
      way(say("by_number"), "by-number", () => { page.go({ name: "typed", by: "number" }); }),
      way(say("by_room"), "by-room", () => { page.go({ name: "typed", by: "room" }); }),
      way(say("by_document"), "by-document", () => { page.go({ name: "typed", by: "document" }); }),
      way(say("by_visitor"), "by-visitor", () => { page.go({ name: "visitor" }); }),
      way(say("by_vehicle"), "by-vehicle", () => { page.beginVehicle(null); }),
      way(say("by_arrival"), "by-arrival", () => { page.go({ name: "arrival" }); }),
      way(say("duty"), "duty", () => { page.go({ name: "duty" }); })));
}

export function typed(page: Page, by: Typed): HTMLElement {
  const { say } = page;
  let value = "";
  const shown = h("output", { class: "typed", id: "typed", "aria-live": "polite" });
  const surname = h("input", { id: "surname", type: "text", maxlength: 20, autocomplete: "off", spellcheck: "false" });
  const go = button(say("go_on"), () => { void submit(); }, { class: "go", id: "go", disabled: true });
  const label = say(by === "number" ? "number_label" : by === "room" ? "room_label" : "document_label");
  const name = (): string => (surname as HTMLInputElement).value.trim();
  const whole = (): boolean =>
    by === "number" ? value.length >= 6 : by === "room" ? /^\w+-\w+(-\w+)?$/.test(value) && name() !== "" : value.length >= 6;
  const refresh = (): void => {
    shown.textContent = value === "" ? "—" : value;
    (go as HTMLButtonElement).disabled = !whole();
  };
  const submit = (): Promise<void> => page.begin(
    by === "number" ? { kind: "pass_number", number: value }
      : by === "document" ? { kind: "document", number: value }
      : { kind: "dwelling_surname", room: value, surname: name() });
  surname.addEventListener("input", refresh);
  refresh();
  const extra = by === "room" ? "-" : by === "document" ? "X" : null;
  return h("main", { class: "entering" },
    h("h1", {}, label), shown,
    by === "room" && h("label", { class: "field", for: "surname" }, say("surname_label"), surname),
    keypad(page, (key) => { value = pressed(value, key, LONGEST[by]); refresh(); }, extra),
    h("div", { class: "acts" },
      button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" }), go));
}

export function visitor(page: Page): HTMLElement {
  const { say } = page;
  const way = (purpose: Purpose, label: string): HTMLElement =>
    button(label, () => { void page.begin({ kind: "visitor", purpose }); }, { class: "big tall", "data-purpose": purpose });
  return h("main", { class: "entering" },
    h("h1", {}, say("by_visitor")),
    way("visit", say("visit")), way("courier", say("courier")), way("emergency", say("emergency")),
    h("div", { class: "acts" }, button(say("cancel"), () => { page.home(); }, { class: "big", id: "cancel" })));
}
