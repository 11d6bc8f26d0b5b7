"""Cells of office lists: texts, days, numbers, phones."""

from datetime import date, datetime

import pytest

from services.registry.domain.people import masked_name, masked_phone, surname_of
from shared.kernel.cells import (
    Cell,
    CellFault,
    compact,
    day_of,
    digits_lost,
    text_of,
    whole_number_of,
)
from shared.kernel.identities import normalise_name, normalise_phone


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1985-03-12", date(1985, 3, 12)),
        ("1985/3/12", date(1985, 3, 12)),
        ("1985年3月12日", date(1985, 3, 12)),
        ("1985 年 3 月 12 日", date(1985, 3, 12)),
        ("1985.03.12", date(1985, 3, 12)),
        ("19850312", date(1985, 3, 12)),
        (19850312.0, date(1985, 3, 12)),
        ("1985-03-12 00:00:00", date(1985, 3, 12)),
        ("２０２０-０２-２４", date(2020, 2, 24)),
        ("2020-02-29", date(2020, 2, 29)),
        (date(2020, 2, 24), date(2020, 2, 24)),
        (datetime(2020, 2, 24, 8, 30), date(2020, 2, 24)),
        (43885.0, date(2020, 2, 24)),
        ("43885", date(2020, 2, 24)),
        ("43885.0", date(2020, 2, 24)),
        (999.0, None),
        (1000.0, date(1902, 9, 26)),
        (1985.0, date(1905, 6, 7)),
        ("9930", date(1927, 3, 9)),
    ],
)
def test_a_day_is_read_in_every_usual_form(cell: Cell, day: date | None) -> None:
    if day is None:
        with pytest.raises(CellFault, match="date_unreadable"):
            day_of(cell)
    else:
        assert day_of(cell) == day


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1987-02-30", "date_impossible"),
        ("1990-02-29", "date_impossible"),
        ("1979/4/31", "date_impossible"),
        ("20200230", "date_impossible"),
        ("2020-13-01", "date_impossible"),
        ("0000-01-01", "date_impossible"),
        ("", "value_missing"),
        (None, "value_missing"),
        ("去年", "date_unreadable"),
        ("1985", "date_unreadable"),
        (99999.0, "date_unreadable"),
        ("12/3/1985", "date_unreadable"),
        (43885.25, "date_unreadable"),
    ],
)
def test_a_day_that_is_none_is_named(cell: Cell, code: str) -> None:
    with pytest.raises(CellFault) as fault:
        day_of(cell)
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (101.0, "101"),
        ("１２０３", "1203"),
        ("  3幢 ", "3幢"),
        (15412345678.0, "15412345678"),
        (None, ""),
        (1.5, "1.5"),
        ("a\0b", "ab"),
        (date(2020, 2, 1), "2020-02-01"),
        (datetime(2020, 2, 1), "2020-02-01"),
    ],
)
def test_a_cell_has_one_text(cell: Cell, text: str) -> None:
    assert text_of(cell) == text


def test_blanks_inside_a_number_go() -> None:
    assert compact(" 12\u3000 03\t") == "1203"


def test_only_long_figures_lose_digits() -> None:
    assert not digits_lost(328801850312123.0)
    assert digits_lost(1e15)
    assert not digits_lost("E12345678")


@pytest.mark.parametrize(("cell", "number"), [("", None), ("1,200", 1200), (16.0, 16), ("３", 3)])
def test_whole_numbers(cell: Cell, number: int | None) -> None:
    assert whole_number_of(cell) == number


@pytest.mark.parametrize("cell", ["-1", "1.5", 1.5, "很多", "1e5", "9999999999"])
def test_what_is_no_whole_number_is_named(cell: Cell) -> None:
    with pytest.raises(CellFault, match="number_malformed"):
        whole_number_of(cell)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("15412345678", "15412345678"),
        ("+86 154-1234-5678", "15412345678"),
        ("154 1234 5678", "15412345678"),
        ("8615412345678", "15412345678"),
        ("008615412345678", "15412345678"),
        ("１５４１２３４５６７８", "15412345678"),
        ("0512-57601234", "0512-57601234"),
        ("（0512）5760 1234", "0512-57601234"),
        ("+86 512 57601234", "0512-57601234"),
        ("0512-57601234-8012", "0512-57601234-8012"),
        ("0512-57601234转8012", "0512-57601234-8012"),
        ("010 6234 5678 ext. 12", "010-62345678-12"),
        ("400-820-8820", "4008208820"),
        ("+852 9123 4567", "+85291234567"),
        ("00853 6612 3456", "+85366123456"),
        ("+1 (202) 555-0123 x9", "+12025550123-9"),
        ("1541234567", None),
        ("154123456789", None),
        ("05125555666", None),
        ("57601234", None),  # which town's?
        ("12345", None),
        ("1-800-FLOWERS", None),
        ("E12345678", None),
        ("320583200001011234", None),
        ("20000101", None),
        ("15412345678\x00", None),
        ("+", None),
        ("", None),
    ],
)
def test_a_phone_has_one_spelling_or_is_none(written: str, phone: str | None) -> None:
    assert normalise_phone(written) == phone


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("张 三", "张三"),
        ("欧　阳　海 棠", "欧阳海棠"),
        ("𠮷 田", "𠮷田"),
        (" Anna  Berg ", "Anna Berg"),
        ("李 Anna", "李 Anna"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("\u202e王\u200b五\x07\n", "王五"),
        ("\u2060", ""),
    ],
)
def test_a_name_has_one_spelling(written: str, name: str) -> None:
    assert normalise_name(written) == name


@pytest.mark.scenario("H3")
def test_screens_show_a_surname_and_a_star() -> None:
    assert [surname_of(name) for name in ("李明", "欧阳修远", "欧阳", "Anna Berg")] == [
        "李",
        "欧阳",
        "欧",
        "Anna",
    ]
    assert masked_name("李明") == "李*"
    assert masked_phone("15412345678") == "154******78"
    assert masked_phone("12345") == "*****"
