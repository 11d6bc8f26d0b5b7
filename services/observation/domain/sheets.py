"""The person sheet and the long table: what was declared, day by day, as offices file it (R2.7).

Both are made of the same windows as the figures, so counting them gives the figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from services.observation.domain.calendar import MORNING, Slot
from services.observation.domain.case import Case
from services.observation.domain.grid import Cell, WindowState
from shared.kernel.days import SHANGHAI

STATES: Mapping[WindowState, str] = {
    WindowState.ANSWERED: "已报",
    WindowState.LATE: "迟报",
    WindowState.MISSED: "未报",
    WindowState.OPEN: "待报",
    WindowState.UPCOMING: "",
    WindowState.NOT_DUE: "",
}
CHANNELS: Mapping[str, str] = {
    "self": "本人",
    "proxy": "代报",
    "phone": "电话",
    "visit": "上门",
    "import": "问卷",
}
SYMPTOMS: Mapping[str, str] = {
    "fever": "发热",
    "cough": "咳嗽",
    "fatigue": "乏力",
    "sore_throat": "咽痛",
    "short_of_breath": "气促",
    "diarrhoea": "腹泻",
    "loss_of_smell": "嗅觉减退",
    "other": "其他",
}
CANNOT: Mapping[str, str] = {
    "no_thermometer": "无体温计",
    "thermometer_broken": "体温计损坏",
    "too_young": "年幼",
    "unwell": "身体不适",
    "refused": "拒绝",
    "other": "其他原因",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A declaration as a sheet shows it. `erased`: its answers are no longer kept."""

    channel: str
    received_at: datetime
    corrected: bool
    corrects: bool
    temperature_c: str | None = field(default=None, repr=False)
    cannot_measure_reason: str | None = field(default=None, repr=False)
    symptoms: tuple[str, ...] | None = field(default=None, repr=False)

    @property
    def erased(self) -> bool:
        """Whether the answers are no longer kept."""
        return self.symptoms is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDay:
    """A row of the person sheet: a day with its two windows, each its state and what was said last."""

    number: int
    day: date
    morning: str
    evening: str


def in_words(said: Said) -> str:
    """What one declaration says: temperature or why there is none, symptoms, by whom, when."""
    if said.erased:
        value = "已清除"
    elif said.temperature_c is not None:
        value = f"{Decimal(said.temperature_c):.1f}℃"
    else:
        value = f"测不了（{CANNOT[said.cannot_measure_reason or 'other']}）"
    symptoms = "、".join(SYMPTOMS[one] for one in said.symptoms or ())
    at = f"{said.received_at.astimezone(SHANGHAI):%H:%M}"
    parts = [value, symptoms, f"{CHANNELS[said.channel]} {at}", "更正" if said.corrects else ""]
    return " ".join(part for part in parts if part)


def cell_text(cell: Cell, said: Sequence[Said]) -> str:
    """A window of the person sheet: its state where it was not answered in time, and every entry that counts."""
    told = "；".join(in_words(one) for one in said if not one.corrected)
    state = "" if cell.state is WindowState.ANSWERED else STATES[cell.state]
    return " ".join(part for part in (state, told) if part)


def person_sheet(case: Case, cells: Sequence[Cell], said: Mapping[Slot, Sequence[Said]]) -> list[SheetDay]:
    """The rows of a person's sheet: day 1 to the last, fourteen where nothing interrupted or prolonged it."""
    text: dict[date, dict[str, str]] = {}
    for cell in cells:
        if cell.span.day > case.day_zero or cell.state is not WindowState.NOT_DUE:
            text.setdefault(cell.span.day, {})[cell.span.window] = cell_text(
                cell, said.get(cell.span.slot, ())
            )
    return [
        SheetDay(
            number=number,
            day=day,
            morning=windows.get("morning", ""),
            evening=windows.get("evening", ""),
        )
        for number, (day, windows) in enumerate(sorted(text.items()), start=1)
    ]


LONG_HEADER = (
    *("个案编号", "姓名", "小区", "网格", "日期", "时段", "状态", "序号", "填报方式", "填报时间"),
    *("体温", "无法测量原因", "症状", "已被更正"),
)


def long_rows(
    case: Case, name: str, cells: Sequence[Cell], said: Mapping[Slot, Sequence[Said]]
) -> Iterator[tuple[str, ...]]:
    """The rows of a person in the long table: one for each entry of a due window, or one where there is none.

    The first row of each window has number 1, so counting those by state gives the figures.
    """
    for cell in cells:
        if cell.state in {WindowState.NOT_DUE, WindowState.UPCOMING}:
            continue
        window = "早" if cell.span.window == MORNING else "晚"
        head = (
            *(str(case.case_id), name, case.compound, case.grid),
            *(cell.span.day.isoformat(), window, STATES[cell.state]),
        )
        entries = said.get(cell.span.slot, ())
        if not entries:
            yield (*head, "1", "", "", "", "", "", "")
        for number, one in enumerate(entries, start=1):
            yield (
                *head,
                *(str(number), CHANNELS[one.channel]),
                f"{one.received_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                "已清除" if one.erased else one.temperature_c or "",
                CANNOT[one.cannot_measure_reason] if one.cannot_measure_reason else "",
                "、".join(SYMPTOMS[symptom] for symptom in one.symptoms or ()),
                "是" if one.corrected else "",
            )
