/**
 * The list that the device holds: taken only signed and whole, merged, and never younger than it is.
 *
 * Its age is what has passed since the server made it. A clock that was set back makes it no younger: the latest time
 * that it ever showed counts, and within one run the time that nobody can set.
 */
import type { Clock } from "./clock";
import type { Store } from "./store";
import { rulesOf as ruleView } from "../signed/list";
import type { OwnList } from "../rule/own";
import type { Bytes } from "../signed/bytes";
import { NotTaken, verified } from "../signed/document";
import { readKeys, type Jwk, type Keys } from "../signed/keys";
import { merged, unpack, type PassList, type ToldRules } from "../signed/list";

/** The age in seconds of a list whose age nobody can tell. */
export const NEVER = 1e9;

interface Kept { readonly list: PassList; readonly wall: number; readonly lag: number; readonly latest: number }
interface Held { readonly list: PassList; readonly told: ToldRules; readonly own: OwnList; readonly passKeys: Keys }

export class Keeper {
  private held: Held | null = null;
  private fetched: { readonly wall: number; readonly lag: number; readonly steady: number | null } | null = null;
  private latest: number;

  private constructor(
    private readonly store: Store, private readonly clock: Clock, private readonly compound: string,
    private readonly listKeys: Keys,
  ) { this.latest = clock.now(); }

  static async open(store: Store, clock: Clock, compound: string, keys: readonly Jwk[]): Promise<Keeper> {
    const keeper = new Keeper(store, clock, compound, await readKeys(keys));
    const kept = await store.kept<Kept>("list");
    if (kept) {
      await keeper.hold(kept.list);
      keeper.fetched = { wall: kept.wall, lag: kept.lag, steady: null };
      keeper.latest = Math.max(keeper.latest, kept.latest);
    }
    return keeper;
  }

  /** What the server is asked for changes since. */
  get version(): string | null { return this.held?.list.vehicles ? this.held.list.version : null; }
  get madeAt(): number | null { return this.held?.list.madeAt ?? null; }
  /** Null: there is no list yet. */
  get now(): Held | null { return this.held; }

  ageSeconds(): number {
    if (this.fetched === null) return NEVER;
    this.latest = Math.max(this.latest, this.clock.now());
    let passed = (this.latest - this.fetched.wall) / 1000;
    if (this.fetched.steady !== null) passed = Math.max(passed, (this.clock.steady() - this.fetched.steady) / 1000);
    return passed >= 0 ? Math.floor(this.fetched.lag + passed) : NEVER;
  }

  /** Take a list, or changes to the one that is held; throws `NotTaken`, and what is held stays as old as it is. */
  async take(document: Bytes, serverNow: number): Promise<void> {
    const told = await unpack(await verified(document, this.listKeys));
    const held = this.held?.list ?? null;
    if (told.compound !== this.compound) throw new NotTaken("a list of another compound");
    if (held && told.madeAt < held.madeAt) throw new NotTaken("an older list than the one held");
    if (told.since !== null && told.since !== held?.version) throw new NotTaken("changes to another list");
    const list = merged(held, told);
    if (list.rules === null) throw new NotTaken("a list without rules");
    const [wall, lag] = [this.clock.now(), Math.max(0, (serverNow - told.madeAt) / 1000)];
    await this.store.keep({ list: { list, wall, lag, latest: wall } satisfies Kept });
    await this.hold(list);
    this.fetched = { wall, lag, steady: this.clock.steady() };
    this.latest = wall;
  }

  /** Forget it: names and rooms are in it. */
  async forget(): Promise<void> {
    await this.store.drop("list");
    [this.held, this.fetched] = [null, null];
  }

  private async hold(list: PassList): Promise<void> {
    if (list.rules === null) return;
    const byNumber = <T extends { number: string }>(rows: readonly T[]): Map<string, T> =>
      new Map(rows.map((row) => [row.number, row]));
    const own: OwnList = {
      compound: this.compound, passes: byNumber(list.passes), rules: ruleView(list.rules),
      vehicles: list.vehicles && byNumber(list.vehicles),
    };
    this.held = { list, told: list.rules, own, passKeys: await readKeys(list.rules.keys) };
  }
}
