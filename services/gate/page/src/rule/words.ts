/** What the gate's own rule says of itself: written by `python -m deploy.documents`, never by hand. */
import told from "./contract.json";

export type Language = "zh-CN" | "en";
type Pair = readonly string[];

const WORDS = told.words as unknown as {
  verdicts: Record<string, Pair>;
  reasons: Record<string, Pair>;
  actions: Record<string, Pair>;
  vehicle_verdicts: Record<string, Pair>;
  vehicle_reasons: Record<string, Pair>;
  emergency: Pair;
};

/** Gravest first. */
export const REASONS: readonly string[] = told.reasons;
export const VEHICLE_REASONS: readonly string[] = told.vehicle_reasons;
export const DOUBLE_SURNAMES: ReadonlySet<string> = new Set(told.double_surnames);
/** Case, direction, then verdict and action of each reason: stands in for a reason that is newer than a list. */
export const DEFAULT_ROWS = told.table as unknown as readonly [string, string, readonly [string, string][]][];

function of(pair: Pair | undefined, language: Language): string | null {
  return pair?.[language === "en" ? 1 : 0] ?? null;
}

/** The sentence to a reason; null for a code that is newer than this page. */
export function reasonWords(code: string, language: Language): string | null {
  return of(WORDS.reasons[code] ?? WORDS.vehicle_reasons[code], language);
}

/** What the guard does: the action's sentence, or the verdict's where there is none. */
export function instruction(verdict: string, action: string | null, language: Language): string {
  const pair = (action === null ? undefined : WORDS.actions[action]) ?? WORDS.verdicts[verdict];
  return of(pair, language) ?? verdict;
}

export function vehicleInstruction(verdict: string, emergency: boolean, language: Language): string {
  return of(emergency ? WORDS.emergency : WORDS.vehicle_verdicts[verdict], language) ?? verdict;
}
