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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, islice
from typing import Any, ClassVar

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from shared.kernel.refusal import Refusal

MOST_ROWS = 50_000
MOST_COLUMNS = 100
MOST_UNPACKED = 64_000_000
_HEADER_WITHIN = 10
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_REMEDY = "请另存为 xlsx，或 UTF-8 的 CSV，再重新上传。Save it as xlsx or as CSV in UTF-8, and send it again."
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

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail, field="file", remedy=_REMEDY, **extra)


Title = str | Sequence[str]
"""How a column is called, or the names of which it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: header -> text. `number` counts from 1 with the header as row 1; `sheet` is "" in CSV."""

    sheet: str
    number: int
    cells: dict[str, str]


def read(content: bytes, *, required: Sequence[Title], instants: bool = False) -> list[Row]:
    """All records of a file.

    The header is the one of the first rows that names most columns: what stands above it is a title. Sheets that are
    hidden, or name few of the columns, are no lists and are left out. A value merged over rows stands in each of them.

    Args:
        content: the file.
        required: columns that a list must have; they are found by their titles, not by position.
        instants: keep the time of day of cells that have one; otherwise such a cell is its day.

    Raises:
        FileUnreadable: and why.
    """
    rows: list[Row] = []
    closest, recognised = [_named(title) for title in required], False
    for sheet, lines in _excel(content) if content.startswith(b"PK\x03\x04") else _csv(content, required):
        numbered = enumerate(lines, start=1)
        top = list(islice(numbered, _HEADER_WITHIN))
        if not any(map(_text, chain.from_iterable(line for _, line in top))):
            continue
        header, titles, missing = _header(top, required)
        if missing and len(missing) * 2 >= len(required) > 1:
            closest = min(closest, missing, key=len)
            continue
        if missing:  # it means to be such a list
            raise _missing(sheet, missing)
        recognised = True
        rows.extend(_records(sheet, titles, chain(top[header + 1 :], numbered), instants=instants))
        if len(rows) > MOST_ROWS:
            raise FileUnreadable(
                f"超过 {MOST_ROWS} 行，请拆分文件。More than {MOST_ROWS} rows; split the file."
            )
    if not recognised:
        raise _missing("", closest)
    if not rows:
        raise FileUnreadable("文件没有数据行。The file holds no rows.")
    return rows


def plain(text: str) -> str:
    """Text as it is compared and kept: full-width forms folded, control characters and outer blanks gone."""
    folded = unicodedata.normalize("NFKC", text)
    return _WHITE.sub(
        " ", "".join(c for c in folded if c.isspace() or unicodedata.category(c)[0] != "C")
    ).strip()


def _named(title: Title) -> str:
    return title if isinstance(title, str) else title[0]


def _names(titles: Sequence[Title]) -> dict[str, str]:
    """Every name of these columns, by itself without blanks."""
    names = [name for title in titles for name in ([title] if isinstance(title, str) else title)]
    return {_WHITE.sub("", name): name for name in names}


def _missing(sheet: str, missing: Sequence[str]) -> FileUnreadable:
    where, english = (f"工作表“{sheet}”", f"of the sheet {sheet} ") if sheet else ("文件", "")
    return FileUnreadable(
        f"{where}缺少列：{'、'.join(missing)}。Columns {english}are missing: {', '.join(missing)}.",
        missing=list(missing),
    )


def _header(
    top: Sequence[tuple[int, Sequence[object]]], required: Sequence[Title]
) -> tuple[int, list[str], list[str]]:
    """Which of the first rows is the header, with its titles and the columns that it lacks."""
    found: tuple[int, list[str], list[str]] | None = None
    named = _names(required)
    for place, (_, line) in enumerate(top):
        titles = [_title(cell, named) for cell in line]
        there = set(titles)
        missing = [_named(title) for title in required if there.isdisjoint(_names([title]).values())]
        if found is None or len(missing) < len(found[2]):
            found = place, titles, missing
    assert found is not None  # noqa: S101 -- there is a row with content
    _, titles, _ = found
    if repeated := [title for title in titles if title in named.values() and titles.count(title) > 1]:
        raise FileUnreadable(
            f"表头“{repeated[0]}”出现两次，请只保留一列。The column {repeated[0]} stands there twice; keep one."
        )
    return found


def _title(cell: object, named: Mapping[str, str]) -> str:
    """A header as it is known, without blanks in it and `*`, which marks required columns in some templates."""
    text = _text(cell).strip("* ")
    return named.get(_WHITE.sub("", text), text)


def _records(
    sheet: str, titles: Sequence[str], lines: Iterable[tuple[int, Sequence[object]]], *, instants: bool
) -> Iterator[Row]:
    for number, line in lines:
        cells = {
            name: _text(cell, instants=instants) for name, cell in zip(titles, line, strict=False) if name
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


def _csv(content: bytes, required: Sequence[Title]) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    if content.startswith(_OLD_EXCEL):
        raise FileUnreadable(
            "这是旧版 .xls 或加密的工作簿。This is an old .xls file or an encrypted workbook."
        )
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):  # GB 18030 reads every GBK file
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        named = _names(required)
        top = "\n".join(text[:20_000].splitlines()[:_HEADER_WITHIN])
        separator = max(
            ",\t;",
            key=lambda one: sum(
                _title(part.strip('"'), named) in named.values() for part in re.split(f"[{one}\n]", top)
            ),
        )
        yield "", _csv_lines(text, separator)
        return
    raise FileUnreadable(
        "文件编码无法识别，请另存为 UTF-8 或 GBK 的 CSV，或 xlsx。"
        "The encoding is neither UTF-8 nor GBK; save as CSV in one of these, or as xlsx."
    )


def _csv_lines(text: str, separator: str) -> Iterator[Sequence[object]]:
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if len(line) > MOST_COLUMNS:
                raise FileUnreadable(f"超过 {MOST_COLUMNS} 列。More than {MOST_COLUMNS} columns.")
            yield line
    except csv.Error as error:
        raise FileUnreadable("不是有效的 CSV 文件。This is not a valid CSV file.") from error


def _excel(content: bytes) -> Iterator[tuple[str, Iterator[Sequence[object]]]]:
    try:
        _check_size(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for about in book.sheets_metadata:
            if about.visible is SheetVisibleEnum.Visible:
                yield about.name, iter(_filled(book.get_sheet_by_name(about.name)))
    except _BROKEN as error:
        raise FileUnreadable("不是有效的 Excel 文件（xlsx）。This is not a valid xlsx file.") from error


def _filled(sheet: CalamineSheet) -> list[list[Any]]:
    """The rows; a value merged over several stands in each of them that has anything else."""
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    left = MOST_ROWS * MOST_COLUMNS
    for (top, column), (bottom, _) in sheet.merged_cell_ranges or ():
        left -= bottom - top
        if left < 0:
            raise _too_large()
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row) and row[column] == "" and any(cell != "" for cell in row):
                row[column] = rows[top][column]
    return rows


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
            raise _too_large()


def _too_large() -> FileUnreadable:
    return FileUnreadable(
        f"工作表过大（最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列）。"
        f"A sheet is larger than {MOST_ROWS} rows or {MOST_COLUMNS} columns."
    )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
