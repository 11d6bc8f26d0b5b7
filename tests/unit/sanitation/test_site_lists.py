"""Reading site lists: encodings, spreadsheets, faults by row and cell."""

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
import xlsxwriter

from services.sanitation.domain.sites import ListedAs, Site, decide_listing
from services.sanitation.imports.site_rows import REQUIRED, Fault, judge
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.sheets import FileUnreadable, Row, read

HEADERS = (
    "点位编号",
    "小区编号",
    "小区",
    "点位类型",
    "点位名称",
    "楼栋",
    "单元",
    "每日消杀次数",
    "启用日期",
    "状态",
    "备注",
)
GOOD = ("lj-001-s001", "lj-001", "南溪花园", "电梯", "3幢电梯", "3幢", "", "2", "2020-02-05", "启用", "")
SITE = Site(
    code=SiteId("lj-001-s001"),
    compound=CompoundId("lj-001"),
    kind="lift",
    name="3幢电梯",
    building="3幢",
    unit=None,
    rounds_per_day=2,
    since=date(2020, 2, 5),
    active=True,
)


def line(**changes: str) -> tuple[str, ...]:
    cells = dict(zip(HEADERS, GOOD, strict=True)) | changes
    return tuple(cells.values())


def csv_file(*lines: tuple[str, ...], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(cells) for cells in (HEADERS, *lines)).encode(encoding)


def xlsx_file(*lines: tuple[object, ...], sheets: int = 1) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for _ in range(sheets):
            sheet = book.add_worksheet()
            for at, cells in enumerate((HEADERS, *lines)):
                for column, cell in enumerate(cells):
                    if isinstance(cell, date):
                        sheet.write_datetime(at, column, cell, day)
                    else:
                        sheet.write(at, column, cell)
    return buffer.getvalue()


def judged(content: bytes) -> list[Site | Fault]:
    return list(judge(read(content, required=REQUIRED), {"lj-001", "lj-002"}))


@pytest.mark.scenario("P6")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_csv_is_read_in_any_encoding_that_an_office_uses(encoding: str) -> None:
    assert judged(csv_file(line(), encoding=encoding)) == [SITE]


@pytest.mark.scenario("P6")
def test_number_and_date_cells_of_a_spreadsheet_are_understood() -> None:
    cells = (*GOOD[:7], 2.0, date(2020, 2, 5), "启用", "")

    assert judged(xlsx_file(cells, sheets=1)) == [SITE]


def test_every_sheet_is_read_and_rows_are_numbered_per_sheet() -> None:
    rows = read(xlsx_file(line(), (), line(), sheets=2), required=REQUIRED)

    assert [(row.sheet, row.number) for row in rows] == [
        ("Sheet1", 2),
        ("Sheet1", 4),
        ("Sheet2", 2),
        ("Sheet2", 4),
    ]


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    "changes",
    [
        {"点位编号": "LJ-001-S001"},
        {"点位编号": " ｌｊ-001-ｓ001 "},
        {"每日消杀次数": "２"},
        {"启用日期": "2020/2/5"},
        {"启用日期": "2020年2月5日"},
        {"启用日期": "2020.02.05"},
        {"启用日期": "20200205"},
        {"启用日期": "43866"},
        {"启用日期": "2020/2/5 0:00"},
        {"启用日期": "2020-02-05 00:00:00"},
        {"备注": "随便"},
    ],
)
def test_other_spellings_are_the_same_site(changes: dict[str, str]) -> None:
    assert judged(csv_file(line(**changes))) == [SITE]


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"点位编号": ""}, "点位编号", "cell_missing"),
        ({"点位编号": "一号"}, "点位编号", "code_malformed"),
        ({"点位编号": "x" * 33}, "点位编号", "code_malformed"),
        ({"小区编号": "lj-077"}, "小区编号", "compound_unknown"),
        ({"点位类型": "屋顶"}, "点位类型", "site_kind_unknown"),
        ({"点位类型": "其他"}, "点位类型", "site_kind_unknown"),
        ({"点位名称": "  "}, "点位名称", "cell_missing"),
        ({"点位名称": "长" * 101}, "点位名称", "too_long"),
        ({"每日消杀次数": "0"}, "每日消杀次数", "rounds_impossible"),
        ({"每日消杀次数": "25"}, "每日消杀次数", "rounds_impossible"),
        ({"每日消杀次数": "两次"}, "每日消杀次数", "rounds_impossible"),
        ({"启用日期": "2020-02-30"}, "启用日期", "date_impossible"),
        ({"启用日期": "明天"}, "启用日期", "date_unreadable"),
        ({"启用日期": "2020111"}, "启用日期", "date_unreadable"),  # 11 January or 1 November
        ({"启用日期": "2020"}, "启用日期", "date_unreadable"),
        ({"启用日期": "99999"}, "启用日期", "date_unreadable"),
        ({"状态": "维修"}, "状态", "status_unknown"),
    ],
)
def test_a_fault_is_named_by_cell_and_code(changes: dict[str, str], column: str, code: str) -> None:
    (fault,) = judged(csv_file(line(**changes)))

    assert isinstance(fault, Fault)
    assert (fault.row, fault.column, fault.code, fault.outcome) == (2, column, code, "rejected")


def test_a_row_that_stands_there_twice_is_a_duplicate_and_with_other_content_an_error() -> None:
    first, again, other = judged(csv_file(line(), line(点位编号="LJ-001-S001"), line(点位名称="另一个")))

    assert first == SITE
    assert isinstance(again, Fault)
    assert isinstance(other, Fault)
    assert (again.row, again.outcome, again.code) == (3, "duplicate", "duplicate")
    assert (other.row, other.outcome, other.code) == (4, "rejected", "code_repeated")


def test_an_empty_number_of_rounds_means_the_policys() -> None:
    (site,) = judged(csv_file(line(每日消杀次数="")))

    assert isinstance(site, Site)
    assert site.rounds_per_day is None


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 70_000_000)
    return buffer.getvalue()


def _far_cell() -> bytes:
    content = io.BytesIO(xlsx_file(line()))
    out = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                data = data.replace(b"</sheetData>", far)
            new.writestr(name, data)
    return out.getvalue()


def _damaged() -> bytes:
    content = bytearray(xlsx_file(line()))
    for at in range(60, len(content), 97):
        content[at] ^= 0x5A
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        _damaged(),
        b"\x00\xff\xfe\xfd",
        b"PK\x03\x04 nothing",
        "\u70b9\u4f4d,\u5c0f\u533a\r\n1,2".encode(),
        csv_file(),
        (",".join("x" for _ in range(101))).encode(),
        _bomb(),
        _far_cell(),
    ],
)
def test_what_is_no_list_of_sites_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(content, required=REQUIRED)


def test_control_characters_never_reach_the_database() -> None:
    rows = read(csv_file(line(点位名称="3幢\x00电\x07梯")), required=REQUIRED)

    assert rows[0].cells["点位名称"] == "3幢电梯"


@pytest.mark.parametrize(
    ("listed", "known", "as_what"),
    [
        (SITE, None, ListedAs.NEW),
        (replace(SITE, active=False), None, ListedAs.NEW),
        (SITE, SITE, ListedAs.UNCHANGED),
        (replace(SITE, name="电梯"), SITE, ListedAs.CHANGED),
        (replace(SITE, rounds_per_day=None), SITE, ListedAs.CHANGED),
        (SITE, replace(SITE, active=False), ListedAs.CHANGED),
        (replace(SITE, active=False), SITE, ListedAs.CHANGED),
        (SITE, replace(SITE, compound=CompoundId("lj-002")), ListedAs.ELSEWHERE),
    ],
)
def test_a_line_is_held_against_what_is_known_under_its_code(
    listed: Site, known: Site | None, as_what: ListedAs
) -> None:
    assert decide_listing(listed, known) is as_what


def test_the_order_of_columns_does_not_matter() -> None:
    row = Row(sheet="", number=2, cells=dict(zip(reversed(HEADERS), reversed(GOOD), strict=True)))

    assert list(judge([row], {"lj-001"})) == [SITE]
