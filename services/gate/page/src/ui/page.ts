/** The page as a whole: one screen at a time, fed by scans, touches and the device. */
import type { Direction } from "../rule/decide";
import type { Language } from "../rule/words";
import { kindOf } from "../signed/token";
import { NoList, type Device } from "../device/device";
import type { Rounds } from "../device/rounds";
import { unasked, type Arrival, type Entry, type Shown, type Subject } from "../device/shapes";
import type { Counts, Item } from "../device/store";
import { NoAnswer, Refused, Stopped } from "../device/wire";
import { faceOf } from "./faces";
import { Repeats, type Source } from "./scans";
import { draftOf, reading, type Draft, type Screen, type VehicleDraft } from "./screens";
import { isNight, keepSettings, type Settings } from "./settings";
import { give, type Signal } from "./signals";
import { text, type TextKey } from "./text";

const NO_COUNTS: Counts = { asking: 0, waiting: 0, rejected: 0, quarantined: 0 };
const BUSY: ReadonlySet<Screen["name"]> = new Set(["measure", "ask", "deciding", "opposite"]);

/** What the status line and the drawer show of the queue. */
export interface Queue { readonly counts: Counts; readonly items: readonly Item[] }

export class Page {
  device: Device | null = null;
  rounds: Rounds | null = null;
  direction: Direction = "entry";
  vehicle: VehicleDraft | null = null;
  screen: Screen = { name: "ready" };
  queue: Queue = { counts: NO_COUNTS, items: [] };
  names: { readonly checkpoint: string; readonly compound: string } | null = null;
  /** Null: not asked yet; false: the browser may drop what is kept. */
  persisted: boolean | null = null;
  /** Since when nobody answers. */
  offlineSince: number | null = null;
  /** A new version of the page waits to be taken when nobody is being checked. */
  update: (() => void) | null = null;
  readonly repeats = new Repeats();
  /** Draws the screen anew; set by `main`. */
  draw: () => void = () => undefined;
  /** Says something for a moment. */
  toast: (words: string) => void = () => undefined;
  /** Takes a new device into service; set by `main`. */
  enrol: (code: string) => void = () => undefined;

  constructor(readonly settings: Settings) {}

  get language(): Language { return this.settings.language; }
  say = (key: TextKey, ...values: (string | number)[]): string => text(this.language, key, ...values);
  /** Now, by what is known of the device's clock. */
  get now(): number { return this.device ? this.device.corrected(Date.now()) : Date.now(); }
  get online(): boolean {
    return navigator.onLine && this.rounds?.failing !== true && this.device?.connectivity.poor !== true;
  }
  get night(): boolean { return isNight(this.settings.theme, this.now); }

  go(screen: Screen): void {
    this.screen = screen;
    this.draw();
    if (this.update && (screen.name === "ready") && !this.vehicle) this.update();
  }
  /** Where the next one is expected: at the vehicle whose people are being checked, or at the gate. */
  home(): void { this.go({ name: this.vehicle ? "vehicle" : "ready" }); }
  /** The drawer, unless somebody is being checked: what was entered of them must not be lost. */
  toggleStatus(): void {
    if (this.screen.name === "status") this.home();
    else if (!BUSY.has(this.screen.name) && this.screen.name !== "stopped") this.go({ name: "status" });
  }
  signal(signal: Signal): void { give(signal, this.settings); }
  set(change: Partial<Settings>): void {
    Object.assign(this.settings, change);
    keepSettings(this.settings);
    this.draw();
  }
  turn(direction: Direction): void {
    this.direction = direction;
    this.draw();
  }

  /** Something was scanned. */
  async scan(scanned: string, source: Source): Promise<void> {
    if (this.screen.name === "enrol") {
      if (!this.screen.busy) this.enrol(codeIn(scanned));
      return;
    }
    if (this.device === null || this.screen.name === "stopped") return;
    if (this.repeats.again(scanned, source, performance.now())) return;
    if (this.screen.name === "duty") {
      document.dispatchEvent(new CustomEvent("badge", { detail: scanned }));
      return;
    }
    if (BUSY.has(this.screen.name)) {
      this.signal("wrong");
      this.toast(this.say("finish_first"));
      return;
    }
    performance.mark("scanned");
    this.signal("captured");
    const kind = kindOf(scanned);
    if (kind === "vehicle") this.beginVehicle(scanned);
    else if (kind === "entry") await this.begin({ kind: "pass_token", token: scanned });
    else if (/^\d{6,12}$/.test(scanned)) await this.begin({ kind: "pass_number", number: scanned });
    else {
      this.signal("wrong");
      this.toast(this.say("pass_unreadable"));
    }
  }

  /** Somebody stands here. */
  async begin(subject: Subject, sure = false): Promise<void> {
    if (this.device === null) return;
    const direction = this.vehicle?.direction ?? this.direction;
    const token = subject.kind === "pass_token" ? subject.token : null;
    const seconds = token === null || sure ? null : this.repeats.otherWay(token, direction, performance.now());
    if (seconds !== null) {
      this.go({ name: "opposite", subject, seconds });
      return;
    }
    try {
      const { steps, refused, display } = await this.device.preview(unasked(direction, subject));
      const draft = draftOf(direction, subject, display, refused ? new Set() : steps);
      if (draft.steps.size === 0) await this.submit(draft);
      else this.go({ name: draft.steps.has("mask") || draft.steps.has("temperature") ? "measure" : "ask", draft });
    } catch (error) {
      this.failed(error);
    }
  }

  /** Do over what is missing in a check, for the same person. */
  async again({ direction, subject, display: known }: Draft, instead: string, corrects: string | null = null): Promise<void> {
    if (this.device === null) return;
    const { steps, display } = await this.device.preview(unasked(direction, subject));
    const needed = new Set([...steps, ...(direction === "entry" ? ["mask", "temperature"] : ["mask"])]);
    this.go({ name: "measure", draft: draftOf(direction, subject, display ?? known, needed, { instead, corrects }) });
  }

  /** The mask was looked at; on to the questions, if there are any. */
  async measured(draft: Draft, mask: boolean): Promise<void> {
    draft.mask = mask;
    if (draft.steps.has("ask") && mask) this.go({ name: "ask", draft });
    else await this.submit(draft);
  }

  async submit(draft: Draft): Promise<void> {
    const { direction, subject, mask, digits, answers, corrects } = draft;
    const entry: Entry = { direction, subject, mask, temperature: reading(digits), answers };
    await this.decide(draft, (device) => corrects === null ? device.check(entry) : device.correct(corrects, entry));
  }

  async arrive(arrival: Arrival): Promise<void> {
    const { subject, temperature, answers } = arrival.person;
    const draft = { ...draftOf("entry", subject, null, new Set()), digits: (temperature ?? "").replace(".", ""), answers };
    await this.decide(draft, (device) => device.arrive(arrival));
  }

  async checkVehicle(emergency: boolean): Promise<void> {
    const { device, vehicle } = this;
    if (device === null || vehicle === null) return;
    this.go({ name: "deciding" });
    try {
      const shown = await device.checkVehicle({
        direction: vehicle.direction, occupants: vehicle.occupants, token: vehicle.token, number: null,
        plate: vehicle.plate.trim() || null, emergency, bootOpened: vehicle.bootOpened,
        people: vehicle.people.map((one) => ({ checkId: one.shown.checkId, driver: one.driver })),
      });
      this.signal(faceOf(shown.verdict));
      if (shown.verdict === "complete") this.vehicle = null;
      this.go({ name: "vehicle-verdict", shown });
    } catch (error) {
      this.failed(error);
    }
  }

  beginVehicle(token: string | null): void {
    const { direction } = this;
    if (this.vehicle === null) {
      this.vehicle = { direction, token, plate: "", occupants: 1, bootOpened: null, people: [] };
    } else if (token !== null) this.vehicle.token = token;
    this.go({ name: "vehicle" });
  }

  /** What came of a failure that leaves nothing decided. */
  failed(error: unknown): void {
    if (error instanceof Stopped) this.go({ name: "stopped", wiped: false });
    else if (error instanceof Refused) this.go({ name: "problem", words: this.say("not_taken", error.code) });
    else if (error instanceof NoAnswer) this.go({ name: "problem", words: this.say("mistyped_offline") });
    else if (error instanceof NoList) this.go({ name: "problem", words: this.say("no_list") });
    else {
      this.go({ name: "problem", words: this.say("not_taken", error instanceof Error ? error.name : "error") });
      throw error;
    }
    this.signal("cannot_verify");
  }

  private async decide(draft: Draft, ask: (device: Device) => Promise<Shown>): Promise<void> {
    if (this.device === null) return;
    this.go({ name: "deciding" });
    performance.mark("submitted");
    try {
      const shown = await ask(this.device);
      const face = faceOf(shown.verdict);
      const letThrough = face === "admit" || face === "admit_with_action";
      if (letThrough && draft.subject.kind === "pass_token") {
        this.repeats.let(draft.subject.token, draft.direction, performance.now());
      }
      if (this.vehicle) {
        const { people } = this.vehicle;
        const before = people.findIndex((one) => one.shown.checkId === draft.instead);
        const driver = before === -1 ? people.length === 0 : people[before]?.driver ?? false;
        people.splice(before === -1 ? people.length : before, before === -1 ? 0 : 1, { shown, driver });
        this.vehicle.occupants = Math.max(this.vehicle.occupants, people.length);
      }
      this.signal(face);
      this.go({ name: "verdict", shown, draft });
      requestAnimationFrame(() => setTimeout(() => performance.measure("verdict", "submitted")));
    } catch (error) {
      this.failed(error);
    }
  }
}

/** The code in what was scanned: the code alone, or a link that ends with it. */
export function codeIn(scanned: string): string {
  return (/[#?&]code=([^&\s]+)/.exec(scanned)?.[1] ?? scanned).trim();
}

