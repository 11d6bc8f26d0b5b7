"""Reading an office's file: Excel with several sheets, or CSV in whatever encoding it was saved (R4.2, P6).

Finds out by itself what the file is. Rows keep the numbers that the clerk sees in the spreadsheet. What is left out
is said: sheets that are hidden or no such list, columns that the list does not have, rows without content.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from services.registry.domain.import_rows import COLUMNS, RawRow
from services.registry.domain.list_columns import GUIDES
from services.registry.handlers.list_files import ADDED_COLUMNS, NOTES_SHEET
from services.registry.handlers.workbooks import (
    MAX_COLUMNS,
    MAX_ROWS,
    OpenSheet,
    UnreadableFileError,
    is_workbook,
    sheets_of,
    too_long,
    too_wide,
)
from shared.kernel.cells import Cell, compact, plain
from shared.kernel.workbooks import column_letter

_HEADER_WITHIN = 10
"""Rows in which the header is looked for: real lists have a title above it."""
_SEPARATORS = ",\t;"
_LONGEST_FIELD = 131_072
MOST_REMARKS = 200


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was left out: where and why. `place` is a column's letter or a number of rows."""

    sheet: str
    place: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """The data rows of a file in order, and what was left out."""

    rows: list[RawRow]
    remarks: list[Remark]


def read_file(kind: str, content: bytes) -> ReadFile:
    """All data rows of a file, and what was left out of it.

    Raises:
        UnreadableFileError: it is no spreadsheet, or no sheet has the columns of this kind of list.
    """
    wanted = COLUMNS[kind]
    known = {*GUIDES[kind].header, *ADDED_COLUMNS}
    found = ReadFile(rows=[], remarks=[])
    recognised = False
    closest: tuple[str, ...] = wanted
    for sheet in sheets_of(content) if is_workbook(content) else _csv(kind, content):
        if sheet.hidden:
            found.remarks.append(Remark(sheet.name, "", "sheet_hidden"))
            continue
        top = list(islice(sheet.rows, _HEADER_WITHIN))
        header, columns = _header(top, wanted)
        missing = tuple(column for column in wanted if column not in columns)
        if missing:
            closest = min(closest, missing, key=len)
            if len(missing) * 2 < len(wanted):  # it means to be such a list: refuse rather than skip it
                raise _headers_missing(sheet.name, missing)
            if sheet.name != NOTES_SHEET:
                found.remarks.append(Remark(sheet.name, "", "sheet_ignored"))
            continue
        recognised = True
        _read_sheet(sheet, _Top(top, header, columns), found, known)
    if not recognised:
        raise _headers_missing("", closest)
    del found.remarks[MOST_REMARKS:]
    return found


def _headers_missing(sheet: str, missing: Iterable[str]) -> UnreadableFileError:
    named = "、".join(missing)
    where = f"工作表“{sheet}”" if sheet else "文件"
    return UnreadableFileError("headers_missing", f"{where}缺少列：{named}。Columns are missing: {named}.")


def _header(rows: Sequence[Sequence[Cell]], wanted: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Which of the first rows is the header: the one that names most of the wanted columns."""
    best, found = 0, dict[str, int]()
    for number, row in enumerate(rows):
        columns: dict[str, int] = {}
        for place, cell in enumerate(row):
            if isinstance(cell, str) and cell:
                columns.setdefault(_title(cell), place)
        if sum(title in columns for title in wanted) > sum(title in found for title in wanted):
            best, found = number, columns
    return best, found


def _title(cell: str) -> str:
    """A header in one spelling; `*` marks required columns in some templates."""
    return compact(cell).strip("*")


@dataclass(frozen=True, slots=True)
class _Top:
    """The first rows of a sheet, which of them is the header, and where each title stands."""

    rows: Sequence[Sequence[Cell]]
    header: int
    columns: dict[str, int]


def _read_sheet(sheet: OpenSheet, top: _Top, found: ReadFile, known: set[str]) -> None:
    columns = top.columns
    for place, cell in enumerate(top.rows[top.header]):
        title = _title(cell) if isinstance(cell, str) else ""
        if title in known and columns[title] != place:
            raise UnreadableFileError(
                "header_repeated",
                f"表头“{title}”出现两次，请只保留一列。The column {title} stands there twice; keep one.",
            )
        if title and title not in known:
            found.remarks.append(Remark(sheet.name, column_letter(place), "column_unknown"))
    blank = 0
    for number, cells in enumerate(top.rows[top.header + 1 :], start=top.header + 2):
        blank += _take(sheet, number, columns, cells, found)
    for number, cells in enumerate(sheet.rows, start=len(top.rows) + 1):
        blank += _take(sheet, number, columns, cells, found)
    if blank:
        found.remarks.append(Remark(sheet.name, str(blank), "rows_blank"))


def _take(
    sheet: OpenSheet, number: int, columns: dict[str, int], cells: Sequence[Cell], found: ReadFile
) -> bool:
    """Keep a row with content; tells whether it has none."""
    if any(cell not in {"", None} for cell in cells):
        found.rows.append(RawRow(sheet.name, number, columns, cells))
        return False
    return True


def _csv(kind: str, content: bytes) -> Iterator[OpenSheet]:
    text = _decoded(content)
    lines = text[:20_000].splitlines()[:_HEADER_WITHIN]
    separator = max(_SEPARATORS, key=lambda one: _named(lines, one, COLUMNS[kind]))
    yield OpenSheet("", _records(text, separator))


def _records(text: str, separator: str) -> Iterator[Sequence[Cell]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for number, record in enumerate(lines):
            if len(record) > MAX_COLUMNS:
                raise too_wide()
            if number > MAX_ROWS:
                raise too_long()
            cells: list[Cell] = [plain(cell) if cell[:1] == "'" else cell for cell in record]
            yield cells
    except csv.Error as error:
        raise UnreadableFileError(
            "file_unreadable",
            f"CSV 格式有误，或有单元格超过 {_LONGEST_FIELD} 字。Not a readable CSV file, or a cell is too long.",
        ) from error


def _named(lines: Sequence[str], separator: str, wanted: Sequence[str]) -> int:
    return max(
        (sum(part.strip('"') in wanted for part in line.split(separator)) for line in lines), default=0
    )


def _decoded(content: bytes) -> str:
    """CSV text: what a byte order mark says, else UTF-8 where it is valid, else GB 18030, which contains GBK."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFileError(
        "encoding_unknown", "文件编码无法识别，请另存为 UTF-8 或 Excel。Save it as UTF-8 or as Excel."
    )
