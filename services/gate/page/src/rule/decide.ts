/**
 * May this person pass now? The gate's own rule (services/gate/domain/entry.py) on the facts of a device.
 *
 * Pure: the time, the records and the rules are handed in. Every reason is collected; each calls for the verdict of its
 * cell, the strictest holds, and the gravest reason that calls for it names the action. It answers every vector of
 * services/gate/client/vectors as the gate does.
 */
import { DEFAULT_ROWS, REASONS } from "./words";

export type Direction = "entry" | "exit";
export type Verdict = "admit" | "admit_with_action" | "cannot_verify" | "refuse";
export type SubjectKind = "pass_token" | "pass_number" | "document" | "dwelling_surname" | "visitor";
export type Purpose = "visit" | "courier" | "emergency";
export type Proof = "none" | "verified" | "forged" | "unknown_key" | "unreadable";
export type PassState = "active" | "suspended" | "revoked";
export type Measure = "home_self_monitoring" | "home_quarantine" | "centralized_observation" | "medical";
export type Case =
  "resident" | "visitor" | "emergency" | "unknown" | "measure_elsewhere" | Measure;

/** Mildest first. */
const SEVERITY: readonly Verdict[] = ["admit", "admit_with_action", "cannot_verify", "refuse"];
const STRICTNESS: readonly Measure[] = [
  "home_self_monitoring", "home_quarantine", "centralized_observation", "medical",
];
const HOME_MEASURES: ReadonlySet<Measure> = new Set(["home_self_monitoring", "home_quarantine"]);
const STEPS: Record<Direction, readonly string[]> = { entry: ["mask", "temperature", "ask"], exit: ["mask"] };
const SHANGHAI_SECONDS = 8 * 3600;

export interface Answers {
  readonly been_to_focus_area: boolean | null;
  readonly contact_with_case: boolean | null;
  readonly unwell: boolean | null;
}
export const NOT_ASKED: Answers = { been_to_focus_area: null, contact_with_case: null, unwell: null };

/** Hours of each day in seconds since midnight in Shanghai; `until` no longer belongs to them. */
export interface DailyHours { readonly start: number; readonly until: number }

/** Valid from `from` on and before `until` (milliseconds since 1970). */
export interface KnownPass {
  readonly serial: number;
  readonly compound: string;
  readonly state: PassState;
  readonly from: number;
  readonly until: number;
  readonly hours: DailyHours | null;
}
export interface Restriction { readonly measure: Measure; readonly compound: string }

export interface Records {
  /** How many fit what was shown or typed; pass and restrictions are told of one only. */
  readonly people: number;
  readonly pass: KnownPass | null;
  readonly proof: Proof;
  readonly serial: number | null;
  readonly restrictions: readonly Restriction[];
  readonly entriesToday: number;
  /** Null: the server decides. */
  readonly listAgeSeconds: number | null;
}
export const NOTHING_KNOWN: Records = {
  people: 0, pass: null, proof: "none", serial: null, restrictions: [], entriesToday: 0, listAgeSeconds: null,
};

export interface Attempt {
  readonly here: string;
  readonly direction: Direction;
  readonly kind: SubjectKind;
  readonly purpose: Purpose | null;
  readonly mask: boolean | null;
  /** As it stands on the thermometer: "36.5". */
  readonly temperature: string | null;
  readonly answers: Answers;
  readonly at: number;
}

export type Cell = readonly [Verdict, string];
/** By `case direction`, then by reason. */
export type Table = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

/** The numbers of the policy in force; temperatures in hundredths of a degree. */
export interface Rules {
  readonly version: number;
  readonly musts: ReadonlySet<string>;
  readonly feverFrom: number;
  readonly plausibleFrom: number;
  readonly plausibleTo: number;
  readonly admitMinutes: number;
  readonly actionMinutes: number;
  readonly table: Table;
}

export interface Decision {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly action: string | null;
  /** The reading that may be kept. */
  readonly temperature: string | null;
  /** The device holds this pass from now on. */
  readonly holds: boolean;
}

/** Hundredths of a degree of a reading as it was typed; null for what is no number. */
export function hundredths(reading: string): number | null {
  const found = /^(\d{1,5})(?:\.(\d{1,2}))?$/.exec(reading);
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}

/** A table from rows as a list carries them; a reason that the rows do not know keeps the gate's default. */
export function tableOf(
  reasons: readonly string[], rows: readonly (readonly [string, string, readonly (readonly [string, string])[]])[],
): Table {
  const table = new Map<string, Map<string, Cell>>();
  const put = (order: readonly string[], from: typeof rows): void => {
    for (const [which, direction, cells] of from) {
      const where = `${which} ${direction}`;
      const row = table.get(where) ?? new Map<string, Cell>();
      order.forEach((reason, nth) => { const cell = cells[nth]; if (cell) row.set(reason, cell as Cell); });
      table.set(where, row);
    }
  };
  put(REASONS, DEFAULT_ROWS);
  put(reasons, rows);
  return table;
}

/** Collect every reason, then judge once. */
export function decideEntry(attempt: Attempt, known: Records, rules: Rules): Decision {
  const found = new Set<string>([
    ...ofThePerson(attempt, known), ...ofThePass(attempt, known),
    ...ofTheList(attempt, known, rules), ...ofTheSteps(attempt, known, rules),
  ]);
  const reasons = REASONS.filter((reason) => found.has(reason));
  const [verdict, judged] = judge(reasons, caseOf(attempt, known), attempt.direction, rules.table);
  return {
    verdict, reasons,
    action: judged === "complete_check" ? missingStep(attempt, known, rules) : judged,
    temperature: bodyTemperature(attempt.temperature, rules) === null ? null : attempt.temperature,
    holds: found.has("fever") && known.people === 1,
  };
}

/** The strictest verdict, with the action of the gravest reason that calls for it; `reasons` gravest first. */
export function judge(
  reasons: readonly string[], which: Case, direction: Direction, table: Table,
): [Verdict, string | null] {
  let chosen: Verdict = "admit";
  let action: string | null = null;
  for (const reason of reasons) {
    const [verdict, does] = table.get(`${which} ${direction}`)?.get(reason) ?? ["refuse", "call_shift_leader"];
    if (SEVERITY.indexOf(verdict) > SEVERITY.indexOf(chosen)) [chosen, action] = [verdict, does];
  }
  return [chosen, action];
}

export function caseOf(attempt: Attempt, known: Records): Case {
  if (attempt.kind === "visitor") return attempt.purpose === "emergency" ? "emergency" : "visitor";
  if (known.people !== 1) return "unknown";
  const measures = known.restrictions.map((one) => STRICTNESS.indexOf(one.measure));
  const gravest = STRICTNESS[Math.max(-1, ...measures)];
  if (gravest === undefined) return "resident";
  const here = known.restrictions.some((one) => one.measure === gravest && one.compound === attempt.here);
  return HOME_MEASURES.has(gravest) && !here ? "measure_elsewhere" : gravest;
}

/** The steps without which there is no admission. Who comes in again on the same day was asked already. */
export function requiredSteps(
  direction: Direction, known: Pick<Records, "people" | "entriesToday">, rules: Pick<Rules, "musts">,
): ReadonlySet<string> {
  const again = known.people === 1 && known.entriesToday > 0;
  return new Set(STEPS[direction].filter((step) => rules.musts.has(step) && !(again && step === "ask")));
}

/** The reading in hundredths if it can be a body's. */
export function bodyTemperature(
  reading: string | null, rules: Pick<Rules, "plausibleFrom" | "plausibleTo">,
): number | null {
  const value = reading === null ? null : hundredths(reading);
  return value !== null && value >= rules.plausibleFrom && value <= rules.plausibleTo ? value : null;
}

const lookedUp = (kind: SubjectKind): boolean => kind === "document" || kind === "dwelling_surname";

function* ofThePerson(attempt: Attempt, known: Records): Generator<string> {
  if (known.restrictions.some((one) => one.measure !== "home_self_monitoring")) yield "under_quarantine";
  if (known.restrictions.some((one) => one.measure === "home_self_monitoring")) yield "self_monitoring";
  if (!lookedUp(attempt.kind)) return;
  if (known.people === 0 && known.listAgeSeconds === null) yield "subject_unknown";
  if (known.people > 1) yield "subject_ambiguous";
}

function* ofThePass(attempt: Attempt, known: Records): Generator<string> {
  if (lookedUp(attempt.kind) && known.people !== 1) return;
  if (known.pass === null) {
    yield withoutRecord(attempt.kind, known.proof);
    return;
  }
  if (lookedUp(attempt.kind)) yield "pass_not_shown";
  else if (attempt.kind === "pass_number") yield "pass_not_scanned";
  yield* faults(known.pass, attempt, known.serial);
}

function withoutRecord(kind: SubjectKind, proof: Proof): string {
  if (kind === "pass_token" && proof === "forged") return "pass_forged";
  if (kind === "pass_token" && proof === "unknown_key") return "pass_unverifiable";
  return kind === "pass_token" || kind === "pass_number" ? "pass_unknown" : "no_pass";
}

function* faults(pass: KnownPass, attempt: Attempt, serial: number | null): Generator<string> {
  if (pass.state === "revoked") yield "pass_revoked";
  if (pass.state === "suspended") yield "pass_suspended";
  if (serial !== null && serial < pass.serial) yield "pass_replaced";
  if (pass.compound !== attempt.here) yield "wrong_compound";
  if (attempt.at >= pass.until) yield "pass_expired";
  else if (attempt.at < pass.from) yield "pass_not_yet_valid";
  if (pass.hours !== null && !covers(pass.hours, attempt.at)) yield "outside_hours";
}

function* ofTheSteps(attempt: Attempt, known: Records, rules: Rules): Generator<string> {
  const required = requiredSteps(attempt.direction, known, rules);
  const reading = bodyTemperature(attempt.temperature, rules);
  const answers = Object.values(attempt.answers) as (boolean | null)[];
  if (reading !== null && reading >= rules.feverFrom) yield "fever";
  if (attempt.mask === false && required.has("mask")) yield "no_mask";
  if (attempt.mask === null && required.has("mask")) yield "incomplete";
  if (reading === null && (required.has("temperature") || attempt.temperature !== null)) yield "incomplete";
  if (required.has("ask") && answers.includes(null)) yield "incomplete";
  if (answers.includes(true)) yield "follow_up";
}

function* ofTheList(attempt: Attempt, known: Records, rules: Rules): Generator<string> {
  const age = known.listAgeSeconds;
  if (age === null || attempt.kind === "visitor") return;
  if (attempt.kind !== "pass_token") yield "not_checkable_offline";
  if (age > rules.actionMinutes * 60) yield "list_too_old";
  else if (age > rules.admitMinutes * 60) yield "list_aged";
}

function missingStep(attempt: Attempt, known: Records, rules: Rules): string {
  const required = requiredSteps(attempt.direction, known, rules);
  if (bodyTemperature(attempt.temperature, rules) === null) {
    if (attempt.temperature !== null) return "measure_again";
    if (required.has("temperature")) return "measure_temperature";
  }
  return attempt.mask === null && required.has("mask") ? "look_at_mask" : "ask_questions";
}

function covers(hours: DailyHours, at: number): boolean {
  const local = (at / 1000 + SHANGHAI_SECONDS) % 86_400;
  return hours.start < hours.until
    ? hours.start <= local && local < hours.until
    : local >= hours.start || local < hours.until;
}

/** The day in Shanghai of an instant: `2020-02-24`. */
export function localDay(at: number): string {
  return new Date(at + SHANGHAI_SECONDS * 1000).toISOString().slice(0, 10);
}
