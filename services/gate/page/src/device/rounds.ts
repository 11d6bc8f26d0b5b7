/** What a device does for ever: hand in, ask for changes of its list, say how it is; whatever fails is tried again. */
import type { Device } from "./device";
import { SOON, sortedOut } from "./shapes";
import type { Item } from "./store";
import { BATCH_SIZE, NoAnswer, Refused, Stopped, UNREADABLE, type ItemStatus } from "./wire";
import { NotTaken } from "../signed/document";

const EVERY_SECONDS = 60;
const LONGEST_PAUSE = 60;
declare const __APP_VERSION__: string;

/** Seconds to wait after so many failures in a row; spread, so that three hundred devices do not come at once. */
export function backoff(failures: number, chance: () => number = Math.random): number {
  const longest = Math.min(LONGEST_PAUSE, SOON * 2 ** Math.min(failures, 10));
  return longest / 2 + (chance() * longest) / 2;
}

export class Rounds {
  /** When a whole round last succeeded, by the device's clock; and whether the last one did. */
  lastGood: number | null = null;
  failing = false;
  private failures = 0;
  private wake: (() => void) | null = null;
  private asked = false;
  /** After each batch that was handed in, and each round. */
  onRound: () => void = () => undefined;
  /** The device was revoked and has handed in all it held. */
  onDone: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly device: Device) {}

  /** Go round now, if nothing is known against it. */
  nudge(): void { if (this.failures === 0) this.now(); }
  /** Go round now whatever happened before. */
  now(): void {
    this.asked = true;
    this.wake?.();
  }

  async forever(): Promise<void> {
    for (;;) {
      const pause = await this.round();
      this.onRound();
      if (this.device.stopped && (await this.device.store.counts()).waiting === 0) return this.onDone();
      if (!this.asked) await this.sleep(pause);
      this.asked = false;
    }
  }

  /** One round; tells how many seconds to wait before the next. */
  async round(): Promise<number> {
    const { device } = this;
    try {
      if (!device.stopped) await device.bind();
      if (!device.stopped) await this.heartbeat(); // first: what is handed in is read by the skew that it tells
      const pause = await this.handIn();
      if (!device.stopped) await this.refresh();
      [this.failures, this.failing, this.lastGood] = [0, false, device.clock.now()];
      device.connectivity.note(true);
      return pause ?? EVERY_SECONDS;
    } catch (error) {
      if (error instanceof Stopped) {
        if (!device.stopped) await device.stop();
        return SOON;
      }
      // Whatever else it is, the next round is tried all the same: what waits must not wait for ever.
      if (!(error instanceof NoAnswer || error instanceof Refused || error instanceof NotTaken)) console.error(error);
      this.failures += 1;
      this.failing = true;
      if (error instanceof NoAnswer) device.connectivity.note(false);
      return Math.max(error instanceof NoAnswer ? error.retryAfter ?? 0 : 0, backoff(this.failures));
    }
  }

  /** Hand in what waits, in the order of its numbers; tells how long to wait before what nobody took. */
  async handIn(): Promise<number | null> {
    const { device } = this;
    let size = BATCH_SIZE;
    for (;;) {
      const items: Item[] = await device.store.run(size);
      const [first] = items;
      if (first === undefined) return null;
      let answers: readonly ItemStatus[];
      try {
        answers = await device.wire.batch(first.kind, items.map((item) => item.body));
      } catch (error) { // one of them spoils the batch: look for it in halves
        if (!(error instanceof Refused && UNREADABLE.has(error.status))) throw error;
        if (items.length === 1) await device.store.settle([], [{ seq: first.seq, state: "rejected", code: error.code }]);
        size = Math.max(1, Math.floor(items.length / 2));
        continue;
      }
      size = BATCH_SIZE;
      const { gone, marked, pause } = sortedOut(items, answers);
      await device.store.settle(gone, marked);
      this.onRound();
      if (marked.some(({ code }) => code === "device_revoked") && !device.stopped) await device.stop();
      if (pause !== null) return pause;
    }
  }

  /** Ask for the list, or what changed in it. */
  async refresh(): Promise<void> {
    const { device } = this;
    const { document, now } = await device.wire.snapshot(device.list.version);
    await device.list.take(document, now);
    const held: Record<string, number> = {};
    for (const [number, seq] of Object.entries(device.held)) if (await device.store.holds(seq)) held[number] = seq;
    if (Object.keys(held).length !== Object.keys(device.held).length) { // the server's own hold is in the list by now
      device.held = held;
      await device.store.keep({ held });
    }
  }

  /** Say how the device is, and learn how far its clock is off, measured in the middle of the call. */
  async heartbeat(): Promise<void> {
    const { device } = this;
    const [counts, oldest, madeAt] = [await device.store.counts(), await device.store.oldest(), device.list.madeAt];
    const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
    const [sent, began] = [device.clock.now(), device.clock.steady()];
    const { verdicts } = device;
    const told = await device.wire.post<{ now: string; ticket?: string | null }>("/v1/devices/me/heartbeat", {
      device_time: iso(sent), app_version: __APP_VERSION__, queue_length: counts.waiting + counts.asking,
      oldest_queued_at: iso(oldest), quarantined: counts.quarantined, rejected: counts.rejected,
      list_made_at: iso(madeAt), device_class: "browser", verdicts,
    });
    device.verdicts = device.verdicts.filter((one) => !verdicts.includes(one));
    const middle = sent + (device.clock.steady() - began) / 2;
    const skew = Math.round((middle - Date.parse(told.now)) / 1000);
    if (!Number.isFinite(skew)) throw new NoAnswer("not from the gate");
    device.skew = skew;
    device.wire.take(told.ticket);
    await device.store.keep({ skew });
  }

  private sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
