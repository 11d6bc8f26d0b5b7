import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deviceClock } from "../src/device/clock";
import { Device } from "../src/device/device";
import { uuid7 } from "../src/device/ids";
import { Rounds } from "../src/device/rounds";
import { entryBody, sendable, unasked } from "../src/device/shapes";
import { Store } from "../src/device/store";
import { NoAnswer, Wire } from "../src/device/wire";

beforeEach(() => { indexedDB = new IDBFactory(); });
afterEach(() => { vi.unstubAllGlobals(); });

describe("handing in", () => {
  it("waits as long as the server asks, and sets off no other round", async () => {
    const store = await Store.open();
    await store.keep({
      me: { device_id: uuid7(), credential: "x", checkpoint: "lj-001-n", compound: "lj-001", list_keys: [] },
    });
    await store.add("entry", uuid7(), { direction: "entry" }, 1_000, { room: null, verdict: null });
    const device = await Device.open(store, deviceClock);
    if (device === null) throw new Error("it was enrolled");
    const asked = vi.fn(() => Promise.resolve(Response.json({ items: [{ status: "retry", code: null, retry_after: 5 }] })));
    vi.stubGlobal("fetch", asked);
    const rounds = new Rounds(device);
    const nudged = vi.spyOn(rounds, "now");
    const shown = vi.fn();
    device.onQueue = () => { rounds.nudge(); };
    rounds.onRound = shown;
    expect(await rounds.handIn()).toBe(5);
    expect([asked.mock.calls.length, nudged.mock.calls.length, shown.mock.calls.length]).toEqual([1, 0, 1]);
    expect((await store.counts()).waiting).toBe(1);
  });
});

describe("a batch with one that nobody can read", () => {
  it("is handed in but for that one, which is kept for a person to look at", async () => {
    const store = await Store.open();
    await store.keep({
      me: { device_id: uuid7(), credential: "x", checkpoint: "lj-001-n", compound: "lj-001", list_keys: [] },
    });
    for (let nth = 0; nth < 9; nth += 1) {
      await store.add("entry", uuid7(), { direction: nth === 4 ? "spoilt" : "entry" }, nth, { room: null, verdict: null });
    }
    const device = await Device.open(store, deviceClock);
    if (device === null) throw new Error("it was enrolled");
    const taken: number[] = [];
    vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
      const { checks } = JSON.parse(body) as { checks: { direction: string; seq: number }[] };
      if (checks.some(({ direction }) => direction === "spoilt")) {
        return Promise.resolve(Response.json({ code: "malformed_json" }, { status: 400 }));
      }
      taken.push(...checks.map(({ seq }) => seq));
      return Promise.resolve(Response.json({
        items: checks.map(() => ({ status: "created", code: null, retry_after: null })),
      }));
    });
    expect(await new Rounds(device).handIn()).toBeNull();
    expect(taken).toHaveLength(8);
    const { waiting, rejected } = await store.counts();
    expect([waiting, rejected]).toEqual([0, 1]);
  });
});

describe("what a camera read", () => {
  it("is sent without what no JSON carries", () => {
    const subject = { kind: "pass_token", token: `a\0b\ud83d${"x".repeat(500)}` } as const;
    const body = sendable(entryBody(unasked("entry", subject), 0));
    expect(body["subject"]).toEqual({ kind: "pass_token", token: `a\ufffdb\ufffd${"x".repeat(396)}` });
  });
});

describe("a heartbeat", () => {
  it("tells how long each verdict took, once, and again what nobody heard", async () => {
    const store = await Store.open();
    await store.keep({
      me: { device_id: uuid7(), credential: "x", checkpoint: "lj-001-n", compound: "lj-001", list_keys: [] },
    });
    const device = await Device.open(store, deviceClock);
    if (device === null) throw new Error("it was enrolled");
    const told: unknown[] = [];
    let there = false;
    vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
      told.push((JSON.parse(body) as { verdicts: unknown }).verdicts);
      return there ? Promise.resolve(Response.json({ now: new Date().toISOString() })) : Promise.reject(new TypeError());
    });
    const rounds = new Rounds(device);
    const verdict = { mode: "offline", seconds: 1.5 } as const;
    device.verdicts = [verdict];
    await expect(rounds.heartbeat()).rejects.toBeInstanceOf(NoAnswer);
    there = true;
    await rounds.heartbeat();
    await rounds.heartbeat();
    expect(told).toEqual([[verdict], [verdict], []]);
  });
});

describe("the wire", () => {
  it("takes an answer whose body stalls for none", async () => {
    vi.stubGlobal("fetch", (_: string, { signal }: { signal: AbortSignal }) => Promise.resolve(new Response(
      new ReadableStream({ start(told) { signal.addEventListener("abort", () => { told.error(new Error("cut")); }); } }),
    )));
    await expect(new Wire(null).post("/v1/entry-checks", {}, 20)).rejects.toBeInstanceOf(NoAnswer);
  });
});
