/** The list that a device decides by (services/gate/domain/lists.py), out of its signed document. */
import { hundredths, tableOf, type DailyHours, type Measure, type PassState, type Restriction, type Rules } from "../rule/decide";
import type { Bytes } from "./bytes";
import { at, cbor, isList, isMap, isText, isWhole, orNull } from "./cbor";
import { NotTaken } from "./document";
import type { Jwk } from "./keys";

export const FORMAT = 1;
export const ELSEWHERE = "elsewhere";
const MOST_BYTES = 16_000_000;
const STATES: readonly PassState[] = ["active", "suspended", "revoked"];
const MEASURES: readonly Measure[] = [
  "home_self_monitoring", "home_quarantine", "centralized_observation", "medical",
];

/** `bound` has a bit for each measure of the holder, here and elsewhere. Instants in milliseconds. */
export interface ListedPass {
  readonly number: string; readonly serial: number; readonly state: PassState; readonly from: number;
  readonly until: number; readonly bound: number; readonly surname: string | null; readonly room: string | null;
  readonly hours: DailyHours | null;
}
export interface ListedVehicle {
  readonly number: string; readonly serial: number; readonly revoked: boolean; readonly until: number;
}
/** The rules as they came: plain values, so that they can be kept. */
export interface ToldRules {
  readonly version: number; readonly musts: readonly string[]; readonly feverFrom: number;
  readonly plausibleFrom: number; readonly plausibleTo: number; readonly admitMinutes: number;
  readonly actionMinutes: number; readonly answerWithinMs: number; readonly occupantMinutes: number | null;
  readonly keys: readonly Jwk[]; readonly reasons: readonly string[];
  readonly table: readonly (readonly [string, string, readonly (readonly [string, string])[]])[];
}
export interface PassList {
  readonly compound: string; readonly madeAt: number; readonly version: string; readonly since: string | null;
  readonly rules: ToldRules | null; readonly passes: readonly ListedPass[];
  /** Null: a list from before vehicle passes were in it. */
  readonly vehicles: readonly ListedVehicle[] | null;
}

/** The measures that the bits stand for. */
export function restrictionsOf(bound: number, here: string): Restriction[] {
  return MEASURES.flatMap((measure, nth) =>
    [here, ELSEWHERE].flatMap((compound, place) => ((bound >> (2 * nth + place)) & 1 ? [{ measure, compound }] : [])));
}

/** The rule's view of told rules. */
export function rulesOf(told: ToldRules): Rules {
  return { ...told, musts: new Set(told.musts), table: tableOf(told.reasons, told.table) };
}

/** Read a payload whose signature holds; throws `NotTaken`. */
export async function unpack(payload: Bytes): Promise<PassList> {
  try {
    const content = cbor(await inflated(payload));
    if (at(content, "format", isWhole) !== FORMAT) throw new TypeError("a list of another format");
    return {
      compound: at(content, "compound", isText),
      madeAt: at(content, "made_at", isWhole) * 1000,
      version: at(content, "version", isText),
      since: at(content, "since", orNull(isText)),
      rules: isMap(content) && content.has("rules") ? toldRules(content.get("rules")) : null,
      passes: passesOf(at(content, "passes", isMap)),
      vehicles: isMap(content) && content.has("vehicles") ? vehiclesOf(content.get("vehicles")) : null,
    };
  } catch (error) {
    throw new NotTaken(`no list: ${error instanceof Error ? error.message : ""}`);
  }
}

/** What is told, over what is held. A pass that had run out when the list was made needs no row any more. */
export function merged(held: PassList | null, told: PassList): PassList {
  if (told.since === null || held === null) return told;
  const still = <T extends { number: string; until: number }>(before: readonly T[], now: readonly T[]): T[] =>
    [...new Map([...before, ...now].map((row) => [row.number, row])).values()].filter((row) => row.until > told.madeAt);
  return {
    ...told, since: null, rules: told.rules ?? held.rules, passes: still(held.passes, told.passes),
    vehicles: held.vehicles && told.vehicles ? still(held.vehicles, told.vehicles) : null,
  };
}

async function inflated(payload: Bytes): Promise<Bytes> {
  const stream = new Response(payload).body?.pipeThrough(new DecompressionStream("deflate"));
  const reader = stream?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const told = await reader?.read();
    if (told?.value === undefined) break;
    size += told.value.length;
    if (size > MOST_BYTES) throw new RangeError("a list too long");
    parts.push(told.value);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

function column<T>(columns: unknown, name: string, kind: (value: unknown) => value is T, rows?: number): T[] {
  const values = at(columns, name, isList);
  if ((rows !== undefined && values.length !== rows) || !values.every(kind)) throw new TypeError(`column ${name}`);
  return values;
}

function passesOf(told: Map<unknown, unknown>): ListedPass[] {
  const numbers = column(told, "number", isText);
  const n = numbers.length;
  const [serials, states] = [column(told, "serial", isWhole, n), column(told, "state", isWhole, n)];
  const [from, until] = [column(told, "from", isWhole, n), column(told, "until", isWhole, n)];
  const bound = column(told, "bound", isWhole, n);
  const [surnames, rooms] = [column(told, "surname", orNull(isText), n), column(told, "room", orNull(isText), n)];
  const hours = told.has("hours") ? column(told, "hours", orNull(isList), n) : [];
  return numbers.map((number, nth) => {
    const state = STATES[states[nth] ?? -1];
    if (state === undefined) throw new TypeError("state");
    return {
      number, state, serial: serials[nth] ?? 0, from: (from[nth] ?? 0) * 1000, until: (until[nth] ?? 0) * 1000,
      bound: bound[nth] ?? 0, surname: surnames[nth] ?? null, room: rooms[nth] ?? null, hours: hoursOf(hours[nth]),
    };
  });
}

function hoursOf(told: unknown[] | null | undefined): DailyHours | null {
  if (!told) return null;
  const [start, until] = told;
  if (!isWhole(start) || !isWhole(until)) throw new TypeError("hours");
  return { start, until };
}

function vehiclesOf(told: unknown): ListedVehicle[] {
  const numbers = column(told, "number", isText);
  const n = numbers.length;
  const [serials, revoked] = [column(told, "serial", isWhole, n), column(told, "revoked", isWhole, n)];
  const until = column(told, "until", isWhole, n);
  return numbers.map((number, nth) => ({
    number, serial: serials[nth] ?? 0, revoked: revoked[nth] !== 0, until: (until[nth] ?? 0) * 1000,
  }));
}

function toldRules(told: unknown): ToldRules {
  const degrees = (key: string): number => {
    const value = hundredths(at(told, key, isText));
    if (value === null) throw new TypeError(key);
    return value;
  };
  const minutes = isMap(told) ? told.get("occupant_check_minutes") : null;
  const texts = (value: unknown): value is string[] => isList(value) && value.every(isText);
  const rows = (value: unknown): value is ToldRules["table"] =>
    isList(value) && value.every((row) => isList(row) && isText(row[0]) && isText(row[1]) && isList(row[2]) &&
      row[2].every((cell) => texts(cell) && cell.length === 2));
  const reasons = at(told, "reasons", texts);
  const table = at(told, "table", rows);
  if (!table.every(([, , cells]) => cells.length === reasons.length)) throw new TypeError("table");
  return {
    version: at(told, "policy_version", isWhole), musts: at(told, "musts", texts),
    feverFrom: degrees("fever_from_c"), plausibleFrom: degrees("plausible_from_c"),
    plausibleTo: degrees("plausible_to_c"), admitMinutes: at(told, "admit_up_to_minutes", isWhole),
    actionMinutes: at(told, "action_up_to_minutes", isWhole), answerWithinMs: at(told, "answer_within_ms", isWhole),
    occupantMinutes: isWhole(minutes) && minutes > 0 ? minutes : null,
    keys: at(told, "keys", isList).map((key) => Object.fromEntries(key as Map<string, string>)), reasons, table,
  };
}
