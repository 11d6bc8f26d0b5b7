/**
 * The text in a pass's QR code (shared/kernel/pass_token.py): what it says, and that the registry said it.
 *
 * One token has one spelling. Whether it admits (time, serial, revocation) is the rule's to say, by business time.
 */
import { base45 } from "./base45";
import { joined, type Bytes } from "./bytes";
import { at, cbor, copied, isText, isWhole } from "./cbor";
import { signedBy, type Keys } from "./keys";
import type { Proof } from "../rule/decide";

export type PassKind = "entry" | "vehicle";
export interface Claims {
  readonly passId: string;
  readonly serial: number;
  readonly number: string;
  readonly compound: string;
  /** Milliseconds since 1970; `until` is the first instant that is no longer covered. */
  readonly from: number;
  readonly until: number;
}
export interface Read { readonly proof: Proof; readonly claims: Claims | null }

const PREFIXES: Record<PassKind, string> = { entry: "EP1:", vehicle: "VP1:" };
export const LONGEST = 400;
const SERIAL = -65_537;
const KIND = -65_538;
const LAST_SECOND = 253_402_300_799;
const UNREADABLE: Read = { proof: "unreadable", claims: null };
// COSE_Sign1 as the registry writes it: tag 18, array of 4; protected header {1: -7, 4: key id}; no unprotected header.
const HEAD = Uint8Array.from([0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x26, 0x04, 0x48]);
const PROTECTED_END = HEAD.length + 8;
const SIGNATURE = 64;

/** What kind of pass a scanned text says to be; null for none of ours. */
export function kindOf(scanned: string): PassKind | null {
  if (scanned.startsWith(PREFIXES.entry)) return "entry";
  return scanned.startsWith(PREFIXES.vehicle) ? "vehicle" : null;
}

/** Read a token and check its signature. */
export async function readToken(scanned: string, keys: Keys, kind: PassKind = "entry"): Promise<Read> {
  const prefix = PREFIXES[kind];
  if (!scanned.startsWith(prefix) || scanned.length > LONGEST) return UNREADABLE;
  const document = base45(scanned.slice(prefix.length));
  const parts = document && takenApart(document);
  if (!document || !parts) return UNREADABLE;
  const key = keys.get(parts.keyId);
  if (key === undefined) return { proof: "unknown_key", claims: null };
  const signature = document.slice(document.length - SIGNATURE);
  if (!(await signedBy(key, signature, signedPart(document, parts.payload)))) return { proof: "forged", claims: null };
  const claims = claimsOf(parts.payload, kind);
  return claims ? { proof: "verified", claims } : UNREADABLE;
}

function takenApart(document: Bytes): { keyId: string; payload: Bytes } | null {
  // head, key id, a0 58 LL, payload, 58 40, signature
  if (!HEAD.every((byte, nth) => document[nth] === byte)) return null;
  const keyId = String.fromCharCode(...document.slice(HEAD.length, PROTECTED_END));
  const start = PROTECTED_END + 3;
  const length = document[PROTECTED_END + 2] ?? 0;
  const end = start + length;
  const right =
    /^[0-9a-z]{8}$/.test(keyId) && document[PROTECTED_END] === 0xa0 && document[PROTECTED_END + 1] === 0x58 &&
    length >= 24 && document[end] === 0x58 && document[end + 1] === 0x40 &&
    document.length === end + 2 + SIGNATURE;
  return right ? { keyId, payload: document.slice(start, end) } : null;
}

/** COSE's Sig_structure (RFC 9052 section 4.4). */
function signedPart(document: Bytes, payload: Bytes): Bytes {
  const head = Uint8Array.from([0x84, 0x6a, ...Array.from("Signature1", (one) => one.charCodeAt(0))]);
  const lengths = Uint8Array.from([0x40, 0x58, payload.length]);
  return joined(head, document.slice(2, PROTECTED_END), lengths, payload);
}

function claimsOf(payload: Bytes, kind: PassKind): Claims | null {
  try {
    const told = cbor(payload);
    const expected = kind === "entry" ? [2, 3, 4, 5, 7, SERIAL] : [2, 3, 4, 5, 7, SERIAL, KIND];
    const number = at(told, 2, isText);
    const compound = at(told, 3, isText);
    const [until, from, serial] = [at(told, 4, isWhole), at(told, 5, isWhole), at(told, SERIAL, isWhole)];
    const id = copied((told as Map<unknown, unknown>).get(7));
    const right =
      told instanceof Map && told.size === expected.length && expected.every((key) => told.has(key)) &&
      (kind === "entry" || told.get(KIND) === kind) &&
      serial >= 1 && serial <= 1_000_000 && from >= 0 && from < until && until <= LAST_SECOND && id.length === 16 &&
      /^[0-9]{6,12}$/.test(number) && /^[a-z0-9][a-z0-9-]{0,31}$/.test(compound);
    return right ? { passId: uuid(id), serial, number, compound, from: from * 1000, until: until * 1000 } : null;
  } catch {
    return null;
  }
}

function uuid(bytes: Bytes): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

