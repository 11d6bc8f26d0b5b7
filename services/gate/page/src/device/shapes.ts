/** What a guard enters and sees, and how it stands on the wire. */
import { NOT_ASKED, type Answers, type Direction, type Purpose, type Verdict } from "../rule/decide";
import type { Display } from "../rule/own";
import type { VehicleVerdict } from "../rule/vehicle";
import type { Body, Item, Mark } from "./store";
import type { ItemStatus } from "./wire";
import { LONGEST } from "../signed/token";

/** Seconds after which something that nobody could take is worth another try. */
export const SOON = 1;

export type Subject =
  | { readonly kind: "pass_token"; readonly token: string }
  | { readonly kind: "pass_number"; readonly number: string }
  | { readonly kind: "document"; readonly number: string }
  | { readonly kind: "dwelling_surname"; readonly room: string; readonly surname: string }
  | { readonly kind: "visitor"; readonly purpose: Purpose };

export interface Entry {
  readonly direction: Direction; readonly subject: Subject; readonly mask: boolean | null;
  readonly temperature: string | null; readonly answers: Answers;
}
export type ArrivalKind = "returnee" | "newcomer";
export type SuzhouCode = "green" | "yellow" | "red" | "green_pending" | "none";
export interface Arrival {
  readonly person: Entry; readonly kind: ArrivalKind; readonly originCode: string; readonly ticket: string | null;
  readonly arrivedOn: string | null; readonly papers: readonly string[]; readonly suzhouCode: SuzhouCode;
  readonly name: string | null; readonly phone: string | null;
}
export interface Vehicle {
  readonly direction: Direction; readonly occupants: number;
  readonly people: readonly { readonly checkId: string; readonly driver: boolean }[];
  readonly token: string | null; readonly number: string | null; readonly plate: string | null;
  readonly emergency: boolean; readonly bootOpened: boolean | null;
}

export interface Told { readonly code: string; readonly text: { readonly zh_cn: string; readonly en: string } | null }
interface Common {
  readonly checkId: string; readonly seq: number; readonly reasons: readonly Told[]; readonly offline: boolean;
  readonly direction: Direction; readonly madeAt: number;
  /** The server's own words, where it answered. */
  readonly instruction: { readonly zh_cn: string; readonly en: string } | null;
}
export interface Shown extends Common {
  readonly verdict: Verdict; readonly action: string | null; readonly display: Display | null;
  readonly nthToday: number | null;
  /** Stands for the person as far as the device can tell, so that nobody counts twice in a vehicle. */
  readonly who: string | null;
}
export interface ShownVehicle extends Common {
  readonly verdict: VehicleVerdict; readonly plate: string | null; readonly emergency: boolean;
}

interface Answer {
  readonly reasons: readonly Told[]; readonly instruction: { readonly zh_cn: string; readonly en: string };
}
export interface EntryAnswer extends Answer {
  readonly verdict: Verdict; readonly action: string | null; readonly display: Display | null;
  readonly nth_today?: number | null;
}
export interface VehicleAnswer extends Answer { readonly verdict: VehicleVerdict; readonly plate: string | null }

const iso = (at: number): string => new Date(at).toISOString();

/** Without what no JSON carries to the gate: any code may be held in front of a camera. */
export function sendable<T>(part: T): T {
  // eslint-disable-next-line no-control-regex
  if (typeof part === "string") return part.replace(/[\0\p{Surrogate}]/gu, "\ufffd") as T;
  if (Array.isArray(part)) return part.map(sendable) as T;
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, sendable(value)])) as T;
}

/** A text that is longer than a pass is none, and its beginning says so too. */
const cut = (subject: Subject): Subject =>
  subject.kind === "pass_token" ? { ...subject, token: subject.token.slice(0, LONGEST) } : subject;

export function entryBody(entry: Entry, at: number): Body {
  return {
    direction: entry.direction, subject: cut(entry.subject), mask: entry.mask, temperature_c: entry.temperature,
    checked_at: iso(at), answers: Object.values(entry.answers).every((one) => one === null) ? null : entry.answers,
  };
}

export function arrivalBody(arrival: Arrival, at: number): Body {
  const { direction: _, ...check } = entryBody(arrival.person, at); // nobody arrives on the way out
  return {
    ...check, kind: arrival.kind, origin_code: arrival.originCode, ticket: arrival.ticket,
    arrived_on: arrival.arrivedOn, papers: arrival.papers, suzhou_code: arrival.suzhouCode, name: arrival.name,
    phone: arrival.phone,
  };
}

export function vehicleBody(vehicle: Vehicle, at: number): Body {
  return {
    direction: vehicle.direction, pass_token: vehicle.token?.slice(0, LONGEST) ?? null, pass_number: vehicle.number, plate: vehicle.plate,
    emergency: vehicle.emergency, occupants: vehicle.occupants,
    occupant_checks: vehicle.people.map(({ checkId, driver }) => ({ check_id: checkId, driver })),
    boot_opened: vehicle.bootOpened, checked_at: iso(at),
  };
}

export function shownOf(item: Item, direction: Direction, who: string | null, answer: EntryAnswer): Shown {
  const { verdict, action, display, reasons, instruction } = answer;
  return {
    checkId: item.checkId, seq: item.seq, verdict, reasons, action, display, instruction, direction,
    offline: false, madeAt: item.madeAt, nthToday: answer.nth_today ?? null, who,
  };
}

export function shownVehicleOf(item: Item, vehicle: Vehicle, answer: VehicleAnswer): ShownVehicle {
  const { verdict, reasons, instruction, plate } = answer;
  return {
    checkId: item.checkId, seq: item.seq, verdict, reasons, instruction, plate, offline: false,
    direction: vehicle.direction, madeAt: item.madeAt, emergency: vehicle.emergency,
  };
}

export const bare = (codes: readonly string[]): Told[] => codes.map((code) => ({ code, text: null }));

/** What may be deleted, what is marked, and how long to wait before the rest; one answer for each item, in order. */
export function sortedOut(
  items: readonly Item[], answers: readonly ItemStatus[],
): { gone: number[]; marked: Mark[]; pause: number | null } {
  const gone: number[] = [];
  const marked: Mark[] = [];
  let pause: number | null = null;
  items.forEach(({ seq }, nth) => {
    const answer = answers[nth];
    if (answer?.status === "created" || answer?.status === "exists") gone.push(seq);
    else if (answer?.status === "rejected" || answer?.status === "quarantined") {
      marked.push({ seq, state: answer.status, code: answer.code });
    } else pause = Math.max(pause ?? 0, answer?.retry_after ?? SOON); // `retry`, and whatever a later server may say
  });
  return { gone, marked, pause };
}

export function purposeOf(subject: Subject): Purpose | null {
  return subject.kind === "visitor" ? subject.purpose : null;
}
/** What stands for the person: the number of their pass, or else what was typed; nothing for a visitor. */
export function whoOf(subject: Subject, passNumber: string | null): string | null {
  if (subject.kind === "visitor") return null;
  return passNumber ?? (subject.kind === "pass_token" ? subject.token : JSON.stringify(subject));
}
export const unasked = (direction: Direction, subject: Subject): Entry =>
  ({ direction, subject, mask: null, temperature: null, answers: NOT_ASKED });
