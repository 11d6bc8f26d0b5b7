/** The drawer behind the status line: what the guard may do now, what waits and in which state, how it is set. */
import { button, choice, h } from "../dom";
import { ago, clock } from "../moments";
import type { Page } from "../page";
import type { Item } from "../../device/store";
import type { TextKey } from "../text";
import { faceOf } from "../faces";
import { languageButton, listState } from "./frame";
import type { Verdict } from "../../rule/decide";

const SHOWN = 60;

function may(page: Page): readonly TextKey[] {
  const list = page.device?.list;
  if (!list?.now) return ["no_list"];
  const { admitMinutes, actionMinutes } = list.now.told;
  if (page.online) return ["may_online"];
  const age = list.ageSeconds();
  if (age > actionMinutes * 60) return ["may_nothing"];
  return age > admitMinutes * 60 ? ["may_aged", "may_not_offline"] : ["may_offline", "may_not_offline"];
}

function line(page: Page, item: Item): HTMLElement {
  const { say } = page;
  const direction = item.body["direction"] === "exit" ? "exit" : "entry";
  const temperature = item.body["temperature_c"];
  return h("li", { class: `item ${item.state}`, "data-state": item.state },
    h("span", { class: "num" }, clock(page.device?.corrected(item.madeAt) ?? item.madeAt)),
    h("span", {}, `${say(`kind_${item.kind}`)} ${say(direction)}`),
    h("span", {}, item.note.room ?? "—"),
    h("span", { class: "num" }, typeof temperature === "string" ? temperature : ""),
    item.note.verdict !== null && h("span", {}, say(faceOf(item.note.verdict as Verdict))),
    h("span", { class: "state" }, say(`state_${item.state}`, item.code ?? "")));
}

export function status(page: Page): HTMLElement {
  const { say, settings, rounds, device } = page;
  const { counts, items } = page.queue;
  const list = device?.list;
  const total = counts.asking + counts.waiting + counts.rejected + counts.quarantined;
  const phone = h("input", { id: "leader", type: "tel", value: settings.leaderPhone, autocomplete: "off", maxlength: 30 });
  phone.addEventListener("change", () => { page.set({ leaderPhone: (phone as HTMLInputElement).value.trim() }); });
  const onOff = (label: TextKey, key: "sound" | "vibration"): HTMLElement => h("div", { class: "setting" },
    h("span", {}, say(label)),
    choice<"on" | "off">(say(label), [["on", say("on")], ["off", say("off")]], settings[key] ? "on" : "off",
      (value) => { page.set({ [key]: value === "on" }); }, key));
  return h("main", { class: "status" },
    h("h1", {}, say("status")),
    ...may(page).map((key) => h("p", { class: `may ${key === "may_not_offline" ? "warn" : listState(page)}` }, say(key))),
    list?.madeAt != null && h("p", { id: "list-age" },
      say("list_age", clock(list.madeAt), ago(list.ageSeconds(), say))),
    h("p", {}, say("last_good", rounds?.lastGood == null ? say("never") : clock(device?.corrected(rounds.lastGood) ?? 0))),
    h("h2", {}, say("queue")),
    total === 0 ? h("p", { id: "queue-empty" }, say("queue_empty"))
      : h("ul", { class: "queue", id: "queue" }, ...items.slice(0, SHOWN).map((item) => line(page, item))),
    total > SHOWN && h("p", {}, say("queue_more", total - Math.min(SHOWN, items.length))),
    h("div", { class: "acts" },
      button(say("duty"), () => { page.go({ name: "duty" }); }, { class: "big" }),
      button(say("retry"), () => { rounds?.now(); }, { class: "big", id: "retry" })),
    h("h2", {}, say("settings")),
    onOff("sound", "sound"), onOff("vibration", "vibration"),
    h("div", { class: "setting" }, h("span", {}, say("theme")),
      choice<"auto" | "light" | "dark">(say("theme"), [["auto", say("auto")], ["light", say("off")], ["dark", say("on")]],
        settings.theme, (theme) => { page.set({ theme }); }, "theme")),
    languageButton(page),
    h("label", { class: "field", for: "leader" }, say("leader_phone"), phone),
    page.persisted === true && h("p", { class: "hint" }, say("storage_kept")),
    h("div", { class: "acts" }, button(say("back"), () => { page.home(); }, { class: "go", id: "back" })));
}
