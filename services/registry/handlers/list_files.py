"""Writing lists as files: xlsx and CSV that Excel opens rightly and that import as what they were (R4.2).

Texts are never formulas. An xlsx keeps them as texts. In a CSV a text that a spreadsheet would calculate gets an
apostrophe in front, which the reader of this service takes off again (`cells.defused`, `cells.plain`).
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Literal

import xlsxwriter

from services.registry.domain.cells import Cell, defused, digits_lost, text_of
from services.registry.domain.list_columns import GUIDES, ColumnGuide, is_required

FileFormat = Literal["xlsx", "csv"]
MEDIA_TYPES: dict[FileFormat, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
NOTES_SHEET = "填写说明"
ADDED_COLUMNS = ("原工作表", "原行号", "错误位置", "错误原因")
"""What a sheet of rejected rows has besides the columns of the upload."""
_VALIDATED_ROWS = 20_000
_FIRST_YEAR = 1900
LONGEST_CELL = 32_767  # a workbook drops the cell otherwise
_LONGEST_CHOICE = 255  # so many characters a list of choices may have inside a cell's validation
_OPTIONS = {
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
    return _csv(table) if how == "csv" else _xlsx(table)


def template(kind: str, how: FileFormat) -> bytes:
    """An empty list of a kind; the workbook explains its columns and offers their values."""
    guide = GUIDES[kind]
    table = Table(name=guide.name, header=guide.header, rows=())
    return _csv(table) if how == "csv" else _template(kind, guide.columns, table)


def _csv(table: Table) -> bytes:
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
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        sheet = _sheet(book, table.name, table.header)
        for number, row in enumerate(table.rows, start=1):
            for place, cell in enumerate(row):
                _put(sheet, number, place, cell)
    return content.getvalue()


def _sheet(book: xlsxwriter.Workbook, name: str, header: Sequence[str]) -> xlsxwriter.workbook.Worksheet:
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


def _template(kind: str, columns: Sequence[ColumnGuide], table: Table) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        titles = [title + "*" * is_required(kind, title) for title in table.header]
        sheet = _sheet(book, table.name, titles)
        for place, column in enumerate(columns):
            if column.allowed and len(",".join(column.allowed)) <= _LONGEST_CHOICE:
                choice = {
                    "validate": "list",
                    "source": list(column.allowed),
                    "error_type": "warning",
                    "error_title": "请从列表中选择",
                    "error_message": "Not one of the allowed values.",
                }
                sheet.data_validation(1, place, _VALIDATED_ROWS, place, choice)
        notes = _sheet(book, NOTES_SHEET, ("列名 Column", "必填 Required", "说明 What", "可选值", "示例"))
        notes.set_column(2, 3, 60)
        for row, column in enumerate(columns, start=1):
            must = "是 yes" if is_required(kind, column.title) else "否 no"
            for place, text in enumerate(
                (column.title, must, column.tells, "、".join(column.allowed), column.example)
            ):
                notes.write_string(row, place, text)
        notes.write_string(
            len(columns) + 2,
            0,
            "表头不要改动，可增删其他列；每行一条。Leave the titles as they are; one line each.",
        )
    return content.getvalue()
