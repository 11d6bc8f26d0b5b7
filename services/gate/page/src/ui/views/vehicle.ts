/** A vehicle: its pass, everybody in it, the boot. */
import { button, choice, h } from "../dom";
import { faceOf } from "../faces";
import type { Page } from "../page";
import type { VehicleDraft } from "../screens";

export function vehicle(page: Page, draft: VehicleDraft, camera: HTMLElement): HTMLElement {
  const { say } = page;
  const entering = draft.direction === "entry";
  const change = (by: number) => (): void => {
    draft.occupants = Math.min(60, Math.max(0, draft.people.length, draft.occupants + by));
    page.draw();
  };
  const plate = h("input", { id: "plate", type: "text", maxlength: 20, autocomplete: "off", value: draft.plate, spellcheck: "false" });
  plate.addEventListener("input", () => { draft.plate = (plate as HTMLInputElement).value; });
  return h("main", { class: "vehicle" },
    h("h1", {}, say("vehicle")),
    camera,
    h("dl", { class: "rows" },
      h("div", {}, h("dt", {}, say("vehicle_pass")),
        h("dd", { class: draft.token === null ? "todo" : "done" },
          say(draft.token === null ? "vehicle_pass_none" : "vehicle_pass_scanned"))),
      h("div", {}, h("dt", {}, h("label", { for: "plate" }, say("plate"))), h("dd", {}, plate)),
      h("div", {}, h("dt", {}, say("occupants")), h("dd", { class: "stepping" },
        button("−", change(-1), { class: "key", id: "fewer", "aria-label": `${say("occupants")} −1` }),
        h("output", { id: "occupants" }, String(draft.occupants)),
        button("＋", change(1), { class: "key", id: "more", "aria-label": `${say("occupants")} +1` })))),
    h("h2", {}, say("checked_people", draft.people.length)),
    draft.people.length > 0 && h("ul", { class: "people" }, ...draft.people.map((one) => h("li", {},
      h("span", { class: `small ${faceOf(one.shown.verdict)}` }, say(faceOf(one.shown.verdict))),
      h("span", {}, one.shown.display?.room ?? `#${String(one.shown.seq)}`),
      button(say(one.driver ? "driver" : "passenger"), () => {
        for (const each of draft.people) each.driver = each === one;
        page.draw();
      }, { class: "big", "aria-pressed": String(one.driver) })))),
    h("p", { class: "hint" }, say("people_hint")),
    h("div", { class: "ways" },
      button(say("by_number"), () => { page.go({ name: "typed", by: "number" }); }, { class: "big" }),
      button(say("by_visitor"), () => { page.go({ name: "visitor" }); }, { class: "big" })),
    entering && h("h2", {}, say("boot")),
    entering && choice<"seen" | "not">(say("boot"), [["seen", say("boot_seen")], ["not", say("boot_not")]],
      draft.bootOpened === null ? null : draft.bootOpened ? "seen" : "not",
      (value) => { draft.bootOpened = value === "seen"; page.draw(); }, "boot"),
    h("div", { class: "acts" },
      button(say("cancel"), () => { page.vehicle = null; page.home(); }, { class: "big", id: "cancel" }),
      button(say("emergency"), () => { void page.checkVehicle(true); }, { class: "big", id: "emergency" }),
      button(say("vehicle_done"), () => {
        if (draft.token !== null || draft.plate.trim() !== "") void page.checkVehicle(false);
        else {
          page.toast(say("name_vehicle"));
          plate.focus();
        }
      }, { class: "go", id: "vehicle-done" })));
}
