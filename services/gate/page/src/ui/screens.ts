/** Where the page is, and with what. */
import { NOT_ASKED, type Answers, type Direction } from "../rule/decide";
import type { Display } from "../rule/own";
import type { Shown, ShownVehicle, Subject } from "../device/shapes";

/** Somebody who is being checked. `steps`: those that are still to be done. */
export interface Draft {
  readonly direction: Direction;
  readonly subject: Subject;
  readonly display: Display | null;
  readonly steps: ReadonlySet<string>;
  /** Digits of the thermometer as they were typed: "365". */
  digits: string;
  mask: boolean | null;
  answers: Answers;
  /** The check that is put right by this one. */
  readonly corrects: string | null;
  /** The check that this one is made instead of. */
  readonly instead: string | null;
}
/** A vehicle that is being checked, with the people in it that were. */
export interface VehicleDraft {
  readonly direction: Direction;
  token: string | null;
  plate: string;
  occupants: number;
  bootOpened: boolean | null;
  readonly people: { readonly shown: Shown; driver: boolean }[];
}
export type Typed = "number" | "room" | "document";

export type Screen =
  | { readonly name: "enrol"; readonly problem: string | null; readonly busy: boolean }
  | { readonly name: "ready" }
  | { readonly name: "typed"; readonly by: Typed }
  | { readonly name: "visitor" }
  | { readonly name: "measure"; readonly draft: Draft }
  | { readonly name: "ask"; readonly draft: Draft }
  | { readonly name: "deciding" }
  | { readonly name: "opposite"; readonly subject: Subject; readonly seconds: number }
  | { readonly name: "verdict"; readonly shown: Shown; readonly draft: Draft }
  | { readonly name: "vehicle" }
  | { readonly name: "vehicle-verdict"; readonly shown: ShownVehicle }
  | { readonly name: "problem"; readonly words: string }
  | { readonly name: "status" }
  | { readonly name: "duty" }
  | { readonly name: "arrival" }
  | { readonly name: "stopped"; readonly wiped: boolean };

export const draftOf = (
  direction: Direction, subject: Subject, display: Display | null, steps: ReadonlySet<string>,
  before: { readonly instead: string; readonly corrects: string | null } | null = null,
): Draft => ({
  direction, subject, display, steps, digits: "", mask: null, answers: NOT_ASKED,
  corrects: before?.corrects ?? null, instead: before?.instead ?? null,
});

/** "365" is 36.5; null while it is not whole. */
export const reading = (digits: string): string | null =>
  digits.length === 3 ? `${digits.slice(0, 2)}.${digits.slice(2)}` : null;
