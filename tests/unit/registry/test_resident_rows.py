"""One line of a residents' list: everything that is wrong with it is named at once."""

from datetime import date

import pytest

from services.registry.domain.documents import DocumentKind
from services.registry.domain.faults import EXPLAINED, KEPT
from services.registry.domain.import_rows import RawRow, Reader
from services.registry.domain.resident_rows import read_resident
from shared.kernel.cells import Cell
from shared.kernel.identities import check_character

TODAY = date(2020, 2, 24)
RIGHT: dict[str, Cell] = {
    "小区编号": "LJ-001",
    "楼栋": "3 栋",
    "单元": "２单元",
    "室号": 1203.0,
    "姓名": "甲 ",
    "性别": "男",
    "出生日期": "1985年3月12日",
    "证件类型": "护照",
    "证件号码": "zx 01 00001",
    "手机号": "+86 154-0101-0001",
    "与房屋关系": "房主",
    "户籍地区划代码": 320583.0,
    "是否常住": "是",
    "监护人证件号码": "",
    "登记日期": 43885.0,
    "备注": "",
}


def _reader(**other: Cell) -> Reader:
    cells = RIGHT | other
    return Reader(RawRow("", 2, {title: place for place, title in enumerate(cells)}, list(cells.values())))


def test_a_line_is_read_in_one_spelling() -> None:
    reader = _reader()
    line = read_resident(reader, TODAY)
    assert line is not None
    assert reader.faults == []
    assert (line.address.compound_id, line.address.shown(), line.name) == ("lj-001", "3幢-2-1203", "甲")
    assert (line.document.kind, line.document.number) == (DocumentKind.PASSPORT, "ZX0100001")
    assert (line.phone, line.phone_matches, line.origin_code) == ("15401010001", True, "320583")
    assert (line.born, line.registered_on) == (date(1985, 3, 12), TODAY)


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("室号", "", "room_missing"),
        ("楼栋", None, "value_missing"),
        ("楼栋", "幢" * 41, "value_too_long"),
        ("姓名", " ", "value_missing"),
        ("姓名", "王＊", "value_masked"),
        ("性别", "未知", "value_unknown"),
        ("性别", "", "value_missing"),
        ("出生日期", "1987-02-30", "date_impossible"),
        ("出生日期", "2020-02-25", "date_in_future"),
        ("登记日期", "2020-02-25", "date_in_future"),
        ("出生日期", "", "value_missing"),
        ("登记日期", "明天", "date_unreadable"),
        ("证件类型", "驾驶证", "document_kind_unknown"),
        ("证件类型", "无", "document_kind_unknown"),
        ("证件号码", "", "document_missing"),
        ("证件号码", "3.28801E+17", "document_scientific"),
        ("与房屋关系", "朋友", "value_unknown"),
        ("是否常住", "大概", "value_unknown"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_with_column_and_code(
    column: str, cell: Cell, code: str
) -> None:
    reader = _reader(**{column: cell})
    assert read_resident(reader, TODAY) is None
    assert [(fault.column, fault.code) for fault in reader.faults] == [(column, code)]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("证件号码", "E1", "document_malformed"),
        ("手机号", "5555666", "phone_malformed"),
        ("手机号", "1.54E+10", "phone_malformed"),
        ("户籍地区划代码", "昆山", "origin_malformed"),
    ],
)
def test_a_line_with_a_doubtful_cell_is_kept_and_marked(column: str, cell: Cell, code: str) -> None:
    reader = _reader(**{column: cell})
    assert read_resident(reader, TODAY) is not None
    assert [(fault.column, fault.code) for fault in reader.faults] == [(column, code)]
    assert code in KEPT


@pytest.mark.parametrize(
    ("born", "faults"), [("2000-01-01", []), ("2000-01-10", [("出生日期", "birth_contradicts")])]
)
def test_a_birth_date_that_the_id_contradicts_is_kept_and_marked(
    born: str, faults: list[tuple[str, str]]
) -> None:
    reader = _reader(
        出生日期=born,
        证件类型="居民身份证",
        证件号码="32058320000101001" + check_character("32058320000101001"),
    )
    line = read_resident(reader, TODAY)
    assert line is not None
    assert [(fault.column, fault.code) for fault in reader.faults] == faults


def test_every_fault_of_a_line_is_named() -> None:
    reader = _reader(室号="", 出生日期="1987-02-30", 证件号码="3.2E+17", 性别="")
    assert read_resident(reader, TODAY) is None
    assert {fault.code for fault in reader.faults} == {
        "room_missing",
        "date_impossible",
        "document_scientific",
        "value_missing",
    }


def test_an_empty_phone_is_no_fault_and_never_matches() -> None:
    line = read_resident(_reader(手机号=""), TODAY)
    assert line is not None
    assert (line.phone, line.phone_matches) == ("", False)


def test_what_is_wrong_is_explained_chinese_first() -> None:
    for code, text in EXPLAINED.items():
        assert "\u4e00" <= text[0] <= "\u9fff", code
        assert any(letter.isascii() and letter.isalpha() for letter in text), code
    assert EXPLAINED.keys() >= KEPT
