/** CBOR into plain values; integers as numbers, maps as Map. */
import { Decoder } from "cbor-x/decode-no-eval";
import { own, type Bytes } from "./bytes";

const decoder = new Decoder({ mapsAsObjects: false, useRecords: false, int64AsNumber: true } as object);

/** Throws for bytes that are no CBOR. */
export function cbor(bytes: Bytes): unknown {
  return decoder.decode(bytes) as unknown;
}

/** A map's value by key, of the kind that it must have; throws for anything else. */
export function at<T>(map: unknown, key: unknown, kind: (value: unknown) => value is T): T {
  const value: unknown = map instanceof Map ? map.get(key) : undefined;
  if (!kind(value)) throw new TypeError(`not as expected: ${String(key)}`);
  return value;
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
export const isList = (value: unknown): value is unknown[] => Array.isArray(value);
export const isMap = (value: unknown): value is Map<unknown, unknown> => value instanceof Map;
export const isBytes = (value: unknown): value is Bytes => value instanceof Uint8Array;
export const orNull = <T>(kind: (value: unknown) => value is T) =>
  (value: unknown): value is T | null => value === null || kind(value);
export const copied = (value: unknown): Bytes => {
  if (!isBytes(value)) throw new TypeError("not bytes");
  return own(value);
};
