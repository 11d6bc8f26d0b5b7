"""Writing tables as files: xlsx and CSV that Excel opens rightly (R4.2).

Texts are never formulas. An xlsx keeps them as texts. In a CSV a text that a spreadsheet would calculate gets an
apostrophe in front, which a reader takes off again (`cells.defused`, `cells.plain`).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Literal

import xlsxwriter

from shared.kernel.cells import Cell, defused, digits_lost, text_of

FileFormat = Literal["xlsx", "csv"]
MEDIA_TYPES: dict[FileFormat, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_FIRST_YEAR = 1900
LONGEST_CELL = 32_767  # a workbook drops the cell otherwise
OPTIONS = {
    "in_memory": True,  # temporary files would lie on the disk in the clear
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet: its name, its header and its lines."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write(table: Table, how: FileFormat) -> bytes:
    """A table as a file. Blocks: call it in a thread."""
    return as_csv(table) if how == "csv" else _xlsx(table)


def as_csv(table: Table) -> bytes:
    """A table as CSV with a byte order mark, by which Excel knows the encoding."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defused(title) for title in table.header])
    writer.writerows([defused(_text(cell)) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    """A text as it is; a number whose last digits are gone stays recognisable as one."""
    if isinstance(cell, str):
        return cell
    return f"{cell:E}" if isinstance(cell, float) and digits_lost(cell) else text_of(cell)


def _xlsx(table: Table) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, OPTIONS) as book:
        sheet = add_sheet(book, table.name, table.header)
        for number, row in enumerate(table.rows, start=1):
            for place, cell in enumerate(row):
                _put(sheet, number, place, cell)
    return content.getvalue()


def add_sheet(book: xlsxwriter.Workbook, name: str, header: Sequence[str]) -> xlsxwriter.workbook.Worksheet:
    """A sheet with its header; every column is text, so that long numbers are kept as they are typed."""
    sheet = book.add_worksheet(name)
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "num_format": "@"})
    for place, title in enumerate(header):
        sheet.set_column(place, place, max(12, 2 * len(title) + 2), text)
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _put(sheet: xlsxwriter.workbook.Worksheet, row: int, place: int, cell: Cell) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, place, cell)
    elif isinstance(cell, int | float) and isfinite(cell):
        sheet.write_number(row, place, cell)
    elif isinstance(cell, date | datetime) and cell.year >= _FIRST_YEAR:
        sheet.write_datetime(row, place, cell)
    else:
        sheet.write_string(row, place, str(cell)[:LONGEST_CELL])
