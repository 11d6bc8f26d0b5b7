"""How names, rooms and documents are brought into one spelling, and how little of them a guard sees (Data and law)."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from shared.kernel.identities import sought_numbers

# The usual surnames of two characters; all others have one.
DOUBLE_SURNAMES = frozenset(
    {"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒"}
) | {
    *("夏侯", "长孙", "宇文", "轩辕", "端木", "南宫", "独孤", "司空", "百里", "东郭"),
}
_DOCUMENT_NOISE = re.compile(r"[\s\-_.()]+")
_ROOM_PART = re.compile(
    # Numbers, letters, and what tells two units or buildings apart without a number: `东单元`, `甲幢`, `3-东-502`.
    r"[0-9]+|[A-Z]+|[东南西北中前后左右上下甲乙丙丁](?=单元|[幢栋楼座号区门户室]|[\s\-/]|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What gate needs of a person: enough to find and to recognise, nothing more.

    `homes` are pairs of compound and room (building-unit-room); `documents` are numbers as the registry spells them;
    `vehicles` are pairs of vehicle and plate.
    """

    surname: str
    homes: tuple[tuple[str, str], ...]
    documents: tuple[str, ...]
    vehicles: tuple[tuple[UUID, str], ...] = ()

    @property
    def rooms(self) -> dict[str, str]:
        """The room to show by compound: of several in one compound the first."""
        return dict(reversed(self.homes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """What the guard's screen shows of a person: surname + `*`, and the room here, if they live here."""

    surname: str
    room: str | None


def surname_of(name: str) -> str:
    """The surname in a name; where it is not a Chinese one the first word, as the registry has it on its cards."""
    name = _plain(name)
    if _is_han(name[:1]):
        return name[:2] if name[:2] in DOUBLE_SURNAMES else name[:1]
    return name.split(maxsplit=1)[0] if name else ""


def masked(surname: str) -> str:
    """The surname with a star for the rest: `王*`. A name in Latin script keeps its first letter only."""
    surname = surname_of(surname)
    return f"{surname if _is_han(surname[:1]) else surname[:1]}*"


def document_key(number: str) -> str:
    """A document number in the one spelling under which it is looked up: no spaces, upper case, half width."""
    return _DOCUMENT_NOISE.sub("", _plain(number)).upper()


def document_keys(number: str) -> tuple[str, ...]:
    """Every spelling under which a card may hold the document that somebody typed (Identity, P3).

    Cards spell documents as the registry does: an old resident ID with 18 digits, a travel permit without its count.
    """
    return sought_numbers(document_key(number))


def room_key(compound: str, room: str, surname: str) -> str:
    """Where someone of a surname lives, in one spelling: `3幢1单元502室` and `3-1-502` are the same room.

    What else stands there, such as the compound's name, is no part of it.
    """
    parts = (part.lstrip("0") or "0" for part in _ROOM_PART.findall(_plain(room).upper()))
    return f"{compound}|{'-'.join(parts)}|{surname_of(surname).upper()}"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _is_han(text: str) -> bool:
    """Also a rare character, which lies beyond the sixteen-bit plane."""
    return len(text) == 1 and ("\u3400" <= text <= "\u9fff" or "\U00020000" <= text <= "\U0003ffff")
