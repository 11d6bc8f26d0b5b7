import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import { deviceClock } from "../src/device/clock";
import { Device } from "../src/device/device";
import { uuid7 } from "../src/device/ids";
import { Store } from "../src/device/store";

const BODY = { subject: { kind: "document", number: "320583200002301234" }, direction: "entry" };
const NOTE = { room: "3-1-502", verdict: null };

beforeEach(() => { indexedDB = new IDBFactory(); });

const add = (store: Store, kind: "entry" | "vehicle" = "entry") => store.add(kind, uuid7(), BODY, 1_000, NOTE);

describe("the device's store", () => {
  it("numbers without a gap, also after it was opened anew", async () => {
    const store = await Store.open();
    const items = [await add(store), await add(store)];
    await store.settle(items.map((item) => item.seq), []);
    const again = await Store.open();
    expect([...items.map((item) => item.seq), (await add(again)).seq]).toEqual([1, 2, 3]);
    expect((await again.items("asking")).map((item) => item.body)).toEqual([
      { check_id: expect.any(String) as string, seq: 3, ...BODY },
    ]);
  });

  it("hands in runs of one kind, in the order of numbers", async () => {
    const store = await Store.open();
    for (const kind of ["entry", "entry", "vehicle", "entry"] as const) {
      const item = await add(store, kind);
      await store.wait(item, item.body, NOTE, null);
    }
    expect((await store.run(200)).map((item) => item.seq)).toEqual([1, 2]);
    expect((await store.run(1)).map((item) => item.seq)).toEqual([1]);
    await store.settle([1], [{ seq: 2, state: "rejected", code: "invalid_request" }]);
    expect((await store.run(200)).map((item) => item.seq)).toEqual([3]);
    expect(await store.counts()).toEqual({ asking: 0, waiting: 2, rejected: 1, quarantined: 0 });
    expect((await store.items("rejected"))[0]?.code).toBe("invalid_request");
    expect([await store.holds(1), await store.holds(2), await store.oldest()]).toEqual([false, true, 1_000]);
  });

  it("counts entries by local day, and starts anew with each", async () => {
    const store = await Store.open();
    await store.settle([], [], { day: "2020-02-24", number: "10000001" });
    await store.settle([], [], { day: "2020-02-24", number: "10000001" });
    expect(await store.entries("2020-02-24", "10000001")).toBe(2);
    expect(await store.entries("2020-02-24", "10000002")).toBe(0);
    await store.settle([], [], { day: "2020-02-25", number: "10000001" });
    expect([await store.entries("2020-02-24", "10000001"), await store.entries("2020-02-25", "10000001")]).toEqual([0, 1]);
  });

  it("lets nothing be read without its key, nor under another name", async () => {
    const store = await Store.open();
    await store.keep({ me: { credential: "secret-credential" } });
    await add(store);
    const db = await new Promise<IDBDatabase>((done) => {
      const opening = indexedDB.open("fangkong-gate");
      opening.onsuccess = () => { done(opening.result); };
    });
    const all = async (name: string): Promise<unknown[]> => new Promise((done) => {
      const reading = db.transaction(name).objectStore(name).getAll();
      reading.onsuccess = () => { done(reading.result as unknown[]); };
    });
    const said = (await Promise.all(["kept", "item", "entered"].map(all))).flat().map((one) =>
      one instanceof Uint8Array ? Buffer.from(one).toString("latin1")
        : JSON.stringify(one, (_, value: unknown) => value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value));
    for (const secret of ["secret-credential", "320583200002301234", "3-1-502"]) expect(said.join()).not.toContain(secret);
    const [{ seal, index }] = (await all("keys")) as [{ seal: CryptoKey; index: CryptoKey }];
    expect([seal.extractable, index.extractable]).toEqual([false, false]);
    await expect(crypto.subtle.exportKey("raw", seal)).rejects.toThrow();
    db.close();
  });

  it("forgets everything when it is wiped", async () => {
    const store = await Store.open();
    await store.keep({ me: 1 });
    await store.wipe();
    expect(await indexedDB.databases()).toEqual([]);
    expect(await (await Store.open()).kept("me")).toBeNull();
  });

  it("hands in what it was about to show when it died as cannot_verify", async () => {
    const store = await Store.open();
    const me = { device_id: uuid7(), credential: "x", checkpoint: "lj-001-n", compound: "lj-001", list_keys: [] };
    await store.keep({ me, skew: 7 });
    await add(store);
    await add(store, "vehicle");
    const device = await Device.open(await Store.open(), deviceClock);
    expect(device?.skew).toBe(7);
    const waiting = await store.items("waiting");
    expect(waiting.map((item) => item.body["offline"])).toEqual([
      { verdict: "cannot_verify", reasons: ["device_interrupted"], policy_version: 1, clock_skew_seconds: 7 },
      { verdict: "held", reasons: ["device_interrupted"], policy_version: 1, clock_skew_seconds: 7 },
    ]);
  });

  it("makes ids that sort in the order in which they were made", () => {
    const made = Array.from({ length: 5_000 }, uuid7);
    expect(new Set(made).size).toBe(5_000);
    expect([...made].sort()).toEqual(made);
    for (const one of made) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
