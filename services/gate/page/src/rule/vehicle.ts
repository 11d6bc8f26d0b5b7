/** May this vehicle pass with the people in it? The gate's own rule (services/gate/domain/vehicles.py). Pure. */
import type { Direction, KnownPass, Proof, Verdict } from "./decide";
import { VEHICLE_REASONS } from "./words";

export type VehicleVerdict = "complete" | "held" | "refuse";

export interface OccupantCheck { readonly checkId: string; readonly driver: boolean; readonly verdict: Verdict }
export interface ShownCheck {
  readonly seq: number; readonly who: string | null; readonly verdict: Verdict; readonly madeAt: number;
  readonly direction: Direction;
}

export interface VehicleRecords {
  readonly pass: KnownPass | null;
  readonly proof: Proof;
  readonly serial: number | null;
  readonly shown: boolean;
  /** Null where no plate can be compared. */
  readonly plateFits: boolean | null;
  /** A device decides, which may not know whether a pass is still good. */
  readonly offline: boolean;
}

export interface VehicleAttempt {
  readonly here: string;
  readonly direction: Direction;
  readonly occupants: number;
  readonly checks: readonly OccupantCheck[];
  readonly bootOpened: boolean | null;
  readonly emergency: boolean;
  readonly at: number;
}
export interface VehicleDecision { readonly verdict: VehicleVerdict; readonly reasons: readonly string[] }

const REFUSES: ReadonlySet<string> = new Set([
  "driver_refused", "vehicle_pass_forged", "vehicle_pass_revoked", "vehicle_pass_replaced", "vehicle_wrong_compound",
  "vehicle_pass_expired", "vehicle_pass_not_yet_valid", "no_vehicle_pass",
]);

export function decideVehicle(
  attempt: VehicleAttempt, known: VehicleRecords, musts: ReadonlySet<string>,
): VehicleDecision {
  if (attempt.emergency) return { verdict: "complete", reasons: [] };
  const found = new Set<string>([...ofThePeople(attempt, musts), ...ofTheVehicle(attempt, known, musts)]);
  const reasons = VEHICLE_REASONS.filter((reason) => found.has(reason));
  if (reasons.length === 0) return { verdict: "complete", reasons };
  return { verdict: reasons.some((reason) => REFUSES.has(reason)) ? "refuse" : "held", reasons };
}

/**
 * Of the checks that were named those that count: shown here, of this direction, not too long before or after. Nobody
 * is two of the occupants: of several checks of one person the last one counts.
 */
export function counted(
  shown: ReadonlyMap<string, ShownCheck>, named: readonly { checkId: string; driver: boolean }[],
  direction: Direction, at: number, withinMinutes: number | null,
): OccupantCheck[] {
  if (withinMinutes === null) return [];
  const drivers = new Map(named.map((one) => [one.checkId, one.driver]));
  const last = new Map<string, { readonly checkId: string; readonly check: ShownCheck }>();
  for (const checkId of drivers.keys()) {
    const check = shown.get(checkId);
    if (check?.direction !== direction) continue;
    const who = check.who ?? checkId;
    if (check.seq > (last.get(who)?.check.seq ?? 0)) last.set(who, { checkId, check });
  }
  return [...last.values()]
    .filter(({ check }) => Math.abs(at - check.madeAt) <= withinMinutes * 60_000)
    .map(({ checkId, check }) => ({ checkId, driver: drivers.get(checkId) ?? false, verdict: check.verdict }));
}

function* ofThePeople(attempt: VehicleAttempt, musts: ReadonlySet<string>): Generator<string> {
  for (const check of attempt.checks) {
    if (check.verdict === "refuse") yield check.driver ? "driver_refused" : "occupant_refused";
    if (check.verdict === "cannot_verify") yield "occupant_not_cleared";
  }
  if (!musts.has("occupants")) return;
  if (attempt.checks.length < attempt.occupants || !attempt.checks.some((check) => check.driver)) {
    yield "occupant_unchecked";
  }
  if (attempt.checks.length > attempt.occupants) yield "occupants_miscounted";
}

function* ofTheVehicle(
  attempt: VehicleAttempt, known: VehicleRecords, musts: ReadonlySet<string>,
): Generator<string> {
  if (attempt.direction === "exit") return;
  if (musts.has("boot") && attempt.bootOpened !== true) yield "boot_not_checked";
  if (known.plateFits === false) yield "plate_mismatch";
  if (known.proof === "forged") yield "vehicle_pass_forged";
  else if (musts.has("vehicle_pass")) yield* ofThePass(attempt, known);
}

function* ofThePass(attempt: VehicleAttempt, known: VehicleRecords): Generator<string> {
  const given = known.pass;
  if (given === null) {
    if (known.proof === "unknown_key" || known.offline) yield "vehicle_pass_unverifiable";
    else yield known.shown ? "vehicle_pass_unknown" : "no_vehicle_pass";
    return;
  }
  if (given.state !== "active") yield "vehicle_pass_revoked";
  if (known.serial !== null && known.serial < given.serial) yield "vehicle_pass_replaced";
  if (given.compound !== attempt.here) yield "vehicle_wrong_compound";
  if (attempt.at >= given.until) yield "vehicle_pass_expired";
  else if (attempt.at < given.from) yield "vehicle_pass_not_yet_valid";
}
