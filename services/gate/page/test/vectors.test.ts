import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  decideEntry, hundredths, judge, tableOf, type Answers, type Attempt, type Case, type DailyHours, type Direction,
  type Measure, type PassState, type Proof, type Purpose, type Records, type Rules, type SubjectKind,
} from "../src/rule/decide";
import { DEFAULT_ROWS, REASONS } from "../src/rule/words";

interface Facts {
  policy: string; direction: Direction; kind: SubjectKind; purpose: Purpose | null; mask: boolean | null;
  temperature_c: string | null; answers: Answers; at: string; people: number; proof: Proof; serial: number | null;
  pass: null | {
    serial: number; compound: string; state: PassState; valid_from: string; valid_until: string;
    hours: [string, string] | null;
  };
  restrictions: [Measure, string][]; entries_today?: number; list_age_seconds: number | null;
}
interface Line {
  policies?: Record<string, Record<string, unknown>>; cell?: [Case, Direction, string]; facts?: Facts;
  verdict: string; reasons: string[]; action: string | null; holds: boolean; kept_temperature_c: string | null;
}

const FILE = new URL("../../client/vectors/entry.jsonl.gz", import.meta.url);
const LINES = gunzipSync(readFileSync(FILE)).toString("utf8").trim().split("\n").map((line) => JSON.parse(line) as Line);
const TABLE = tableOf(REASONS, DEFAULT_ROWS);
const RULES = new Map(Object.entries(LINES[0]?.policies ?? {}).map(([name, told]) => [name, rulesOf(told)]));

function rulesOf(told: Record<string, unknown>): Rules {
  const degrees = (key: string): number => hundredths(told[key] as string) ?? NaN;
  return {
    version: 1, musts: new Set(told["musts"] as string[]), feverFrom: degrees("fever_from_c"),
    plausibleFrom: degrees("plausible_from_c"), plausibleTo: degrees("plausible_to_c"),
    admitMinutes: told["admit_up_to_minutes"] as number, actionMinutes: told["action_up_to_minutes"] as number,
    table: TABLE,
  };
}

const seconds = (time: string): number => Number(time.slice(0, 2)) * 3600 + Number(time.slice(3, 5)) * 60;
const hoursOf = (told: [string, string] | null): DailyHours | null =>
  told && { start: seconds(told[0]), until: seconds(told[1]) };

function decided(facts: Facts): Omit<Line, "facts"> {
  const attempt: Attempt = {
    here: "here", direction: facts.direction, kind: facts.kind, purpose: facts.purpose, mask: facts.mask,
    temperature: facts.temperature_c, answers: facts.answers, at: Date.parse(facts.at),
  };
  const known: Records = {
    people: facts.people, proof: facts.proof, serial: facts.serial, entriesToday: facts.entries_today ?? 0,
    listAgeSeconds: facts.list_age_seconds,
    restrictions: facts.restrictions.map(([measure, compound]) => ({ measure, compound })),
    pass: facts.pass && {
      serial: facts.pass.serial, compound: facts.pass.compound, state: facts.pass.state,
      from: Date.parse(facts.pass.valid_from), until: Date.parse(facts.pass.valid_until),
      hours: hoursOf(facts.pass.hours),
    },
  };
  const rules = RULES.get(facts.policy);
  if (!rules) throw new Error(`no policy ${facts.policy}`);
  const told = decideEntry(attempt, known, rules);
  return {
    verdict: told.verdict, reasons: [...told.reasons], action: told.action, holds: told.holds,
    kept_temperature_c: told.temperature,
  };
}

describe("the committed vectors of the gate", () => {
  it("are all there", () => {
    expect(LINES.filter((line) => line.facts).length).toBeGreaterThanOrEqual(15_000);
    expect(LINES.filter((line) => line.cell).length).toBe(9 * 2 * REASONS.length);
  });

  it("hold cell by cell", () => {
    const wrong = LINES.filter((line) => line.cell).filter((line) => {
      const [which, direction, reason] = line.cell ?? ["unknown", "entry", ""];
      const [verdict, action] = judge([reason], which, direction, TABLE);
      return verdict !== line.verdict || action !== line.action;
    });
    expect(wrong).toEqual([]);
  });

  it("are answered here as the gate answers them, every one", () => {
    const wrong = LINES.filter((line) => line.facts).filter((line) => {
      const { facts, ...expected } = line;
      return facts && JSON.stringify(decided(facts)) !== JSON.stringify(expected);
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});
