"""Lines of an uploaded roster (排班表), each read by itself with all its faults (R2.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.kernel.days import DailyWindow

CHECKPOINT, DAY, BEGINS, UNTIL, STAFF = "卡口编号", "日期", "开始", "结束", "工号"
COLUMNS = (CHECKPOINT, DAY, BEGINS, UNTIL, STAFF)
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::00)?")


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a cell of a line; an empty column means the whole line."""

    column: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLine:
    """One line: a worker by staff number (工号), a post, and from when until when."""

    checkpoint: str
    staff_number: str
    starts_at: datetime
    ends_at: datetime


def read_line(cells: Mapping[str, str]) -> RosterLine | list[LineFault]:
    """A line, or everything that is wrong with it. An end at or before the start is on the next day."""
    faults = [LineFault(name, "empty", "未填写。Empty.") for name in COLUMNS if not cells.get(name)]
    day, begins, until = _day(cells.get(DAY, "")), _clock(cells.get(BEGINS, "")), _clock(cells.get(UNTIL, ""))
    filled = {name for name in COLUMNS if cells.get(name)}
    if day is None and DAY in filled:
        faults.append(LineFault(DAY, "no_date", "不是日期，例：2020-02-24。Not a date like 2020-02-24."))
    for name, read in ((BEGINS, begins), (UNTIL, until)):
        if read is None and name in filled:
            faults.append(LineFault(name, "no_time", "不是时间，例：22:00。Not a time like 22:00."))
    if faults or day is None or begins is None or until is None:
        return faults
    if cells[BEGINS].startswith("24"):
        day += timedelta(days=1)  # the midnight at the day's end
    span = DailyWindow(opens=begins, closes=until).on(day)
    return RosterLine(
        checkpoint=cells[CHECKPOINT].lower(),
        staff_number=staff_key(cells[STAFF]),
        starts_at=span.starts,
        ends_at=span.ends,
    )


def staff_key(number: str) -> str:
    """A staff number in the one spelling under which it is looked up."""
    return "".join(number.split()).upper()


def _day(text: str) -> date | None:
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text)
    try:
        return date(*map(int, parts.groups())) if parts and int(parts[1]) > 2000 else None
    except ValueError:
        return None


def _clock(text: str) -> time | None:
    """A time of day; 24:00 is the midnight at the day's end."""
    parts = _CLOCK.fullmatch(text)
    if parts is None:
        return None
    hour, minute = int(parts[1]), int(parts[2])
    if hour == 24:
        return time(0) if minute == 0 else None
    return time(hour, minute)
