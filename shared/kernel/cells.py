"""What a cell of an office's list means: text, whole number, day. Pure; says what is wrong by a code (P6).

A cell is what a spreadsheet gives: text, a number (also for room numbers and phones), a date, or nothing.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

Cell = str | float | bool | date | datetime | time | timedelta | None

_BLANKS = re.compile(r"[\s\u200b\ufeff]+")
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[Ee]\+?[0-9]+")
_FIRST_INEXACT = 1e15
"""A spreadsheet's number keeps 15 digits; what stands behind them is invented zeros."""

_DAY = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})[日号]?)"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)
_COMPACT_DAY = re.compile(r"[0-9]{8}")
_SERIAL_DAY = re.compile(r"([0-9]{4,5})(?:\.0+)?")
_EPOCH = date(1899, 12, 30)
"""Excel's day 0 as it is from 1 March 1900 on; four digits begin in 1902."""
_LAST_SERIAL = 73_050  # the end of 2099
_YEARS = range(1900, 2100)


_CALCULATED = frozenset("=+-@\t\r＝＋－＠")
_MARK = "'"


def defused(text: str) -> str:
    """A text as a CSV keeps it: with an apostrophe in front where a spreadsheet would calculate it."""
    return _MARK + text if text[:1] in _CALCULATED or _is_defused(text) else text


def plain(text: str) -> str:
    """A CSV's text as it was before `defused`."""
    return text[1:] if _is_defused(text) else text


def _is_defused(text: str) -> bool:
    """Apostrophes and then a sign that begins a formula."""
    return text[:1] == _MARK and text.lstrip(_MARK)[:1] in _CALCULATED


class CellFault(Exception):  # noqa: N818 -- a finding about the input, not a failure
    """A cell that cannot be read as what its column holds; `code` names the fault, never the value."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text_of(cell: Cell) -> str:
    """The cell's text with half-width characters and without outer blanks; whole numbers without `.0`."""
    if isinstance(cell, str):
        text = cell.strip() if cell.isascii() else unicodedata.normalize("NFKC", cell).strip()
        return text.replace("\0", "") if "\0" in text else text  # a database keeps no NUL
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime) and cell.time() == time(0):
        return cell.date().isoformat()
    return str(cell)


def compact(cell: Cell) -> str:
    """The cell's text without any blank inside."""
    text = text_of(cell)
    return text if text.isalnum() else _BLANKS.sub("", text)


def code_of(cell: Cell) -> str:
    """An identifier of a place: compact and in lower case."""
    return compact(cell).lower()


def digits_lost(cell: Cell) -> bool:
    """Whether a long number went through a spreadsheet's number and its last digits are gone.

    Either as text in scientific notation (`3.28801E+17`) or as a number of more than 15 digits.
    """
    if isinstance(cell, float):
        return abs(cell) >= _FIRST_INEXACT
    return isinstance(cell, str) and bool(_SCIENTIFIC.fullmatch(compact(cell)))


def day_of(cell: Cell) -> date:
    """The day in a cell: a date, a text in one of the usual forms, or Excel's serial day (1900 system).

    Raises:
        CellFault: `value_missing`; `date_impossible`, a day that no calendar has; `date_unreadable`.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    if not text:
        raise CellFault("value_missing")
    if found := _DAY.fullmatch(text) or _DAY.fullmatch(_BLANKS.sub("", text)):
        year, dashed_month, dashed_day, month, day = found.groups()
        return _calendar_day(int(year), int(dashed_month or month), int(dashed_day or day))
    if _COMPACT_DAY.fullmatch(text):
        return _calendar_day(int(text[:4]), int(text[4:6]), int(text[6:]))
    if (found := _SERIAL_DAY.fullmatch(text)) and isinstance(cell, float | str):
        return _serial_day(int(found[1]), is_number=isinstance(cell, float))
    raise CellFault("date_unreadable")


def _calendar_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise CellFault("date_impossible") from None


def _serial_day(serial: int, *, is_number: bool) -> date:
    """Excel's day; a text of four digits between 1900 and 2099 may as well be a year, so it is not guessed."""
    if serial > _LAST_SERIAL or (not is_number and serial in _YEARS):
        raise CellFault("date_unreadable")
    return _EPOCH + timedelta(days=serial)


def whole_number_of(cell: Cell) -> int | None:
    """A whole number from 0 up, or nothing for an empty cell.

    Raises:
        CellFault: `number_malformed`.
    """
    text = compact(cell).replace(",", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise CellFault("number_malformed")
    return int(text)
