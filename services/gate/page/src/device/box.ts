/**
 * What the device keeps is sealed: AES-256-GCM under a key of the browser's key store that no script can read out.
 * Each value is bound to its name.
 */
import { hex, joined, text, utf8, type Bytes } from "../signed/bytes";

const NONCE = 12;
export interface BoxKeys { readonly seal: CryptoKey; readonly index: CryptoKey }

export async function makeKeys(): Promise<BoxKeys> {
  const [seal, index] = await Promise.all([
    crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
    crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  ]);
  return { seal, index };
}

export class Box {
  constructor(private readonly keys: BoxKeys) {}

  async seal(name: string, value: unknown): Promise<Bytes> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const way = { name: "AES-GCM", iv, additionalData: utf8(name) };
    return joined(iv, new Uint8Array(await crypto.subtle.encrypt(way, this.keys.seal, utf8(JSON.stringify(value)))));
  }

  /** Throws for another key, another name, or bytes that were changed. */
  async open(name: string, sealed: Bytes): Promise<unknown> {
    const way = { name: "AES-GCM", iv: sealed.slice(0, NONCE), additionalData: utf8(name) };
    return JSON.parse(text(new Uint8Array(await crypto.subtle.decrypt(way, this.keys.seal, sealed.slice(NONCE)))));
  }

  /** What a value is found by without being kept. */
  async index(name: string, value: string): Promise<string> {
    return hex(new Uint8Array(await crypto.subtle.sign("HMAC", this.keys.index, utf8(`${name}\0${value}`))));
  }
}
