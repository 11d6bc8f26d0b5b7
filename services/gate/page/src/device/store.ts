/**
 * The device's own store: every commit is on the disk before it counts (device contract).
 *
 * A check is in here before anything is shown of it, and stays until the server has said that it keeps it. Numbers are
 * given without a gap. One window works at a time (see `alone`), so nobody else writes between two steps.
 */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type StoreNames } from "idb";
import { Box, makeKeys, type BoxKeys } from "./box";
import { makeSigner, type Signer } from "./signer";
import type { Bytes } from "../signed/bytes";

export type State = "asking" | "waiting" | "rejected" | "quarantined";
export type Kind = "entry" | "vehicle" | "arrival";
export type Body = Readonly<Record<string, unknown>>;

/** For the list of what waits: nothing of a person but the room. */
export interface Note { readonly room: string | null; readonly verdict: string | null }
export interface Item {
  readonly seq: number; readonly kind: Kind; readonly checkId: string; readonly state: State;
  readonly code: string | null; readonly madeAt: number; readonly body: Body; readonly note: Note;
}
export interface Mark { readonly seq: number; readonly state: State; readonly code: string | null }
export interface Entered { readonly day: string; readonly number: string }
export type Counts = Readonly<Record<State, number>>;

interface Row {
  seq: number; kind: Kind; checkId: string; state: State; code: string | null; madeAt: number; sealed: Bytes;
}
interface Schema extends DBSchema {
  keys: { key: string; value: BoxKeys | Signer };
  kept: { key: string; value: Bytes };
  seq: { key: string; value: number };
  item: { key: number; value: Row; indexes: { state: [State, number] } };
  entered: { key: [string, string]; value: number };
}
const NAME = "fangkong-gate";
const SAFELY = { durability: "strict" } as const;
type Writing = Parameters<IDBPDatabase<Schema>["transaction"]>[0] & StoreNames<Schema>[];

export class Store {
  private constructor(private readonly db: IDBPDatabase<Schema>, private readonly box: Box) {}

  static async open(): Promise<Store> {
    const db = await openDB<Schema>(NAME, 1, {
      upgrade(made) {
        made.createObjectStore("keys");
        made.createObjectStore("kept");
        made.createObjectStore("seq");
        made.createObjectStore("item", { keyPath: "seq" }).createIndex("state", ["state", "seq"]);
        made.createObjectStore("entered");
      },
    });
    let keys = await db.get("keys", "box") as BoxKeys | undefined;
    if (!keys) {
      keys = await makeKeys();
      await db.put("keys", keys, "box");
    }
    return new Store(db, new Box(keys));
  }

  /** By what the device signs; null: it is of a time without keys. */
  async signer(): Promise<Signer | null> {
    return (await this.db.get("keys", "signer") as Signer | undefined) ?? null;
  }

  /** The same, made where there is none. */
  async signerMade(): Promise<Signer> {
    const signer = (await this.signer()) ?? (await makeSigner());
    await this.db.put("keys", signer, "signer");
    return signer;
  }

  /** Forget everything, the keys first: what was sealed with them stays closed wherever it may still lie. */
  async wipe(): Promise<void> {
    await this.db.clear("keys");
    this.db.close();
    await deleteDB(NAME);
  }

  private writing(stores: Writing) {
    return this.db.transaction(stores, "readwrite", SAFELY);
  }

  /** Give the next number and keep the check, both or neither. */
  async add(kind: Kind, checkId: string, body: Body, madeAt: number, note: Note): Promise<Item> {
    const seq = ((await this.db.get("seq", "seq")) ?? 0) + 1;
    const item: Item = {
      seq, kind, checkId, state: "asking", code: null, madeAt, note, body: { check_id: checkId, seq, ...body },
    };
    const row = await this.row(item);
    const tx = this.writing(["seq", "item"]);
    await Promise.all([tx.objectStore("seq").put(seq, "seq"), tx.objectStore("item").add(row), tx.done]);
    return item;
  }

  /** The check was decided here and waits to be handed in; who was let in by it goes into the log of the day. */
  async wait(item: Item, body: Body, note: Note, entered: Entered | null): Promise<void> {
    const row = await this.row({ ...item, body, note, state: "waiting" });
    const log = await this.logged(entered);
    const tx = this.writing(["item", "entered"]);
    await tx.objectStore("item").put(row);
    await log?.(tx.objectStore("entered"));
    await tx.done;
  }

  /** Delete what the server keeps; mark what it does not take; log who was let in. */
  async settle(gone: readonly number[], marked: readonly Mark[], entered: Entered | null = null): Promise<void> {
    const log = await this.logged(entered);
    const tx = this.writing(["item", "entered"]);
    const items = tx.objectStore("item");
    for (const seq of gone) await items.delete(seq);
    for (const { seq, state, code } of marked) {
      const row = await items.get(seq);
      if (row) await items.put({ ...row, state, code });
    }
    await log?.(tx.objectStore("entered"));
    await tx.done;
  }

  /** Checks in a state, in the order of their numbers. */
  async items(state: State, limit?: number): Promise<Item[]> {
    const range = IDBKeyRange.bound([state, 0], [state, Number.MAX_SAFE_INTEGER]);
    const rows = await this.db.getAllFromIndex("item", "state", range, limit);
    return Promise.all(rows.map(async ({ sealed, ...row }) => {
      const { body, note } = (await this.box.open(`item ${row.seq}`, sealed)) as Pick<Item, "body" | "note">;
      return { ...row, body, note };
    }));
  }

  /** What is handed in next, in the order of numbers: as many of one kind as follow each other. */
  async run(limit: number): Promise<Item[]> {
    const waiting = await this.items("waiting", limit);
    const end = waiting.findIndex((item) => item.kind !== waiting[0]?.kind);
    return end === -1 ? waiting : waiting.slice(0, end);
  }

  async holds(seq: number): Promise<boolean> {
    return (await this.db.getKey("item", seq)) !== undefined;
  }

  async counts(): Promise<Counts> {
    const count = (state: State): Promise<number> =>
      this.db.countFromIndex("item", "state", IDBKeyRange.bound([state, 0], [state, Number.MAX_SAFE_INTEGER]));
    const [asking, waiting, rejected, quarantined] = await Promise.all([
      count("asking"), count("waiting"), count("rejected"), count("quarantined"),
    ]);
    return { asking, waiting, rejected, quarantined };
  }

  /** When the oldest check was made that is still to be handed in. */
  async oldest(): Promise<number | null> {
    const [first] = await this.db.getAllFromIndex(
      "item", "state", IDBKeyRange.bound(["waiting", 0], ["waiting", Number.MAX_SAFE_INTEGER]), 1);
    return first?.madeAt ?? null;
  }

  /** How often the holder of a pass was let in here on a local day, as far as this device knows. */
  async entries(day: string, number: string): Promise<number> {
    return (await this.db.get("entered", [day, await this.box.index("entered", number)])) ?? 0;
  }

  /** Keep plain values by name, all or none. */
  async keep(values: Readonly<Record<string, unknown>>): Promise<void> {
    const sealed = await Promise.all(
      Object.entries(values).map(async ([name, value]) => [name, await this.box.seal(name, value)] as const));
    const tx = this.writing(["kept"]);
    for (const [name, value] of sealed) await tx.objectStore("kept").put(value, name);
    await tx.done;
  }

  async kept<T>(name: string): Promise<T | null> {
    const sealed = await this.db.get("kept", name);
    return sealed === undefined ? null : ((await this.box.open(name, sealed)) as T);
  }

  async drop(...names: readonly string[]): Promise<void> {
    const tx = this.writing(["kept"]);
    for (const name of names) await tx.objectStore("kept").delete(name);
    await tx.done;
  }

  private async row({ body, note, ...item }: Item): Promise<Row> {
    return { ...item, sealed: await this.box.seal(`item ${item.seq}`, { body, note }) };
  }

  /** One more entry in the log; other days than this one are nobody's affair any more. */
  private async logged(entered: Entered | null) {
    if (entered === null) return null;
    const who = await this.box.index("entered", entered.number);
    return async (log: {
      getAllKeys(): Promise<[string, string][]>; delete?(key: [string, string]): Promise<void>;
      get(key: [string, string]): Promise<number | undefined>; put?(value: number, key: [string, string]): Promise<unknown>;
    }): Promise<void> => {
      for (const key of await log.getAllKeys()) if (key[0] !== entered.day) await log.delete?.(key);
      await log.put?.(((await log.get([entered.day, who])) ?? 0) + 1, [entered.day, who]);
    };
  }
}

/** How long another window may take to go: one that is being reloaded lets go a moment after the new one has begun. */
const PATIENCE_MS = 3_000;

/** Run while no other window of this page does; false where one does and stays. */
export function alone(run: () => Promise<void>): Promise<boolean> {
  const given = new AbortController();
  const timer = setTimeout(() => { given.abort(); }, PATIENCE_MS);
  return new Promise((resolve, reject) => {
    navigator.locks.request(NAME, { signal: given.signal }, async () => {
      clearTimeout(timer);
      await run();
      resolve(true);
      await new Promise(() => undefined); // held for as long as the window lives
    }).catch((error: unknown) => {
      if (given.signal.aborted) resolve(false);
      else reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}
