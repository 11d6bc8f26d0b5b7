"""Cells of an uploaded CSV or Excel file, as text, with the row numbers that its reader sees.

BOM, GBK and Excel's number cells are ordinary here. What no office would send (a spreadsheet that unpacks to
gigabytes, a cell in row 1,048,576) is refused before it is unpacked.
"""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar

from python_calamine import CalamineError, CalamineWorkbook

from shared.kernel.refusal import Refusal

MOST_ROWS = 50_000
MOST_COLUMNS = 100
MOST_UNPACKED = 64_000_000
_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_WHITE = re.compile(r"\s+")
_BROKEN = (  # what a damaged or made-up spreadsheet ends in, by trying
    CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
)


class FileUnreadable(Refusal):
    """Not a CSV or xlsx file, or one without the columns that are needed."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "file_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: header -> text. `number` counts from 1 with the header as row 1; `sheet` is "" in CSV."""

    sheet: str
    number: int
    cells: dict[str, str]


def read(content: bytes, *, required: Sequence[str], instants: bool = False) -> list[Row]:
    """All records of a file.

    Args:
        content: the file.
        required: headers that every sheet with data must have; columns are found by header, not by position.
        instants: keep the time of day of cells that have one; otherwise such a cell is its day.

    Raises:
        FileUnreadable: and why.
    """
    sheets = _excel(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    rows: list[Row] = []
    for sheet, lines in sheets:
        rows.extend(_records(sheet, lines, required, instants=instants))
        if len(rows) > MOST_ROWS:
            raise FileUnreadable(
                f"超过 {MOST_ROWS} 行，请拆分文件。More than {MOST_ROWS} rows; split the file."
            )
    if not rows:
        raise FileUnreadable("文件没有数据行。The file holds no rows.")
    return rows


def plain(text: str) -> str:
    """Text as it is compared and kept: full-width forms folded, control characters and outer blanks gone."""
    folded = unicodedata.normalize("NFKC", text)
    return _WHITE.sub(
        " ", "".join(c for c in folded if c.isspace() or unicodedata.category(c)[0] != "C")
    ).strip()


def _records(
    sheet: str, lines: Iterator[Sequence[object]], required: Sequence[str], *, instants: bool
) -> Iterator[Row]:
    headers = [_text(cell) for cell in next(lines, ())]
    if not any(headers):
        return
    if missing := [name for name in required if name not in headers]:
        raise FileUnreadable(
            f"缺少列：{'、'.join(missing)}。Columns are missing: {', '.join(missing)}.", missing=missing
        )
    for number, line in enumerate(lines, start=2):
        cells = {
            name: _text(cell, instants=instants) for name, cell in zip(headers, line, strict=False) if name
        }
        if any(cells.values()):
            yield Row(sheet=sheet, number=number, cells=cells)


def _text(cell: object, *, instants: bool = False) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if instants and cell.time() != time(0):
            return cell.isoformat(sep=" ", timespec="seconds")
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return plain(str(cell))


def _csv(content: bytes) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    for encoding in ("utf-8-sig", "gb18030"):  # GB 18030 reads every GBK file
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        yield "", _csv_lines(text)
        return
    raise FileUnreadable(
        "文件编码无法识别，请另存为 UTF-8 或 GBK 的 CSV，或 xlsx。"
        "The encoding is neither UTF-8 nor GBK; save as CSV in one of these, or as xlsx."
    )


def _csv_lines(text: str) -> Iterator[Sequence[object]]:
    try:
        for line in csv.reader(io.StringIO(text, newline="")):
            if len(line) > MOST_COLUMNS:
                raise FileUnreadable(f"超过 {MOST_COLUMNS} 列。More than {MOST_COLUMNS} columns.")
            yield line
    except csv.Error as error:
        raise FileUnreadable("不是有效的 CSV 文件。This is not a valid CSV file.") from error


def _excel(content: bytes) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    try:
        _check_size(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            yield name, iter(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
    except _BROKEN as error:
        raise FileUnreadable("不是有效的 Excel 文件（xlsx）。This is not a valid xlsx file.") from error


def _check_size(content: bytes) -> None:
    """Look at the sizes before the reader lays a whole sheet out in memory."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        left = MOST_UNPACKED
        for part in archive.infolist():
            with archive.open(part) as file:  # sizes in the directory may lie
                data = file.read(left + 1)
            left -= len(data)
            if left < 0:
                raise FileUnreadable("文件展开后过大。The file unpacks to too much.")
            if part.filename.startswith("xl/worksheets/"):
                _check_cells(data)


def _check_cells(data: bytes) -> None:
    for column, row in _CELL.findall(data):
        if int(row) > MOST_ROWS or _column(column) > MOST_COLUMNS:
            raise FileUnreadable(
                f"工作表过大（最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列）。"
                f"A sheet is larger than {MOST_ROWS} rows or {MOST_COLUMNS} columns."
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
