/** A checkpoint device: stores, asks, decides by itself when nobody answers, hands in what it decided. */
import { decideEntry, judge, caseOf, localDay, requiredSteps, type Decision, type Records, type Verdict } from "../rule/decide";
import { displayOf, ofDwelling, ofNumber, ofOthers, ofToken, ofVehicle, type Display } from "../rule/own";
import { counted, decideVehicle, type ShownCheck, type VehicleDecision } from "../rule/vehicle";
import { readToken, type Claims, type PassKind, type Read } from "../signed/token";
import type { Clock } from "./clock";
import { Connectivity } from "./connectivity";
import { uuid7 } from "./ids";
import { Keeper } from "./keeper";
import {
  arrivalBody, bare, entryBody, purposeOf, sendable, shownOf, shownVehicleOf, vehicleBody, whoOf, type Arrival, type Entry,
  type EntryAnswer, type Shown, type ShownVehicle, type Vehicle, type VehicleAnswer,
} from "./shapes";
import type { Body, Entered, Item, Kind, Store } from "./store";
import type { Signer } from "./signer";
import { NoAnswer, Refused, ROUTES, Stopped, Wire, type Enrolled } from "./wire";

export const INTERRUPTED = "device_interrupted";
const LETS_THROUGH: ReadonlySet<Verdict> = new Set(["admit", "admit_with_action"]);
const SHOWN_KEPT = 400;

/** What the guard has to do before a check can be decided, as far as this device knows. */
export interface Preview {
  readonly steps: ReadonlySet<string>; readonly refused: boolean; readonly display: Display | null;
}
interface Answers { readonly entry: EntryAnswer; readonly arrival: EntryAnswer; readonly vehicle: VehicleAnswer }
interface Known { readonly records: Records; readonly number: string | null }

/** There is no list yet, so nothing can be decided here. */
export class NoList extends Error {}

const MOST_VERDICTS = 500;

/** From the capture to the verdict on the screen. */
interface VerdictTime { mode: "online" | "offline"; seconds: number }

export class Device {
  readonly connectivity = new Connectivity();
  wire: Wire;
  /** By how many seconds its clock is ahead, as far as it knows. */
  skew: number | null = null;
  stopped = false;
  /** Number of a pass -> number of the check whose fever holds its owner. */
  held: Record<string, number> = {};
  /** How long verdicts took since it last said so; no more than a heartbeat takes. */
  verdicts: VerdictTime[] = [];
  private readonly shown = new Map<string, ShownCheck>();
  /** Something waits to be handed in, or changed its state. */
  onQueue: () => void = () => undefined;

  private constructor(
    readonly store: Store, readonly clock: Clock, readonly me: Enrolled, readonly list: Keeper,
    signer: Signer | null,
  ) {
    this.wire = new Wire({ deviceId: me.device_id, credential: me.credential, signer });
  }

  /** A device that was enrolled before; null for none. */
  static async open(store: Store, clock: Clock): Promise<Device | null> {
    const me = await store.kept<Enrolled>("me");
    if (me === null) return null;
    const list = await Keeper.open(store, clock, me.compound, me.list_keys);
    const device = new Device(store, clock, me, list, await store.signer());
    device.skew = await store.kept<number>("skew");
    device.stopped = (await store.kept<boolean>("stopped")) ?? false;
    device.held = (await store.kept<Record<string, number>>("held")) ?? {};
    for (const item of await store.items("asking")) { // the device died before anything was shown
      await store.wait(item, { ...item.body, offline: device.interrupted(item.kind) }, item.note, null);
    }
    return device;
  }

  /** Exchange a one-time code for a credential; asked again after a lost answer, it is the same one. */
  static async enrol(store: Store, clock: Clock, code: string): Promise<Device> {
    const deviceId = (await store.kept<string>("device_id")) ?? uuid7();
    await store.keep({ device_id: deviceId });
    const body = { code, device_id: deviceId, public_key: (await store.signerMade()).told };
    await store.keep({ me: await new Wire(null).post<Enrolled>("/v1/devices", body), bound: true });
    const device = await Device.open(store, clock);
    if (device === null) throw new NoList();
    return device;
  }

  /** A device of a time without keys gives itself one, once; what it signs with is on the disk before it is told. */
  async bind(): Promise<void> {
    if (await this.store.kept<boolean>("bound")) return;
    const signer = await this.store.signerMade();
    const { device_id: deviceId, credential } = this.me;
    const body = { request_id: uuid7(), public_key: signer.told };
    const bound = new Wire({ deviceId, credential, signer });
    const me = { ...this.me, ...(await bound.post<{ credential: string }>("/v1/devices/me/credential", body)) };
    await this.store.keep({ me, bound: true });
    this.wire = new Wire({ deviceId, credential: me.credential, signer });
  }

  /** The device's time, by what is known of its clock. */
  corrected(at: number): number { return at - (this.skew ?? 0) * 1000; }

  /** The steps that a check of this subject needs; a refusal that no step can change needs none. */
  async preview(entry: Entry): Promise<Preview> {
    const { told, own } = this.rules();
    const at = this.clock.now();
    const { records, number } = await this.facts(entry, at);
    const known = { ...records, entriesToday: number ? await this.store.entries(this.day(at), number) : 0 };
    const { reasons } = this.decide(entry, known, number, at);
    const others = reasons.filter((reason) => reason !== "incomplete");
    const attempt = this.attempt(entry, at);
    const [verdict] = judge(others, caseOf(attempt, known), entry.direction, own.rules.table);
    const emergency = purposeOf(entry.subject) === "emergency";
    return {
      steps: emergency ? new Set() : requiredSteps(entry.direction, known, { musts: new Set(told.musts) }),
      refused: verdict === "refuse", display: displayOf(own, number),
    };
  }

  /** Keep the check, ask for a verdict, and decide here where none comes in time. */
  async check(entry: Entry): Promise<Shown> {
    const [at, began] = [this.clock.now(), this.clock.steady()];
    const known = this.list.now && (await this.facts(entry, at));
    const room = known && displayOf(this.rules().own, known.number)?.room;
    const { item, answer } = await this.ask("entry", entryBody(entry, at), at, room ?? null,
      entry.subject.kind === "pass_token");
    let shown: Shown;
    if (answer === null) shown = await this.decided(entry, item, known ?? (await this.facts(entry, at)));
    else {
      shown = shownOf(item, entry.direction, whoOf(entry.subject, known?.number ?? null), answer);
      await this.store.settle([item.seq], [], this.entered(entry, shown.verdict, known?.number ?? null, at));
    }
    this.remember(shown);
    const seconds = (this.clock.steady() - began) / 1000;
    this.verdicts = [...this.verdicts, { mode: shown.offline ? "offline" : "online", seconds } as const].slice(-MOST_VERDICTS);
    return shown;
  }

  /** Put a mistyped reading right by a new check of the same person; needs the network, both are kept. */
  async correct(corrects: string, entry: Entry): Promise<Shown> {
    const at = this.clock.now();
    const item = await this.store.add("entry", uuid7(), entryBody(entry, at), at, { room: null, verdict: null });
    try {
      const answer = await this.wire.post<EntryAnswer>(`${ROUTES.entry}/${corrects}/corrections`, item.body);
      await this.store.settle([item.seq], []);
      const known = this.list.now && (await this.facts(entry, at));
      const shown = shownOf(item, entry.direction, whoOf(entry.subject, known?.number ?? null), answer);
      this.remember(shown);
      return shown;
    } catch (error) { // a number was given away: the check is handed in as one that nobody saw
      await this.store.wait(item, { ...item.body, offline: this.interrupted("entry") }, item.note, null);
      if (error instanceof Stopped) await this.stop();
      this.onQueue();
      throw error;
    }
  }

  /** The same for somebody who comes from elsewhere. Without an answer nobody is let in: the list says too little. */
  async arrive(arrival: Arrival): Promise<Shown> {
    const at = this.clock.now();
    const { item, answer } = await this.ask("arrival", arrivalBody(arrival, at), at, null, false);
    if (answer === null) return this.decided(arrival.person, item, await this.facts(arrival.person, at));
    await this.store.settle([item.seq], []);
    return shownOf(item, "entry", whoOf(arrival.person.subject, null), answer);
  }

  /** The same for a vehicle, after the checks of the people in it. */
  async checkVehicle(vehicle: Vehicle): Promise<ShownVehicle> {
    const at = this.clock.now();
    const { item, answer } = await this.ask("vehicle", vehicleBody(vehicle, at), at, null, true);
    if (answer !== null) {
      await this.store.settle([item.seq], []);
      return shownVehicleOf(item, vehicle, answer);
    }
    const { verdict, reasons } = await this.ofVehicle(vehicle, at);
    const body = { ...item.body, offline: this.alone(verdict, reasons) };
    await this.store.wait(item, body, { room: null, verdict }, null);
    this.onQueue();
    return {
      checkId: item.checkId, seq: item.seq, verdict, reasons: bare(reasons), plate: null, offline: true,
      direction: vehicle.direction, madeAt: at, instruction: null, emergency: vehicle.emergency,
    };
  }

  /** What a scanned text is worth by the keys that came with the list. */
  async read(token: string, kind: PassKind): Promise<Read> {
    return readToken(token, this.rules().passKeys, kind);
  }

  /** Decide nothing any more; names and rooms are forgotten at once, the queue once it is handed in. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.store.keep({ stopped: true });
    await this.store.drop("held");
    await this.list.forget();
    this.onQueue();
  }

  private async ask<K extends Kind>(
    kind: K, body: Body, at: number, room: string | null, mayDecideAtOnce: boolean,
  ): Promise<{ item: Item; answer: Answers[K] | null }> {
    if (this.stopped) throw new Stopped();
    const within = this.rules().told.answerWithinMs;
    const item = await this.store.add(kind, uuid7(), sendable(body), at, { room, verdict: null });
    if (mayDecideAtOnce && (!navigator.onLine || this.connectivity.poor)) return { item, answer: null };
    try {
      const answer = await this.wire.post<Answers[K]>(ROUTES[kind], item.body, within);
      this.connectivity.note(true);
      return { item, answer };
    } catch (error) {
      if (error instanceof NoAnswer || (error instanceof Refused && error.status === 401)) {
        this.connectivity.note(false);
        return { item, answer: null };
      }
      if (error instanceof Stopped) {
        await this.store.wait(item, { ...item.body, offline: this.interrupted(kind) }, item.note, null);
        await this.stop();
      } else if (error instanceof Refused) {
        await this.store.settle([], [{ seq: item.seq, state: "rejected", code: error.code }]);
        this.onQueue();
      }
      throw error;
    }
  }

  /** By the own list; on the disk before it is shown. */
  private async decided(entry: Entry, item: Item, { records, number }: Known): Promise<Shown> {
    const { own } = this.rules();
    const before = number ? await this.store.entries(this.day(item.madeAt), number) : 0;
    const decision = this.decide(entry, { ...records, entriesToday: before }, number, item.madeAt);
    const { verdict, reasons, action } = decision;
    const display = displayOf(own, number);
    const body = { ...item.body, offline: { ...this.alone(verdict, reasons), action } };
    const entered = this.entered(entry, verdict, number, item.madeAt);
    await this.store.wait(item, body, { room: display?.room ?? null, verdict }, entered);
    if (decision.holds && number !== null) {
      this.held[number] = item.seq;
      await this.store.keep({ held: this.held });
    }
    this.onQueue();
    return {
      checkId: item.checkId, seq: item.seq, verdict, reasons: bare(reasons), action, display, offline: true,
      direction: entry.direction, madeAt: item.madeAt, instruction: null,
      nthToday: number !== null && entry.direction === "entry" ? before + 1 : null, who: whoOf(entry.subject, number),
    };
  }

  private decide(entry: Entry, known: Records, number: string | null, at: number): Decision {
    const { own } = this.rules();
    const fever = { measure: "medical", compound: own.compound } as const;
    const held = number !== null && number in this.held;
    const records = held ? { ...known, restrictions: [...known.restrictions, fever] } : known;
    return decideEntry(this.attempt(entry, at), records, own.rules);
  }

  private attempt(entry: Entry, at: number) {
    const { direction, subject, mask, temperature, answers } = entry;
    return {
      here: this.me.compound, direction, kind: subject.kind, purpose: purposeOf(subject), mask, temperature, answers,
      at: this.corrected(at),
    };
  }

  /** What the list tells of whom an entry means, and the number of their pass. */
  private async facts({ subject }: Entry, at: number): Promise<Known> {
    const { own } = this.rules();
    const age = this.list.ageSeconds();
    switch (subject.kind) {
      case "pass_token": {
        const read = await this.read(subject.token, "entry");
        return { records: ofToken(own, read, this.corrected(at), age), number: read.claims?.number ?? null };
      }
      case "pass_number": return { records: ofNumber(own, subject.number, age), number: subject.number };
      case "dwelling_surname":
        return { records: ofDwelling(own, subject.room, subject.surname, age), number: null };
      case "document": case "visitor": return { records: ofOthers(age), number: null };
    }
  }

  private async ofVehicle(vehicle: Vehicle, at: number): Promise<VehicleDecision> {
    const { own, told } = this.rules();
    const none: { proof: "none"; claims: Claims | null } = { proof: "none", claims: null };
    const read = vehicle.token === null ? none : await this.read(vehicle.token, "vehicle");
    const now = this.corrected(at);
    const known = ofVehicle(own, read, vehicle.number !== null, now, this.list.ageSeconds());
    const { direction, occupants, bootOpened, emergency, people } = vehicle;
    const checks = counted(this.shown, people, direction, now, told.occupantMinutes);
    const attempt = { here: own.compound, direction, occupants, checks, bootOpened, emergency, at: now };
    return decideVehicle(attempt, known, own.rules.musts);
  }

  /** For the log of the day: the holder of a pass was let in. */
  private entered(entry: Entry, verdict: Verdict, number: string | null, at: number): Entered | null {
    const lets = entry.direction === "entry" && LETS_THROUGH.has(verdict) && number !== null;
    return lets ? { day: this.day(at), number } : null;
  }

  /** The checks that were shown count for the vehicle that those people sit in. */
  private remember({ checkId, seq, verdict, madeAt, direction, who }: Shown): void {
    this.shown.set(checkId, { seq, who, verdict, madeAt: this.corrected(madeAt), direction });
    const oldest = this.shown.keys().next().value;
    if (this.shown.size > SHOWN_KEPT && oldest !== undefined) this.shown.delete(oldest);
  }

  private alone(verdict: string, reasons: readonly string[]): Body {
    return {
      verdict, reasons, policy_version: this.list.now?.told.version ?? 1, clock_skew_seconds: this.skew,
    };
  }

  /** What is handed in of something that was never shown. */
  private interrupted(kind: Kind): Body {
    return this.alone(kind === "vehicle" ? "held" : "cannot_verify", [INTERRUPTED]);
  }

  private rules() {
    const held = this.list.now;
    if (held === null) throw new NoList();
    return held;
  }

  private day(at: number): string { return localDay(this.corrected(at)); }
}
