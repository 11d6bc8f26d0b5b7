"""Writing tables as files: xlsx and CSV that Excel opens rightly (R4.2).

Texts are never formulas. An xlsx keeps them as texts. In a CSV a text that a spreadsheet would calculate gets an
apostrophe in front, which a reader takes off again (`cells.defused`, `cells.plain`).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from shared.kernel.cells import Cell, defused, digits_lost, text_of
from shared.kernel.workbooks import WorkbookWriter

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

FileFormat = Literal["xlsx", "csv"]
DocumentFormat = Literal["xlsx", "csv", "txt", "pdf"]
"""A table, or what is read and printed."""
MEDIA_TYPES: dict[DocumentFormat, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
}
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


class TableWriter(Protocol):
    """Takes a table's rows as they come and makes the file at the end. Blocks: feed it in a thread."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write further rows."""

    def finish(self) -> bytes:
        """The file; nothing can be added any more."""


def writer(name: str, header: Sequence[str], how: FileFormat) -> TableWriter:
    """Begin a file of any length."""
    return CsvWriter(header) if how == "csv" else WorkbookWriter(name, header)


def write(table: Table, how: FileFormat) -> bytes:
    """A table as a file. Blocks: call it in a thread."""
    file = writer(table.name, table.header, how)
    file.add(table.rows)
    return file.finish()


class CsvWriter:
    """A table as CSV with a byte order mark, by which Excel knows the encoding."""

    def __init__(self, header: Sequence[str]) -> None:
        self._out = io.StringIO(newline="")
        self._lines = csv.writer(self._out, lineterminator="\r\n")
        self.add([header])

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write further rows."""
        self._lines.writerows([defused(_text(cell)) for cell in row] for row in rows)

    def finish(self) -> bytes:
        """The file."""
        return self._out.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    """A text as it is; a number whose last digits are gone stays recognisable as one."""
    if isinstance(cell, str):
        return cell
    return f"{cell:E}" if isinstance(cell, float) and digits_lost(cell) else text_of(cell)


def workbook(out: io.BytesIO) -> "Workbook":
    """A workbook whose texts stay texts; it is written when it is closed."""
    import xlsxwriter  # noqa: PLC0415  # a twentieth of every start, for what most processes never write

    return xlsxwriter.Workbook(out, OPTIONS)


def add_sheet(book: "Workbook", name: str, header: Sequence[str]) -> "Worksheet":
    """A sheet with its header; every column is text, so that long numbers are kept as they are typed."""
    sheet = book.add_worksheet(name)
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "num_format": "@"})
    for place, title in enumerate(header):
        sheet.set_column(place, place, max(12, 2 * len(title) + 2), text)
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 0)
    return sheet
