/** Bytes that browsers take everywhere: over a buffer of their own. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
export const text = (bytes: Bytes): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
/** A copy over a buffer of its own; libraries hand out views. */
export const own = (bytes: Uint8Array): Bytes => Uint8Array.from(bytes);
export const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function joined(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
