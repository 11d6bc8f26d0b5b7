"""What a line of a questionnaire platform's list says, cell by cell (R4.2, P6)."""

from decimal import Decimal

import pytest

from services.observation.domain.questionnaires import (
    EXPLAINED,
    Fault,
    Line,
    columns_of,
    explained,
    name_and_phone,
    read_line,
)
from shared.kernel.days import at_local, local_day, local_time

CELLS = {
    "姓名": "欧阳 海棠",
    "手机号": "+86 199 0000 1234",
    "证件号码": "",
    "体温": "36.5",
    "症状": "无",
    "填报时间": "2020-02-29 07:30",
}


def line(**cells: str) -> Line:
    read = read_line(CELLS | cells)
    assert isinstance(read, Line), read
    return read


@pytest.mark.requirement("R4.2")
def test_a_line_is_read_as_offices_write_it() -> None:
    read = line()
    assert (read.name, read.phone, read.document) == ("欧阳海棠", "19900001234", None)
    assert (read.temperature_c, read.symptoms) == (Decimal("36.50"), ())
    assert (local_day(read.at).isoformat(), local_time(read.at).isoformat()) == ("2020-02-29", "07:30:00")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("36.5℃", "36.50"),
        ("３６．５", "36.50"),
        ("36，5", "36.50"),
        ("36.599999999999994", "36.60"),
        ("37", "37.00"),
        ("37.3度", "37.30"),
    ],
)
def test_temperatures_as_people_write_them(written: str, value: str) -> None:
    assert line(体温=written).temperature_c == Decimal(value)


@pytest.mark.parametrize(
    ("written", "symptoms"),
    [
        ("", ()),
        ("无；无", ()),
        ("以上都没有", ()),
        ("咳嗽、乏力", ("cough", "fatigue")),
        ("发烧 干咳,咳嗽", ("cough", "fever")),
        ("其他", ("other",)),
    ],
)
def test_symptoms_as_people_write_them(written: str, symptoms: tuple[str, ...]) -> None:
    assert line(症状=written).symptoms == symptoms


@pytest.mark.parametrize(
    "written",
    ["2020-02-29T07:30:05", "2020/2/29 7:30", "2020年2月29日 7:30", "20200229 07:30:00", "2020-02-29 07：30"],
)
def test_times_as_platforms_write_them(written: str) -> None:
    assert line(填报时间=written).at.replace(second=0) == at_local(
        local_day(line().at), local_time(line().at)
    )


@pytest.mark.scenario("P6")
@pytest.mark.parametrize(
    ("column", "written", "code"),
    [
        ("姓名", "  ", "value_missing"),
        ("手机号", "1990000", "phone_malformed"),
        ("手机号", "", "identity_missing"),
        ("证件号码", "3.20583E+17", "document_scientific"),
        ("体温", "", "value_missing"),
        ("体温", "正常", "number_malformed"),
        ("体温", "nan", "number_malformed"),
        ("体温", "1e2", "number_malformed"),
        ("体温", "1,036.5", "number_malformed"),
        ("体温", "-36", "number_malformed"),
        ("无法测量原因", "忘了", "reason_unknown"),
        ("症状", "头晕", "symptom_unknown"),
        ("症状", "无、咳嗽", "symptom_unknown"),
        ("填报时间", "2020-02-30 07:30", "date_impossible"),
        ("填报时间", "2021-02-29 07:30", "date_impossible"),
        ("填报时间", "2020-02-29", "time_missing"),
        ("填报时间", "2020-02-29 25:00", "time_impossible"),
        ("填报时间", "昨天", "date_unreadable"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(column: str, written: str, code: str) -> None:
    assert read_line(CELLS | {column: written}) == Fault(column, code)
    assert code in EXPLAINED


def test_a_reason_stands_in_place_of_a_temperature_and_never_beside_it() -> None:
    read = line(体温="", 无法测量原因="年幼")
    assert (read.temperature_c, read.cannot_measure_reason) == (None, "too_young")
    assert read_line(CELLS | {"无法测量原因": "年幼"}) == Fault("体温", "one_of_two")


def test_columns_are_found_under_the_titles_of_several_platforms() -> None:
    titles = dict.fromkeys(("序号", "姓名", "联系电话", "身份证号", "体温(℃)", "健康症状", "提交时间"), "")
    assert columns_of(titles) == {
        "姓名": "姓名",
        "手机号": "联系电话",
        "证件号码": "身份证号",
        "体温": "体温(℃)",
        "症状": "健康症状",
        "填报时间": "提交时间",
    }
    assert name_and_phone(" 欧阳 海棠", "0086-199 0000 1234") == name_and_phone("欧阳海棠", "19900001234")
    assert name_and_phone("欧阳海棠", "") is None
    assert all(text.count("。") >= 1 for text in EXPLAINED.values())
    assert explained("never_heard_of") != ""
