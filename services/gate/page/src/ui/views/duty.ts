/** Check-in, check-out and handover at the post. It needs the network: a turn of duty is the server's to keep. */
import { uuid7 } from "../../device/ids";
import { NoAnswer, Refused } from "../../device/wire";
import { button, h } from "../dom";
import { clock } from "../moments";
import type { Page } from "../page";
import type { TextKey } from "../text";

interface Turn { readonly started_at: string; readonly late_minutes: number }
interface Handover { readonly entered: number; readonly left: number; readonly refused: number; readonly fever: number }
interface Post { readonly on_duty: readonly { readonly started_at: string }[]; readonly last_handover: Handover | null }

const MATERIALS = ["masks", "thermometers", "disinfectant"] as const;

export function duty(page: Page): { readonly element: HTMLElement; readonly end: () => void } {
  const { say, device } = page;
  const said = h("p", { class: "said-so", id: "duty-said", role: "status" });
  const post = h("div", { id: "post" });
  const counts = new Map<string, number>();
  // Made once for this screen, so that a second touch after a lost answer is a repeat and not a second turn.
  const begun = new Map<string, { readonly id: string; readonly at: string }>();
  const once = (what: string): { readonly id: string; readonly at: string } => {
    const made = begun.get(what) ?? { id: uuid7(), at: new Date().toISOString() };
    begun.set(what, made);
    return made;
  };
  const badge = (name: string, label: TextKey): HTMLInputElement => {
    const made = h("input", { id: name, type: "text", inputmode: "numeric", maxlength: 10, autocomplete: "off" }) as HTMLInputElement;
    made.dataset["label"] = say(label);
    return made;
  };
  const [own, outgoing, incoming] = [badge("badge", "badge"), badge("outgoing", "outgoing"), badge("incoming", "incoming")];
  const note = h("input", { id: "note", type: "text", maxlength: 500, autocomplete: "off" }) as HTMLInputElement;
  const field = (input: HTMLInputElement, label: TextKey): HTMLElement =>
    h("label", { class: "field", for: input.id }, say(label), input);

  const tell = async (act: () => Promise<string>): Promise<void> => {
    try {
      said.textContent = await act();
      begun.clear();
      show().catch(() => undefined); // what was done is said already
    } catch (error) {
      if (error instanceof Refused) {
        begun.clear(); // what was refused is tried anew, at its own time
        said.textContent = say("duty_refused", half(error.detail, page.language === "en") || error.code);
      }
      else if (error instanceof NoAnswer) said.textContent = say("duty_offline");
      else throw error;
    }
  };
  // Who leaves is known by the badge: the check-in may have been on another device of the post.
  const turn = (route: "check-ins" | "check-outs"): Promise<Turn> => {
    const { id, at } = once(`${route} ${own.value}`);
    const body = { ...(route === "check-ins" ? { turn_id: id } : {}), badge: own.value, checked_at: at };
    return device?.wire.post<Turn>(`/v1/duty/${route}`, body) ?? Promise.reject(new NoAnswer("no device"));
  };
  const show = async (): Promise<void> => {
    const told = await device?.wire.get<Post>("/v1/duty/post");
    if (!told) return;
    post.replaceChildren(h("p", {}, told.on_duty.length === 0 ? say("nobody")
      : told.on_duty.map((one) => say("person_since", clock(Date.parse(one.started_at)))).join("；")));
    if (told.last_handover) post.append(h("p", { class: "hint" }, `${say("last_handover")}：${counted(told.last_handover)}`));
  };
  const counted = (one: Handover): string => say("handed_over", one.entered, one.left, one.refused, one.fever);
  const handOver = async (): Promise<string> => {
    const { waiting, asking } = page.queue.counts;
    if (waiting + asking > 0) return say("duty_waits", waiting + asking);
    const said_so = {
      outgoing_badge: outgoing.value, incoming_badge: incoming.value, materials: Object.fromEntries(counts),
      note: note.value.trim() || null,
    };
    const { id, at } = once(`handover ${JSON.stringify(said_so)}`);
    const done = await device?.wire.post<Handover>("/v1/duty/handovers", {
      handover_id: id, incoming_turn_id: once(`incoming ${id}`).id, checked_at: at, ...said_so,
    });
    return done ? counted(done) : "";
  };
  const count = (name: (typeof MATERIALS)[number]): HTMLElement => {
    const input = h("input", { id: name, type: "text", inputmode: "numeric", maxlength: 6 }) as HTMLInputElement;
    input.addEventListener("input", () => {
      if (/^\d+$/.test(input.value)) counts.set(name, Number(input.value));
      else counts.delete(name);
    });
    return field(input, name);
  };
  const scanned = (event: Event): void => {
    const text = String((event as CustomEvent<unknown>).detail);
    if (!/^\d{10}$/.test(text)) return;
    const focused = [outgoing, incoming].find((one) => one === document.activeElement);
    (focused ?? own).value = text;
  };
  document.addEventListener("badge", scanned);
  show().catch(() => { post.textContent = say("duty_offline"); });

  const element = h("main", { class: "duty" },
    h("h1", {}, say("duty")), h("h2", {}, say("on_duty")), post, said,
    field(own, "badge"),
    h("div", { class: "acts" },
      button(say("check_out"), () => { void tell(async () => { await turn("check-outs"); return say("checked_out"); }); },
        { class: "big", id: "check-out" }),
      button(say("check_in"), () => { void tell(async () => {
        const { late_minutes: late } = await turn("check-ins");
        return say("checked_in", late === 0 ? say("on_time") : say("late", late));
      }); }, { class: "go", id: "check-in" })),
    h("h2", {}, say("hand_over")), field(outgoing, "outgoing"), field(incoming, "incoming"),
    h("h2", {}, say("materials")), ...MATERIALS.map(count), field(note, "note"),
    h("div", { class: "acts" },
      button(say("back"), () => { page.home(); }, { class: "big", id: "back" }),
      button(say("confirm_handover"), () => { void tell(handOver); }, { class: "go", id: "hand-over" })));
  return { element, end: () => { document.removeEventListener("badge", scanned); } };
}

/** Of a sentence in both languages the half to be read. */
function half(sentence: string, english: boolean): string {
  const found = /^(.*[。！？])\s*([A-Z0-9].*)$/s.exec(sentence);
  return found ? found[english ? 2 : 1] ?? sentence : sentence;
}
