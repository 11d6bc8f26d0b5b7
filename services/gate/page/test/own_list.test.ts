import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { decideEntry, type Answers, type Direction, type Records, type Verdict } from "../src/rule/decide";
import { displayOf, ofDwelling, ofNumber, ofOthers, ofToken, ofVehicle, type OwnList } from "../src/rule/own";
import { counted, decideVehicle } from "../src/rule/vehicle";
import type { Subject } from "../src/device/shapes";
import { purposeOf } from "../src/device/shapes";
import { own as copy } from "../src/signed/bytes";
import { NotTaken, verified } from "../src/signed/document";
import { readKeys, type Jwk, type Keys } from "../src/signed/keys";
import { merged, rulesOf, unpack, type PassList } from "../src/signed/list";
import { readToken } from "../src/signed/token";
import { Keeper, NEVER } from "../src/device/keeper";
import { Store } from "../src/device/store";

interface EntryCase {
  facts: {
    subject: Subject; direction: Direction; mask: boolean | null; temperature_c: string | null; answers: Answers;
    at: string; list_age_seconds: number; entries_today: number; held: boolean;
  };
  answer: Record<string, unknown>;
}
interface VehicleCase {
  facts: {
    direction: Direction; token: string | null; number: string | null; occupants: number; people: [string, boolean][];
    shown: { check_id: string; verdict: Verdict; direction: Direction; made_at: string }[];
    boot_opened: boolean | null; emergency: boolean; at: string; list_age_seconds: number;
  };
  answer: Record<string, unknown>;
}
interface Told {
  compound: string; list_keys: Jwk[]; lists: [string, string]; refused: Record<string, string>;
  entries: EntryCase[]; vehicles: VehicleCase[];
}
const FILE = new URL("../../client/vectors/own_list.json.gz", import.meta.url);
const TOLD = JSON.parse(gunzipSync(readFileSync(FILE)).toString("utf8")) as Told;
const bytes = (base64: string) => copy(Buffer.from(base64, "base64"));

let own: OwnList;
let keys: Keys;

async function held(): Promise<PassList> {
  const listKeys = await readKeys(TOLD.list_keys);
  const [whole, later] = TOLD.lists;
  const first = await unpack(await verified(bytes(whole), listKeys));
  return merged(first, await unpack(await verified(bytes(later), listKeys)));
}

beforeAll(async () => {
  const list = await held();
  if (!list.rules || !list.vehicles) throw new Error("a list without rules or vehicles");
  own = {
    compound: TOLD.compound, rules: rulesOf(list.rules), passes: new Map(list.passes.map((row) => [row.number, row])),
    vehicles: new Map(list.vehicles.map((row) => [row.number, row])),
  };
  keys = await readKeys(list.rules.keys);
});

async function facts({ subject, at, list_age_seconds: age }: EntryCase["facts"]): Promise<[Records, string | null]> {
  switch (subject.kind) {
    case "pass_token": {
      const read = await readToken(subject.token, keys);
      return [ofToken(own, read, Date.parse(at), age), read.claims?.number ?? null];
    }
    case "pass_number": return [ofNumber(own, subject.number, age), subject.number];
    case "dwelling_surname": return [ofDwelling(own, subject.room, subject.surname, age), null];
    default: return [ofOthers(age), null];
  }
}

async function answered(told: EntryCase["facts"]): Promise<Record<string, unknown>> {
  const [known, number] = await facts(told);
  const fever = { measure: "medical", compound: own.compound } as const;
  const records: Records = {
    ...known, entriesToday: number === null ? 0 : told.entries_today,
    restrictions: number !== null && told.held ? [...known.restrictions, fever] : known.restrictions,
  };
  const decision = decideEntry({
    here: own.compound, direction: told.direction, kind: told.subject.kind, purpose: purposeOf(told.subject),
    mask: told.mask, temperature: told.temperature_c, answers: told.answers, at: Date.parse(told.at),
  }, records, own.rules);
  const shown = displayOf(own, number);
  return {
    verdict: decision.verdict, reasons: decision.reasons, action: decision.action, holds: decision.holds,
    kept_temperature_c: decision.temperature, display: shown && [shown.surname, shown.room],
  };
}

it("takes one person for one of the occupants, by the last of their checks", () => {
  const one = (seq: number, who: string | null, verdict: Verdict) =>
    [String(seq), { seq, who, verdict, direction: "entry" as const, madeAt: 0 }] as const;
  const shown = new Map([one(1, "10000001", "admit"), one(2, "10000001", "refuse"), one(3, null, "admit"), one(4, null, "admit")]);
  const named = ["2", "1", "3", "4"].map((checkId) => ({ checkId, driver: checkId === "1" }));
  expect(counted(shown, named, "entry", 0, 30).map(({ checkId, verdict }) => [checkId, verdict])).toEqual(
    [["2", "refuse"], ["3", "admit"], ["4", "admit"]]);
});

describe("a device's own list", () => {
  it("leads to the verdicts of the reference client, for everybody", async () => {
    expect(TOLD.entries.length).toBeGreaterThanOrEqual(1_500);
    for (const { facts: told, answer } of TOLD.entries) expect(await answered(told), JSON.stringify(told)).toEqual(answer);
  });

  it("leads to the same verdicts on vehicles", async () => {
    for (const { facts: told, answer } of TOLD.vehicles) {
      const at = Date.parse(told.at);
      const read = told.token === null ? { proof: "none" as const, claims: null } : await readToken(told.token, keys, "vehicle");
      const known = ofVehicle(own, read, told.number !== null, at, told.list_age_seconds);
      const shown = new Map(told.shown.map((one, nth) => [one.check_id, { seq: nth + 1, who: null,
        verdict: one.verdict, direction: one.direction, madeAt: Date.parse(one.made_at) }]));
      const people = told.people.map(([checkId, driver]) => ({ checkId, driver }));
      const checks = counted(shown, people, told.direction, at, 30);
      const decision = decideVehicle({
        here: own.compound, direction: told.direction, occupants: told.occupants, checks, bootOpened: told.boot_opened,
        emergency: told.emergency, at,
      }, known, own.rules.musts);
      expect(decision, JSON.stringify(told)).toEqual(answer);
    }
  });

  it("is taken from its own gate only, whole, in order, and never older", async () => {
    const keeper = await keeperAt({ now: () => 0, steady: () => 0 });
    for (const one of TOLD.lists) await keeper.take(bytes(one), Date.parse("2020-02-24T01:00:00Z"));
    const before = [keeper.version, keeper.madeAt, keeper.now?.own.passes.size];
    for (const [why, document] of Object.entries(TOLD.refused)) {
      await expect(keeper.take(bytes(document), 0), why).rejects.toThrow(NotTaken);
    }
    expect([keeper.version, keeper.madeAt, keeper.now?.own.passes.size]).toEqual(before);
  });

  it("grows no younger when the clock is set back, nor by a refresh that failed", async () => {
    let [now, steady] = [1_000_000_000, 0];
    const keeper = await keeperAt({ now: () => now, steady: () => steady });
    expect(keeper.ageSeconds()).toBe(NEVER);
    await keeper.take(bytes(TOLD.lists[0]), Date.parse("2020-02-24T00:01:00Z")); // made at 00:00
    expect(keeper.ageSeconds()).toBe(60);
    [now, steady] = [now + 600_000, 600_000];
    expect(keeper.ageSeconds()).toBe(660);
    now -= 86_400_000;
    expect(keeper.ageSeconds()).toBe(660);
    steady += 100_000;
    expect(keeper.ageSeconds()).toBe(760);
    await expect(keeper.take(bytes(TOLD.refused["cut off"] ?? ""), now)).rejects.toThrow(NotTaken);
    expect(keeper.ageSeconds()).toBe(760);
  });
});

async function keeperAt(clock: { now: () => number; steady: () => number }): Promise<Keeper> {
  indexedDB = new IDBFactory();
  return Keeper.open(await Store.open(), clock, TOLD.compound, TOLD.list_keys);
}
