/** A document that the gate signs with its own key (services/gate/domain/signed.py): COSE_Sign1, ES256. */
import { joined, text, utf8, type Bytes } from "./bytes";
import { cbor, copied, isMap } from "./cbor";
import { signedBy, type Keys } from "./keys";

export class NotTaken extends Error {}

interface Tagged { readonly tag: number; readonly value: unknown }

/** The payload of a document that one of these keys signed; throws `NotTaken`. */
export async function verified(document: Bytes, keys: Keys): Promise<Bytes> {
  let parts: unknown[];
  let header: unknown;
  try {
    const { tag, value } = cbor(document) as Tagged;
    if (tag !== 18 || !Array.isArray(value) || value.length !== 4) throw new TypeError();
    parts = value;
    header = cbor(copied(parts[0]));
  } catch {
    throw new NotTaken("no signed document");
  }
  const unprotected = parts[1];
  if (!isMap(header) || header.size !== 2 || header.get(1) !== -7 || !isMap(unprotected) || unprotected.size !== 0) {
    throw new NotTaken("signed in another way");
  }
  const [protectedHeader, payload, signature] = [copied(parts[0]), copied(parts[2]), copied(parts[3])];
  const key = keys.get(text(copied(header.get(4))));
  const what = joined(Uint8Array.of(0x84), bytesOf(3, utf8("Signature1")), bytesOf(2, protectedHeader),
    bytesOf(2, new Uint8Array(0)), bytesOf(2, payload));
  if (!key || !(await signedBy(key, signature, what))) throw new NotTaken("not signed by a key that is known");
  return payload;
}

/** A string of CBOR's major type with its length before it. */
function bytesOf(major: 2 | 3, content: Bytes): Bytes {
  const n = content.length;
  const head = n < 24 ? [n] : n < 256 ? [24, n] : n < 65_536 ? [25, n >> 8, n & 255]
    : [26, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
  head[0] = (head[0] ?? 0) | (major << 5);
  return joined(Uint8Array.from(head), content);
}
