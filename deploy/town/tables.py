"""Lines, sheets and files: how the register is put on disk."""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import xlsxwriter

#: A cell: text, a number cell (Excel only), a real date cell (Excel only), or nothing.
Cell = str | int | float | date | None
#: Fixed, so that the same town gives the same bytes.
_CREATED = datetime(2020, 2, 24, 9, 0, tzinfo=UTC)


class Encoding(StrEnum):
    """How a file is written."""

    XLSX = "xlsx"
    UTF8_BOM = "utf-8-sig"
    GBK = "gbk"


class Expect(StrEnum):
    """What an importer must do with a line."""

    ACCEPT = "accept"
    ACCEPT_UNVERIFIED = "accept_unverified"
    REJECT = "reject"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Blemish:
    """Why a line is not simply right: one entry of the answer key."""

    column: str
    fault: str
    expect: Expect
    code: str | None
    value: str | None


@dataclass(slots=True)
class Line:
    """One data row, and what is wrong with it."""

    cells: list[Cell]
    blemish: Blemish | None = None


@dataclass(slots=True)
class Sheet:
    """One sheet; a CSV file has exactly one, without a name."""

    name: str
    header: Sequence[str]
    lines: list[Line] = field(default_factory=list)


def write(path: Path, encoding: Encoding, sheets: Sequence[Sheet]) -> str:
    """Write one file and return the SHA-256 of its bytes.

    Raises:
        OSError: the file cannot be written.
        UnicodeEncodeError: a text has no place in GBK, which is a mistake of the generator.
    """
    if encoding is Encoding.XLSX:
        _write_xlsx(path, sheets)
    else:
        _write_csv(path, encoding, sheets[0])
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_csv(path: Path, encoding: Encoding, sheet: Sheet) -> None:
    with path.open("w", encoding=encoding.value, newline="") as text:
        out = csv.writer(text, lineterminator="\r\n")
        out.writerow(sheet.header)
        out.writerows(line.cells for line in sheet.lines)


def _write_xlsx(path: Path, sheets: Sequence[Sheet]) -> None:
    options = {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _CREATED.replace(tzinfo=None)})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            for column, title in enumerate(sheet.header):
                page.write_string(0, column, title)
            for row, line in enumerate(sheet.lines, start=1):
                for column, cell in enumerate(line.cells):
                    if isinstance(cell, str):
                        if cell:
                            page.write_string(row, column, cell)
                    elif isinstance(cell, date):
                        page.write_datetime(row, column, cell, day)
                    elif cell is not None:
                        page.write_number(row, column, cell)
