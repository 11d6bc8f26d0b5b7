"""What a line of a questionnaire platform's list says, and which cell of it cannot be read (R4.2, P6). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import cast

from services.observation.domain.declaring import CannotMeasure, Symptom
from services.observation.domain.sheets import CANNOT, SYMPTOMS
from shared.kernel.cells import CellFault, compact, day_of, digits_lost, text_of
from shared.kernel.days import at_local
from shared.kernel.identities import normalise_number, normalise_phone

DOCUMENT, NAME_PHONE = "card_document", "card_name_phone"
"""Names of the keyed indexes, part of what is stored: never renamed."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "姓名": ("姓名",),
    "手机号": ("手机号", "手机号码", "联系电话", "手机"),
    "证件号码": ("证件号码", "身份证号", "身份证号码", "证件号"),
    "体温": ("体温", "体温(℃)", "体温(°C)", "体温℃", "今日体温"),
    "无法测量原因": ("无法测量原因", "未测体温原因"),
    "症状": ("症状", "不适症状", "健康症状"),
    "填报时间": ("填报时间", "提交时间", "填写时间"),
}
"""Columns, each with the titles by which platforms name it."""
TITLES = (
    *(NAMES[column] for column in ("姓名", "体温", "症状", "填报时间")),
    (*NAMES["手机号"], *NAMES["证件号码"]),
)
"""What a list has to have: these columns, and one of phone and document."""
_NONE = frozenset(
    {
        *("", "无", "无症状", "没有", "正常", "否", "none"),
        *(
            "无不适",
            "无异常",
            "均无",
            "无以上症状",
            "无上述症状",
            "以上均无",
            "以上都没有",
        ),  # as platforms word it
    }
)
_BETWEEN = re.compile(r"[、,，;；/|\s┋]+")
_DEGREES = re.compile(r"(℃|°C|度)$", re.IGNORECASE)
_SYMPTOM: Mapping[str, Symptom] = {
    **{word: cast("Symptom", code) for code, word in SYMPTOMS.items()},
    "发烧": "fever",
    "干咳": "cough",
    "疲乏": "fatigue",
    "咽喉痛": "sore_throat",
    "喉咙痛": "sore_throat",
    "呼吸困难": "short_of_breath",
    "胸闷": "short_of_breath",
    "拉肚子": "diarrhoea",
    "嗅觉丧失": "loss_of_smell",
    "味觉减退": "loss_of_smell",
}
_CANNOT: Mapping[str, CannotMeasure] = {
    word: cast("CannotMeasure", code) for code, word in CANNOT.items()
} | {"其他": "other"}
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,20})?", re.ASCII)
_TIME = re.compile(r"^(.*?)[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in which column; an empty column is the whole line."""

    column: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What somebody told a platform about themselves."""

    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    document: str | None = field(repr=False)
    temperature_c: Decimal | None = field(repr=False)
    cannot_measure_reason: CannotMeasure | None = field(repr=False)
    symptoms: tuple[Symptom, ...] = field(repr=False)
    at: datetime


def columns_of(titles: Mapping[str, str]) -> dict[str, str]:
    """Tell under which title of a sheet each column stands; a column that is not there has no entry."""
    return {
        column: title
        for column, known in NAMES.items()
        if (title := next((name for name in known if name in titles), None)) is not None
    }


def name_and_phone(name: str, phone: str) -> str | None:
    """Name and phone as they are looked up together; None where one is missing or no mobile number."""
    number = normalise_phone(compact(phone))
    return f"{compact(name)}\n{number}" if compact(name) and number else None


def read_line(cells: Mapping[str, str]) -> Line | Fault:
    """Read a line, or tell the first cell of it that cannot be read.

    Args:
        cells: column -> text, by the columns of `NAMES`.
    """
    try:
        name = _needed(cells, "姓名")
        document, phone = _identity(cells)
        at = _instant(_needed(cells, "填报时间"))
        temperature, reason = _measured(cells)
        return Line(
            name=name,
            phone=phone,
            document=document,
            temperature_c=temperature,
            cannot_measure_reason=reason,
            symptoms=_symptoms(text_of(cells.get("症状"))),
            at=at,
        )
    except _CellFault as fault:
        return Fault(fault.column, fault.code)


class _CellFault(CellFault):
    """A cell that cannot be read, with its column."""

    def __init__(self, column: str, code: str) -> None:
        super().__init__(code)
        self.column = column


def _needed(cells: Mapping[str, str], column: str) -> str:
    text = text_of(cells.get(column))
    if not text:
        raise _CellFault(column, "value_missing")
    return compact(text) if column == "姓名" else text


def _identity(cells: Mapping[str, str]) -> tuple[str | None, str | None]:
    if digits_lost(cells.get("证件号码")):
        raise _CellFault("证件号码", "document_scientific")
    document = normalise_number(cells.get("证件号码")) or None
    written = compact(cells.get("手机号"))
    phone = normalise_phone(written)
    if document is None and phone is None:
        raise _CellFault("手机号", "phone_malformed" if written else "identity_missing")
    return document, phone


def _measured(cells: Mapping[str, str]) -> tuple[Decimal | None, CannotMeasure | None]:
    temperature = _temperature(compact(cells.get("体温")))
    why = compact(cells.get("无法测量原因"))
    reason = _CANNOT.get(why)
    if why and reason is None:
        raise _CellFault("无法测量原因", "reason_unknown")
    if (temperature is None) == (reason is None):
        raise _CellFault("体温", "value_missing" if temperature is None else "one_of_two")
    return temperature, reason


def _temperature(text: str) -> Decimal | None:
    number = _DEGREES.sub("", text).replace(",", ".")
    if not number:
        return None
    if not _NUMBER.fullmatch(number):
        raise _CellFault("体温", "number_malformed")
    return Decimal(number).quantize(Decimal("0.01"))  # a spreadsheet may write 36.6 as 36.59999


def _symptoms(text: str) -> tuple[Symptom, ...]:
    words = [word for word in _BETWEEN.split(text) if word]
    if all(word.lower() in _NONE for word in words):
        return ()
    if any(word not in _SYMPTOM for word in words):  # never dropped; and 无 beside a symptom contradicts it
        raise _CellFault("症状", "symptom_unknown")
    return tuple(sorted({_SYMPTOM[word] for word in words}))


def _instant(text: str) -> datetime:
    parts = _TIME.match(text)
    try:
        day = day_of(parts[1] if parts else text)
    except CellFault as fault:
        raise _CellFault("填报时间", fault.code) from fault
    if parts is None:
        raise _CellFault("填报时间", "time_missing")
    try:
        return at_local(day, time(int(parts[2]), int(parts[3]), int(parts[4] or 0)))
    except ValueError:
        raise _CellFault("填报时间", "time_impossible") from None


EXPLAINED: Mapping[str, str] = {
    "case_ended": "此人的健康观察已结束。The person's observation is over.",
    "case_not_begun": "此人的观察期尚未开始。The person's observation has not begun.",
    "date_impossible": "日历上没有这一天。No calendar has this day.",
    "date_unreadable": "时间看不懂，请写成 2020-02-24 07:30。Not readable; write it as 2020-02-24 07:30.",
    "declared_before_opening": "填报时间早于观察开始时间。It lies before the observation was opened.",
    "declared_in_future": "填报时间晚于当前时间，请核对。It is still to come; check it.",
    "document_scientific": "号码被表格变成了数值，后几位已丢失；请把该列设为文本后重新填写。"
    "The spreadsheet turned the number into a figure and its last digits are gone; format the column as text.",
    "identity_missing": "请填写证件号码，或姓名和手机号。Give a document, or name and phone.",
    "name_differs": "证件号码与姓名不是同一人，请核对。Document and name are not one person's; check them.",
    "number_malformed": "应为数字，如 36.5。A number is expected, such as 36.5.",
    "one_of_two": "体温和无法测量原因只填一项。Give a temperature or why there is none, not both.",
    "person_ambiguous": "有多人符合，请填写证件号码。Several people fit; give the document.",
    "person_erased": "此人的个人信息已删除。The person was erased.",
    "person_unknown": "管理范围内没有正在观察的此人。Nobody like this is under observation within your scope.",
    "phone_malformed": "应为 11 位手机号，或带区号的固话。"
    "A mobile number of 11 digits, or a landline with its area code, is expected.",
    "policy_unknown": "现行规定尚未发布。No rules are in force yet.",
    "reason_unknown": "原因不在列表中。The reason is not on the list.",
    "row_failed": "该行未能处理，原因已记录；请核对后重新导入，或代为申报。"
    "The row could not be processed and the reason is on record; check it and import it again, or declare by phone.",
    "symptom_unknown": "症状不在列表中，不能忽略；请改用列表中的词，或填“其他”。"
    "The symptom is not on the list and is never dropped; use a word of the list, or 其他.",
    "temperature_implausible": "体温超出合理范围，请重新测量。No body temperature; measure again.",
    "time_impossible": "没有这个时刻。There is no such time of day.",
    "time_missing": "缺少时刻，请写成 2020-02-24 07:30。The time of day is missing; write 2020-02-24 07:30.",
    "value_missing": "缺少内容。The value is missing.",
}
"""What is wrong and what would be right, by code. The texts never repeat the value."""


def explained(code: str) -> str:
    """The text to a code."""
    return EXPLAINED.get(code, "该行未被接受，请核对。The line was not taken; check it.")
