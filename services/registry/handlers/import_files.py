"""Reading an office's file: Excel with several sheets, or CSV in whatever encoding it was saved (R4.2, P6).

Finds out by itself what the file is. Rows keep the numbers that the clerk sees in the spreadsheet.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from services.registry.domain.cells import Cell, compact
from services.registry.domain.import_rows import COLUMNS, RawRow

MAX_UNPACKED = 512_000_000
"""Bytes that an xlsx may unpack to: a file of 64 MB can hide terabytes."""
_HEADER_WITHIN = 10
"""Rows in which the header is looked for: real lists have a title above it."""
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SEPARATORS = ",\t;"


class UnreadableFileError(Exception):
    """The file as a whole cannot be imported; `code` is stable, `detail` is for people and quotes no cell."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    rows: Sequence[Sequence[Cell]]


def read_rows(kind: str, content: bytes) -> list[RawRow]:
    """All data rows of a file, in order; rows without any content are left out.

    Raises:
        UnreadableFileError: it is no spreadsheet, or no sheet has the columns of this kind of list.
    """
    sheets = _excel(content) if content.startswith(_EXCEL) else _csv(kind, content)
    wanted = COLUMNS[kind]
    rows: list[RawRow] = []
    recognised = False
    closest: tuple[str, ...] = wanted
    for sheet in sheets:
        header, columns = _header(sheet.rows, wanted)
        missing = tuple(column for column in wanted if column not in columns)
        if missing:
            closest = min(closest, missing, key=len)
            if len(missing) * 2 < len(wanted):  # it means to be such a list: refuse rather than skip it
                raise _headers_missing(sheet.name, missing)
            continue
        recognised = True
        rows += _data(sheet, header, columns)
    if not recognised:
        raise _headers_missing("", closest)
    return rows


def _headers_missing(sheet: str, missing: Iterable[str]) -> UnreadableFileError:
    named = "、".join(missing)
    where = f"工作表“{sheet}”" if sheet else "文件"
    return UnreadableFileError("headers_missing", f"{where}缺少列：{named}。Columns are missing: {named}.")


def _header(rows: Sequence[Sequence[Cell]], wanted: Sequence[str]) -> tuple[int, dict[str, int]]:
    """Which of the first rows is the header: the one that names most of the wanted columns."""
    best, found = 0, dict[str, int]()
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
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


def _data(sheet: _Sheet, header: int, columns: dict[str, int]) -> Iterator[RawRow]:
    for place in range(header + 1, len(sheet.rows)):
        cells = sheet.rows[place]
        if any(cell not in {"", None} for cell in cells):
            yield RawRow(sheet.name, place + 1, columns, cells)


def _excel(content: bytes) -> Iterator[_Sheet]:
    try:
        if content.startswith(_EXCEL[0]):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                    raise UnreadableFileError(
                        "file_too_large", "文件解压后过大，请拆分后再导入。Too large when unpacked; split it."
                    )
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.start is not None:
                yield _Sheet(
                    name, list(sheet.iter_rows())
                )  # from the sheet's first row on, also where it is empty
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise UnreadableFileError(
            "file_unreadable",
            "不是可读取的 Excel 文件（可能已加密或损坏）。Not a readable workbook; is it encrypted or damaged?",
        ) from error


def _csv(kind: str, content: bytes) -> Iterator[_Sheet]:
    text = _decoded(content)
    lines = text[:20_000].splitlines()[:_HEADER_WITHIN]
    separator = max(_SEPARATORS, key=lambda one: _named(lines, one, COLUMNS[kind]))
    try:
        rows: list[list[Cell]] = [
            list(record) for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        ]
    except csv.Error as error:
        raise UnreadableFileError("file_unreadable", "CSV 格式有误。Not a readable CSV file.") from error
    yield _Sheet("", rows)


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
