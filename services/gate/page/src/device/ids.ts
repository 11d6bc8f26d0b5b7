/** UUIDv7 (RFC 9562), in the order in which they were made. */
let last = 0;
let count = 0;

export function uuid7(): string {
  const now = Date.now();
  if (now > last) [last, count] = [now, (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) & 0x7ff];
  else if (++count > 0xfff) [last, count] = [last + 1, 0];
  const tail = crypto.getRandomValues(new Uint8Array(8));
  tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(tail, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = last.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, "0")}-${hex.slice(0, 4)}-${hex.slice(4)}`;
}
