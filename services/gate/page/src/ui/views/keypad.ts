/** A keypad for gloves. */
import { button, h } from "../dom";
import type { Page } from "../page";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** `extra` stands at the lower left: a dash for rooms, an X for documents, or whatever else belongs there. */
export function keypad(
  page: Page, press: (key: string) => void, extra: string | HTMLElement | null = null, ...beside: readonly HTMLElement[]
): HTMLElement {
  const key = (value: string, label: string = value, name?: string): HTMLElement =>
    button(label, () => { press(value); }, { class: "key", "data-key": value, "aria-label": name });
  const corner = typeof extra === "string" ? key(extra) : extra ?? h("span", {});
  return h("div", { class: beside.length > 0 ? "keypad wide" : "keypad", role: "group", "aria-label": page.say("keypad") },
    ...KEYS.map((one) => key(one)), corner, key("0"), key("delete", "⌫", page.say("delete")), ...beside);
}

/** What pressing a key makes of a text. */
export function pressed(before: string, key: string, longest: number): string {
  return key === "delete" ? before.slice(0, -1) : `${before}${key}`.slice(0, longest);
}
