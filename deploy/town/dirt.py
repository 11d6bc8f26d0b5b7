"""The faults of real files, put in on purpose, each with the answer that an importer must find (P6)."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from math import ceil
from random import Random
from typing import TypeVar

from deploy.town import documents
from deploy.town.tables import Blemish, Cell, Expect, Line

#: Share of a file's rows per fault; the duplicates that come on top must not push it under 2 %.
FAULT_SHARE = 0.0225
#: Share per kind of duplicate, of which there are two: together above 1 % of all rows.
DUPLICATE_SHARE = 0.0054

DOCUMENT_SCIENTIFIC = "document_scientific"
DATE_IMPOSSIBLE = "date_impossible"
DATE_SERIAL = "date_serial"
FULL_WIDTH = "full_width"
DOCUMENT_SPACES = "document_spaces"
DOCUMENT_LOWER_CASE = "document_lower_case"
DOCUMENT_CHECKSUM = "document_checksum"
ROOM_MISSING = "room_missing"
COMPOUND_UNKNOWN = "compound_unknown"
SITE_KIND_UNKNOWN = "site_kind_unknown"
DUPLICATE_EXACT = "duplicate_exact"
DUPLICATE_REFORMATTED = "duplicate_reformatted"
DUPLICATE = "duplicate"

_UNKNOWN = (("lj-077", "东湖别墅"), ("lj-061", "和平里"), ("LJ-O12", "金桂花圆"), ("kl-003", "花桥小区"))
_ODD_SITE_KINDS = ("其他", "楼顶", "宠物厕所", "电 梯井道")
_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_EPOCH = date(1899, 12, 30)  # Excel's 1900 system, as it is from 1 March 1900 on

T = TypeVar("T")
#: Spoils the cells of a line about the given subject, or returns None because the line does not qualify.
Spoil = Callable[[list[Cell], T, Random], Blemish | None]


def wide(text: str) -> str:
    """Digits as a Chinese input method leaves them in full-width mode."""
    return text.translate(_WIDE)


def narrow(text: str) -> str:
    """The half-width form again."""
    return unicodedata.normalize("NFKC", text)


def serial(day: date) -> int:
    """A day as Excel's serial number."""
    return (day - _EPOCH).days


def scientific(number: str) -> str:
    """An ID after Excel has shown it once: `3.28801E+17`."""
    return f"{int(number):.5E}"


def fifteen_left(number: str) -> float:
    """An ID after Excel has stored it as a number: 15 digits are left."""
    return float(int(number[:15]) * 1000)


def spaced(number: str, rng: Random) -> str:
    """A document number with the blanks that hands and copy-and-paste put in."""
    form = int(rng.random() * 4)
    if form == 0:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    return (f" {number}", f"{number}　", f"\t{number}")[form - 1]


def wrong_digit(number: str, rng: Random) -> str:
    """An 18-digit number with one digit changed; one change always breaks the checksum."""
    place = rng.choice((14, 15, 16, 17))
    others = [digit for digit in "0123456789" if digit != number[place]]
    return number[:place] + rng.choice(others) + number[place + 1 :]


def impossible_day(day: date, rng: Random) -> str:
    """A date that does not exist, near a real one: mostly 30 February."""
    tail = rng.choice(("02-30", "02-30", "02-30", "04-31", "02-29"))
    year = day.year - (day.year % 4 == 0) if tail == "02-29" else day.year
    return f"{year}-{tail}"


def unknown_compound(cells: list[Cell], at: int, rng: Random) -> Blemish:
    """Put the line into a compound that nobody has; `at` is the column of 小区编号, 小区 follows it."""
    cells[at : at + 2] = rng.choice(_UNKNOWN)
    return Blemish("小区编号", COMPOUND_UNKNOWN, Expect.REJECT, COMPOUND_UNKNOWN, None)


def odd_site_kind(rng: Random) -> str:
    """A kind of site that is not on the list."""
    return rng.choice(_ODD_SITE_KINDS)


def soil(lines: Sequence[Line], subjects: Sequence[T], spoils: Iterable[Spoil[T]], rng: Random) -> None:
    """Put each fault on its share of the lines; a line gets at most one.

    A spoiler returns `None` when the line does not qualify (a passport has no check digit); then another line
    is tried.
    """
    order = list(range(len(lines)))
    rng.shuffle(order)
    wanted = ceil(len(lines) * FAULT_SHARE)
    for spoil in spoils:
        left: list[int] = []
        done = 0
        for index in order:
            if done < wanted:
                blemish = spoil(lines[index].cells, subjects[index], rng)
                if blemish is not None:
                    lines[index].blemish = blemish
                    done += 1
                    continue
            left.append(index)
        order = left


def intrude(
    lines: Sequence[Line], intruders: Iterable[Callable[[list[Cell], Random], Blemish]], rng: Random
) -> list[Line]:
    """The lines with bad ones between them: spoiled copies, so that nothing right goes missing."""
    wanted = ceil(len(lines) * FAULT_SHARE)
    extra: dict[int, list[Line]] = {}
    for spoil in intruders:
        for _ in range(wanted):
            cells = list(rng.choice(lines).cells)
            blemish = spoil(cells, rng)
            extra.setdefault(rng.randrange(len(lines)), []).append(Line(cells, blemish))
    return [entry for index, line in enumerate(lines) for entry in (line, *extra.get(index, ()))]


def repeat(lines: list[Line], respell: Callable[[list[Cell], Random], list[Cell]], rng: Random) -> list[Line]:
    """The lines with duplicates put in, each after its original and never of a faulty line."""
    clean = [index for index, line in enumerate(lines) if line.blemish is None]
    wanted = ceil(len(lines) * DUPLICATE_SHARE)
    after: dict[int, list[Line]] = {}
    for number, index in enumerate(rng.sample(clean, min(len(clean), 2 * wanted))):
        exact = number < wanted
        cells = list(lines[index].cells) if exact else respell(list(lines[index].cells), rng)
        fault = DUPLICATE_EXACT if exact else DUPLICATE_REFORMATTED
        copy = Line(cells, Blemish("", fault, Expect.DUPLICATE, DUPLICATE, None))
        place = min(len(lines) - 1, index + int(rng.random() * 40))
        after.setdefault(place, []).append(copy)
    return [entry for index, line in enumerate(lines) for entry in (line, *after.get(index, ()))]


def respell_phone(phone: str, rng: Random) -> str:
    """The same phone as another clerk writes it."""
    split = (phone[:3], phone[3:7], phone[7:])
    return rng.choice(("+86 " + "-".join(split), " ".join(split), "-".join(split), wide(phone)))


def respell_document(kind: str, number: str, rng: Random) -> str:
    """The same document as another clerk writes it."""
    if kind == documents.RESIDENT_ID and number.endswith("X"):
        return rng.choice((number.lower(), f" {number}", wide(number)))
    return rng.choice((f"{number} ", f"{number[:6]} {number[6:]}", wide(number)))
