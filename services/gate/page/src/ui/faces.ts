/** Four faces for all verdicts: colour, sign, word and tone hang on them. */
import type { Verdict } from "../rule/decide";
import type { VehicleVerdict } from "../rule/vehicle";

export type Face = Verdict;

const OF_VEHICLES: Record<VehicleVerdict, Face> = { complete: "admit", held: "cannot_verify", refuse: "refuse" };

export function faceOf(verdict: Verdict | VehicleVerdict): Face {
  return verdict in OF_VEHICLES ? OF_VEHICLES[verdict as VehicleVerdict] : (verdict as Verdict);
}
