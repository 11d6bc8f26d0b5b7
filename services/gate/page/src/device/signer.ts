/**
 * The device's own key: it signs what the device asks, so that a copied credential alone opens nothing. The browser keeps
 * it where no script reads it.
 */
import { hex, utf8, type Bytes } from "../signed/bytes";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNED = { name: "ECDSA", hash: "SHA-256" } as const;
export interface PublicKey { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string }

/** What signs, and what the gate is told to verify it by. */
export interface Signer { readonly key: CryptoKey; readonly told: PublicKey }

export async function makeSigner(): Promise<Signer> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { kty = "", crv = "", x = "", y = "" } = await crypto.subtle.exportKey("jwk", publicKey);
  return { key: privateKey, told: { kty, crv, x, y } };
}

/** What follows the credential of a request: a signature at a second of the server's time. */
export async function proof(
  { key }: Signer, method: string, target: string, deviceId: string, second: number, body: string,
): Promise<string> {
  const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(body))));
  const text = ["fangkong device request", method, target, deviceId, String(second), digest].join("\n");
  const signature = new Uint8Array(await crypto.subtle.sign(SIGNED, key, utf8(text)));
  return `s.${String(second)}.${base64url(signature)}`;
}

function base64url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
