/** What a device knows of whoever stands before it, from its own list (services/gate/domain/offline.py). Pure. */
import { NOTHING_KNOWN, type KnownPass, type Records, type Rules } from "./decide";
import { masked, roomKey } from "./subjects";
import type { VehicleRecords } from "./vehicle";
import { ELSEWHERE, restrictionsOf, type ListedPass, type ListedVehicle } from "../signed/list";
import type { Claims, Read } from "../signed/token";

export interface Display { readonly surname: string; readonly room: string | null }

/** A device's list, for looking people up. */
export interface OwnList {
  readonly compound: string;
  readonly passes: ReadonlyMap<string, ListedPass>;
  /** Null: the list says nothing of vehicles. */
  readonly vehicles: ReadonlyMap<string, ListedVehicle> | null;
  readonly rules: Rules;
}

/** Facts about a scanned pass. What its signature covers may be believed where the list does not know it. */
export function ofToken(own: OwnList, read: Read, at: number, age: number): Records {
  const { proof, claims } = read;
  if (claims === null) return { ...NOTHING_KNOWN, proof, listAgeSeconds: age };
  const listed = own.passes.get(claims.number);
  if (listed) return records(own, listed, age, { proof, serial: claims.serial });
  const known = { ...NOTHING_KNOWN, proof, serial: claims.serial, listAgeSeconds: age };
  return outside(own, claims, at) ? { ...known, people: 1, pass: covered(own, claims) } : known;
}

/** Facts about a number that was typed: nothing signed stands behind it. */
export function ofNumber(own: OwnList, number: string, age: number): Records {
  const listed = own.passes.get(number);
  return listed ? records(own, listed, age) : { ...NOTHING_KNOWN, listAgeSeconds: age };
}

/** Facts about who says to live here. The list tells surnames as a guard sees them. */
export function ofDwelling(own: OwnList, room: string, surname: string, age: number): Records {
  const [wanted, name] = [roomKey(room), masked(surname)];
  const found = [...own.passes.values()].filter((one) =>
    one.room !== null && one.surname === name && roomKey(one.room) === wanted);
  const [only] = found;
  return found.length === 1 && only ? records(own, only, age)
    : { ...NOTHING_KNOWN, people: found.length, listAgeSeconds: age };
}

/** No facts: about a document, of which the list tells nothing, and about who is no resident. */
export const ofOthers = (age: number): Records => ({ ...NOTHING_KNOWN, listAgeSeconds: age });

/** Facts about a vehicle's pass. A list that is too old for a plain admission cannot vouch for one. */
export function ofVehicle(own: OwnList, read: Read, shown: boolean, at: number, age: number): VehicleRecords {
  const { proof, claims } = read;
  let pass: KnownPass | null = null;
  if (claims !== null) {
    const listed = own.vehicles?.get(claims.number);
    const bad = listed !== undefined && (listed.revoked || claims.serial < listed.serial);
    const young = age <= own.rules.admitMinutes * 60;
    if (outside(own, claims, at) || bad || (listed !== undefined && young)) {
      pass = {
        ...covered(own, claims), serial: listed?.serial ?? claims.serial, state: listed?.revoked ? "revoked" : "active",
      };
    }
  }
  const serial = claims?.serial ?? null;
  return { pass, proof, serial, shown: shown || proof !== "none", plateFits: null, offline: true };
}

/** What the screen may show of a pass's holder. */
export function displayOf(own: OwnList, number: string | null): Display | null {
  const listed = number === null ? undefined : own.passes.get(number);
  return listed && listed.surname !== null ? { surname: listed.surname, room: listed.room } : null;
}

const outside = (own: OwnList, claims: Claims, at: number): boolean =>
  claims.compound !== own.compound || at < claims.from || at >= claims.until;

const covered = (own: OwnList, claims: Claims): KnownPass => ({
  serial: claims.serial, compound: claims.compound === own.compound ? own.compound : ELSEWHERE, state: "active",
  from: claims.from, until: claims.until, hours: null,
});

function records(
  own: OwnList, listed: ListedPass, age: number, shown: Pick<Records, "proof" | "serial"> = { proof: "none", serial: null },
): Records {
  const { serial, state, from, until, hours } = listed;
  return {
    ...NOTHING_KNOWN, ...shown, people: 1, pass: { serial, compound: own.compound, state, from, until, hours },
    restrictions: restrictionsOf(listed.bound, own.compound), listAgeSeconds: age,
  };
}
