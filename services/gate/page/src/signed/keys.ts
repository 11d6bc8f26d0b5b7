/** Announced keys (ES256), made ready once. */
import type { Bytes } from "./bytes";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
export type Keys = ReadonlyMap<string, CryptoKey>;
export type Jwk = Readonly<Record<string, string>>;

/** By key id. A key that is none is left out: what it signs is then not verified by anything. */
export async function readKeys(jwks: readonly Jwk[]): Promise<Keys> {
  const keys = new Map<string, CryptoKey>();
  for (const { kty, crv, x, y, kid } of jwks) {
    if (kty !== "EC" || crv !== "P-256" || !x || !y || !/^[0-9a-z]{8}$/.test(kid ?? "")) continue;
    keys.set(kid ?? "", await crypto.subtle.importKey("jwk", { kty, crv, x, y }, ALGORITHM, false, ["verify"]));
  }
  return keys;
}

export function signedBy(key: CryptoKey, signature: Bytes, what: Bytes): Promise<boolean> {
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, what);
}
