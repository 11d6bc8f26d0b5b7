/** What comes in from a scanner that types, and which scans are one and the same held out for too long. */
export type Source = "camera" | "wedge";

const SAME_MS: Record<Source, number> = { camera: 2_500, wedge: 5_000 };
const OPPOSITE_MS = 60_000;
const BETWEEN_KEYS_MS = 80;
/** A burst that begins like a pass is not typed by hand: a busy phone may hand its keys over late, its first ones too. */
const BETWEEN_KEYS_OF_A_PASS_MS = 500;
const PASS_BEGUN = /^[EV](P(1(:.*)?)?)?$/;
const SHORTEST = 6;

/** A scanner types faster than people and ends with Enter. Pure: times are handed in (milliseconds). */
export class Wedge {
  private typed = "";
  private last = 0;

  /** In the middle of a burst: its blanks press no button, its letters start no search. */
  get typing(): boolean { return this.typed.length > 1; }

  /** A key; tells the text that a scanner has typed to its end, else null. */
  key(key: string, at: number): string | null {
    const patience = PASS_BEGUN.test(this.typed) ? BETWEEN_KEYS_OF_A_PASS_MS : BETWEEN_KEYS_MS;
    if (at - this.last > patience) this.typed = "";
    this.last = at;
    if (key === "Enter") {
      const whole = this.typed;
      this.typed = "";
      return whole.length >= SHORTEST ? whole : null;
    }
    if (key.length === 1) this.typed += key;
    return null;
  }
}

/** A hovering hand is no second entry: the same code counts anew only after it was away for a while. */
export class Repeats {
  private text = "";
  private seen = -Infinity;
  private readonly passed = new Map<string, { readonly at: number; readonly direction: string }>();

  again(text: string, source: Source, at: number): boolean {
    const same = text === this.text && at - this.seen < SAME_MS[source];
    [this.text, this.seen] = [text, at];
    return same;
  }

  /** Somebody was let through by this code. */
  let(text: string, direction: string, at: number): void {
    for (const [old, { at: when }] of this.passed) if (at - when >= OPPOSITE_MS) this.passed.delete(old);
    this.passed.set(text, { at, direction });
  }

  /** How many seconds ago the same code went the other way, if that is less than a minute. */
  otherWay(text: string, direction: string, at: number): number | null {
    const before = this.passed.get(text);
    return before && before.direction !== direction && at - before.at < OPPOSITE_MS
      ? Math.round((at - before.at) / 1000) : null;
  }
}
