"""Lists as offices keep them: with a title above, notes beside, cells merged, in whatever way they were saved (P6)."""

import io
from collections.abc import Callable

import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from shared.kernel.sheets import FileUnreadable, read

pytestmark = pytest.mark.scenario("P6")
REQUIRED = ("小区", "楼栋", ("电话", "手机号"))
HEADER = ("小区", "楼栋", "手机号", "备注")
ROW = ("lj-001", "3幢", "19900001234", "")


def book(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        fill(workbook)
    return buffer.getvalue()


def sheet(workbook: xlsxwriter.Workbook, name: str, *lines: tuple[str, ...]) -> Worksheet:
    made = workbook.add_worksheet(name)
    for at, line in enumerate(lines):
        made.write_row(at, 0, line)
    return made


def one_sheet(name: str, *lines: tuple[str, ...]) -> bytes:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet(workbook, name, *lines)

    return book(fill)


def titled(workbook: xlsxwriter.Workbook) -> None:
    made = sheet(
        workbook, "登记表", (), ("填表说明：手机号必填",), ("小 区*", "楼栋", " 手机号 ", "备注"), ROW
    )
    made.merge_range("A1:D1", "陆家镇登记表")


def beside_others(workbook: xlsxwriter.Workbook) -> None:
    sheet(workbook, "填写说明", ("请如实填写",), ("小区", "从下拉框选择"))
    sheet(workbook, "数据", HEADER, ROW)
    sheet(workbook, "选项", *[HEADER] * 2, ("lj-009", "9幢", "19900009999", "")).hide()
    sheet(workbook, "Sheet3")


def merged(workbook: xlsxwriter.Workbook) -> None:
    made = sheet(workbook, "数据", HEADER, ROW, ("", "", "19900001235", ""), ("", "4幢", "19900001236", ""))
    made.merge_range("A2:A5", "lj-001")
    made.merge_range("B2:B3", "3幢")


@pytest.mark.parametrize(
    ("fill", "found"),
    [
        (titled, [(4, *ROW[:3])]),
        (beside_others, [(2, *ROW[:3])]),
        (
            merged,
            [
                (2, "lj-001", "3幢", "19900001234"),
                (3, "lj-001", "3幢", "19900001235"),
                (4, "lj-001", "4幢", "19900001236"),
            ],
        ),
    ],
)
def test_a_workbook_is_read_as_people_lay_it_out(
    fill: Callable[[xlsxwriter.Workbook], None], found: list[tuple[object, ...]]
) -> None:
    rows = read(book(fill), required=REQUIRED)
    assert [(row.number, *(row.cells[title] for title in HEADER[:3])) for row in rows] == found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_csv_is_read_however_it_was_saved(encoding: str, separator: str) -> None:
    lines = [("陆家镇登记表", "", "", ""), HEADER, ("lj-001", "3幢,东", "19900001234", "a;b")]
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    (row,) = read(text.encode(encoding), required=REQUIRED)
    assert (row.number, row.cells) == (
        3,
        {"小区": "lj-001", "楼栋": "3幢,东", "手机号": "19900001234", "备注": "a;b"},
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            one_sheet("数据", HEADER[:2], ROW[:2]),
            "工作表“数据”缺少列：电话",
        ),
        (
            one_sheet("甲", ("姓名",), ("某某",)),
            "文件缺少列：小区、楼栋、电话",
        ),
        (one_sheet("甲", (*HEADER, "小区"), ROW), "“小区”出现两次"),
        (one_sheet("甲", HEADER), "没有数据行"),
        ("小区,楼栋\r\nlj-001,3幢\r\n".encode(), "文件缺少列：电话"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 .xls"),
        (b"\xff\xfe\x00", "编码无法识别"),
        (b"", "文件缺少列"),
    ],
)
def test_what_is_no_such_list_is_refused_with_what_it_lacks(content: bytes, says: str) -> None:
    with pytest.raises(FileUnreadable, match=says) as refused:
        read(content, required=REQUIRED)
    assert (refused.value.field, bool(refused.value.remedy)) == ("file", True)
