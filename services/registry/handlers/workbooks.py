"""Opening workbooks that strangers made: bounded before they are unpacked, hidden sheets told apart (R4.2, P6).

A workbook is a zip of XML. What it claims about its size is not believed: it is unpacked once to count, and a cell
with a value far right or far down is found before the reader makes room for everything in between.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from shared.kernel.cells import Cell

MAX_UNPACKED = 512_000_000
"""Bytes that an xlsx may unpack to: a file of 64 MB can hide terabytes."""
MAX_COLUMNS = 100
MAX_ROWS = 200_000
"""Of one sheet; a town of 130,000 people fits."""
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_CHUNK, _OVERLAP = 1_000_000, 512
# References beyond column CV or row 199,999 of cells that hold something; `/>` ends a cell that has only a format.
_FAR = re.compile(
    rb"""\br=["'](?:(?P<wide>[A-Z]{3,}|[D-Z][A-Z]|C[W-Z])[0-9]+|[A-Z]+(?:[2-9][0-9]{5}|[0-9]{7,}))["'][^>]*[^/>]>"""
)


class UnreadableFileError(Exception):
    """The file as a whole cannot be imported; `code` is stable, `detail` is for people and quotes no cell."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """A sheet with its rows from the first one of the spreadsheet on; a CSV has one without a name."""

    name: str
    rows: Iterator[Sequence[Cell]]
    hidden: bool = False


def is_workbook(content: bytes) -> bool:
    """Whether the bytes begin like a workbook, new or old."""
    return content.startswith((_ZIP, _OLD_EXCEL))


def sheets_of(content: bytes) -> Iterator[OpenSheet]:
    """The sheets of a workbook that have any cell.

    Raises:
        UnreadableFileError: it is damaged, encrypted, of the old kind, or too large.
    """
    if content.startswith(_OLD_EXCEL):
        raise UnreadableFileError(
            "xls_refused",
            "这是旧版 .xls 或加密的工作簿，请去掉密码并另存为 .xlsx。"
            "An old .xls or an encrypted workbook: remove the password and save it as .xlsx.",
        )
    try:
        _measure(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for about in book.sheets_metadata:
            sheet = book.get_sheet_by_name(about.name)
            if sheet.start is not None:
                hidden = about.visible is not SheetVisibleEnum.Visible
                yield OpenSheet(about.name, _filled(sheet), hidden)
    except (CalamineError, zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(
            "file_unreadable",
            "不是可读取的 Excel 文件（可能已加密或损坏）。Not a readable workbook; is it encrypted or damaged?",
        ) from error


def _measure(content: bytes) -> None:
    """Unpack once, piece by piece, and keep nothing.

    Raises:
        UnreadableFileError: too large, too wide or too long.
    """
    left = MAX_UNPACKED
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            tail = b""
            sheet = entry.filename.lower().startswith("xl/worksheets/")
            with archive.open(entry) as packed:
                while piece := packed.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise too_large()
                    if sheet and (far := _FAR.search(tail + piece)):
                        raise too_wide() if far["wide"] else too_long()
                    tail = piece[-_OVERLAP:]


def too_large() -> UnreadableFileError:
    """The refusal of a file that unpacks to too much."""
    return UnreadableFileError(
        "file_too_large", "文件解压后过大，请拆分后再导入。Too large when unpacked; split it."
    )


def too_wide() -> UnreadableFileError:
    """The refusal of a sheet with too many columns."""
    return UnreadableFileError(
        "file_too_wide",
        f"超过 {MAX_COLUMNS} 列，请删去右侧多余的内容。More than {MAX_COLUMNS} columns; delete what is far right.",
    )


def too_long() -> UnreadableFileError:
    """The refusal of a sheet with too many rows."""
    return UnreadableFileError(
        "file_too_long",
        f"单个工作表超过 {MAX_ROWS} 行，请拆分。More than {MAX_ROWS} rows in a sheet; split it.",
    )


def _filled(sheet: CalamineSheet) -> Iterator[Sequence[Cell]]:
    """The rows; a value merged over several rows stands in each of them that has anything else."""
    starting: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top and left < MAX_COLUMNS:
            starting.setdefault(top, []).append((left, bottom))
    active: dict[int, tuple[int, Cell]] = {}
    before: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)  # empty columns on the left
    for number, right in enumerate(sheet.iter_rows()):
        row: list[Cell] = [*before, *right]
        if active and any(cell not in {"", None} for cell in row):
            for column, (bottom, value) in list(active.items()):
                if number > bottom:
                    del active[column]
                elif column < len(row) and row[column] in {"", None}:
                    row[column] = value
        for column, bottom in starting.pop(number, ()):
            if column < len(row):
                active[column] = (bottom, row[column])
        yield row
