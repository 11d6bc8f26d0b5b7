/** Names and rooms in one spelling, as services/gate/domain/subjects.py has them. */
import { DOUBLE_SURNAMES } from "./words";

const plain = (text: string): string => text.normalize("NFKC").trim();
/** Characters, also those that take two units. */
const characters = (text: string): string[] => Array.from(text);
const isHan = (text: string): boolean => text.length === 1 && text >= "\u3400" && text <= "\u9fff";

/** The surname in a name, or the name itself where it is not a Chinese one. */
export function surnameOf(name: string): string {
  const text = plain(name);
  const first = characters(text).slice(0, 2).join("");
  if (DOUBLE_SURNAMES.has(first)) return first;
  const one = characters(text)[0] ?? "";
  return isHan(one) ? one : text;
}

/** The surname with a star for the rest, as a guard sees it. */
export function masked(name: string): string {
  const surname = surnameOf(name);
  const first = characters(surname)[0] ?? "";
  return `${isHan(first) ? surname : first}*`;
}

/** Numbers, letters, and what tells two units or buildings apart where they have no number. */
const ROOM_PART = /[0-9]+|[A-Z]+|[东南西北中前后左右上下甲乙丙丁](?=单元|[幢栋楼座号区门户室]|[\s\-/]|$)/g;

/** `3幢1单元502室` and `3-1-502` are the same room. */
export function roomKey(room: string): string {
  const parts = plain(room).toUpperCase().match(ROOM_PART) ?? [];
  return parts.map((part) => part.replace(/^0+/, "") || "0").join("-");
}
