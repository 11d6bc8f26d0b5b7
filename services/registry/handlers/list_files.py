"""Writing lists as files: xlsx and CSV that Excel opens rightly and that import as what they were (R4.2).

Texts are never formulas. An xlsx keeps them as texts. In a CSV a text that a spreadsheet would calculate gets an
apostrophe in front, which the reader of this service takes off again (`cells.defused`, `cells.plain`).
"""

import io
from collections.abc import Sequence

from services.registry.domain.list_columns import GUIDES, ColumnGuide, is_required
from shared.kernel.tables import FileFormat, Table, add_sheet, workbook, write

NOTES_SHEET = "填写说明"
ADDED_COLUMNS = ("原工作表", "原行号", "错误位置", "错误原因")
"""What a sheet of rejected rows has besides the columns of the upload."""
_VALIDATED_ROWS = 20_000
_LONGEST_CHOICE = 255  # so many characters a list of choices may have inside a cell's validation


def template(kind: str, how: FileFormat) -> bytes:
    """An empty list of a kind; the workbook explains its columns and offers their values."""
    guide = GUIDES[kind]
    table = Table(name=guide.name, header=guide.header, rows=())
    return write(table, how) if how == "csv" else _template(kind, guide.columns, table)


def _template(kind: str, columns: Sequence[ColumnGuide], table: Table) -> bytes:
    content = io.BytesIO()
    with workbook(content) as book:
        titles = [title + "*" * is_required(kind, title) for title in table.header]
        sheet = add_sheet(book, table.name, titles)
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
        notes = add_sheet(book, NOTES_SHEET, ("列名 Column", "必填 Required", "说明 What", "可选值", "示例"))
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
