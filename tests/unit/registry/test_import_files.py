"""Reading files: what they are is found out, row numbers are the spreadsheet's."""

import io
import zipfile
from datetime import date

import pytest
import xlsxwriter

from services.registry.domain.import_rows import RawRow
from services.registry.handlers import workbooks
from services.registry.handlers.import_files import Remark, read_file
from services.registry.handlers.workbooks import UnreadableFileError

GRIDS = ("网格编号", "小区编号", "小区", "网格名称", "范围", "户数")
LINE = ("lj-001-w01", "lj-001", "南溪花园", "第一网格", "1幢-6幢", "12")


def _csv(*lines: tuple[str, ...], separator: str = ",") -> str:
    return "\r\n".join(separator.join(line) for line in lines) + "\r\n"


def _xlsx(sheets: dict[str, list[tuple[object, ...]]], *, first_row: int = 0) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(first_row + number, 0, line)
    return content.getvalue()


def read_rows(kind: str, content: bytes) -> list[RawRow]:
    return read_file(kind, content).rows


def _cells(row: RawRow) -> list[object]:
    return [row.cells[row.columns[title]] for title in GRIDS]


@pytest.mark.scenario("P6")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_csv_is_read_in_whatever_encoding_it_was_saved(encoding: str, separator: str) -> None:
    rows = read_rows("grids", _csv(GRIDS, LINE, separator=separator).encode(encoding))
    assert [(row.sheet, row.number, _cells(row)) for row in rows] == [("", 2, list(LINE))]


@pytest.mark.scenario("P6")
def test_all_sheets_of_a_workbook_are_read_and_rows_keep_their_numbers() -> None:
    content = _xlsx(
        {"甲": [GRIDS, LINE, ("",) * 6, LINE], "乙": [GRIDS, LINE], "说明": [("填表说明",)], "空": []}
    )
    assert [(row.sheet, row.number) for row in read_rows("grids", content)] == [
        ("甲", 2),
        ("甲", 4),
        ("乙", 2),
    ]


def test_a_title_above_the_header_and_an_empty_row_move_nothing() -> None:
    content = _xlsx({"甲": [("陆家镇网格表",), tuple(f"{title}*" for title in GRIDS), LINE]}, first_row=2)
    assert [row.number for row in read_rows("grids", content)] == [5]


def test_cells_keep_their_kind() -> None:
    content = _xlsx({"甲": [GRIDS, ("lj-001-w01", "lj-001", "", 101, date(2020, 2, 24), 12.0)]})
    assert _cells(read_rows("grids", content)[0]) == [
        "lj-001-w01",
        "lj-001",
        "",
        101.0,
        date(2020, 2, 24),
        12.0,
    ]


def test_columns_are_found_by_their_header_wherever_they_stand() -> None:
    rows = read_rows("grids", _csv(GRIDS[::-1], LINE[::-1]).encode())
    assert _cells(rows[0]) == list(LINE)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 and no more", "file_unreadable"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "xls_refused"),
        (_csv(GRIDS[:2], LINE[:2]).encode(), "headers_missing"),
        (b"hello", "headers_missing"),
        (b"a,b\0,c\r\n", "encoding_unknown"),
        (b"\x80\x81\xff\xff\xff", "encoding_unknown"),
        (_csv(GRIDS, ("x" * 200_000, *LINE[1:])).encode(), "file_unreadable"),
        (_xlsx({"甲": [(*GRIDS[:-3], "户数"), LINE]}), "headers_missing"),
        (_xlsx({"甲": [(*GRIDS, "网格编号"), LINE]}), "header_repeated"),
        (_xlsx({"甲": [GRIDS, (*LINE, *[""] * 100, "x")]}), "file_too_wide"),
        (_csv(GRIDS, (*LINE, *["x"] * 100_000)).encode(), "file_too_wide"),
        (_xlsx({"甲": [GRIDS, LINE], "乙": [GRIDS, *[()] * 199_998, LINE]}), "file_too_long"),
        (_csv(GRIDS, *[LINE[:1]] * 200_001).encode(), "file_too_long"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        read_rows("grids", content)
    assert refused.value.code == code


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1_000)
    with pytest.raises(UnreadableFileError) as refused:
        read_rows("grids", _xlsx({"甲": [GRIDS, LINE]}))
    assert refused.value.code == "file_too_large"


def test_a_list_without_rows_is_an_empty_list() -> None:
    assert read_rows("grids", _csv(GRIDS).encode()) == []


def test_what_is_left_out_of_a_file_is_said() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name, hidden in (("甲", False), ("乙", True)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 1, ("网格编号", "小区编号", "网格名称", "手工备注"))
            sheet.write_row(3, 1, ("lj-001-w01", "lj-001", "第一网格", "x"))
            if hidden:
                sheet.hide()
        book.add_worksheet("丙").write_string(0, 0, "与本表无关")
        book.add_worksheet("填写说明").write_string(0, 0, "列名")
    read = read_file("grids", content.getvalue())
    assert [(row.sheet, row.number) for row in read.rows] == [("甲", 4)]
    assert read.remarks == [
        Remark("甲", "E", "column_unknown"),
        Remark("甲", "2", "rows_blank"),
        Remark("乙", "", "sheet_hidden"),
        Remark("丙", "", "sheet_ignored"),
    ]


def test_a_value_merged_over_several_rows_stands_in_each_of_them() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_row(0, 1, GRIDS)
        for number in (1, 2, 4):
            sheet.write_row(number, 1, (f"lj-001-w0{number}", "", "", "网格"))
        sheet.merge_range(1, 2, 3, 2, "lj-001")
    rows = read_rows("grids", content.getvalue())
    assert [(row.number, _cells(row)[1]) for row in rows] == [(2, "lj-001"), (3, "lj-001"), (5, "")]


def test_a_formula_counts_as_what_the_spreadsheet_shows() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_row(0, 0, GRIDS)
        sheet.write_row(1, 0, LINE)
        sheet.write_formula(1, 0, '="lj-001-"&"w07"', None, "lj-001-w07")
    assert _cells(read_rows("grids", content.getvalue())[0])[0] == "lj-001-w07"


def test_cells_that_only_have_a_format_make_no_sheet_too_wide() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_row(0, 0, GRIDS)
        sheet.write_row(1, 0, LINE)
        sheet.write_blank(1, 16_000, None, book.add_format({"bold": True}))
    assert len(read_rows("grids", content.getvalue())) == 1


def test_a_zip_that_lies_about_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 30_000)
    content = io.BytesIO(_xlsx({"甲": [GRIDS, LINE]}))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"\0" * 40_000)
    lying = content.getvalue().replace((40_000).to_bytes(4, "little"), (400).to_bytes(4, "little"))
    with pytest.raises(UnreadableFileError) as refused:
        read_rows("grids", lying)
    assert refused.value.code in {"file_too_large", "file_unreadable"}
