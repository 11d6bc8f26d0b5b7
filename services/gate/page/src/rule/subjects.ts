/** Names and rooms in one spelling, as services/gate/domain/subjects.py has them. */
import { DOUBLE_SURNAMES } from "./words";

const plain = (text: string): string => text.normalize("NFKC").trim();
/** Characters, also those that take two units. */
const characters = (text: string): string[] => Array.from(text);
const isHan = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0;
  return (code >= 0x3400 && code <= 0x9fff) || (code >= 0x20000 && code <= 0x3ffff);
};

/** The surname in a name; where it is not a Chinese one the first word. */
export function surnameOf(name: string): string {
  const text = plain(name);
  const [one = "", two = ""] = characters(text);
  if (isHan(one)) return DOUBLE_SURNAMES.has(one + two) ? one + two : one;
  return text.split(/\s+/)[0] ?? "";
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
