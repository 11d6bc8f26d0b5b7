"""What the parts of the oracle share: the town's time, and how acts are read."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

TOWN = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
FEVER_FROM = 37.3

Key = tuple[Any, ...]
Value = tuple[Any, ...]
Table = dict[Key, Value]
"""What must be there: by key what it must say."""


def local(instant: datetime) -> datetime:
    """The instant as clocks in town show it."""
    return instant.astimezone(TOWN)


def day_of(instant: datetime) -> date:
    """The day in town."""
    return local(instant).date()


def midnight_after(day: date) -> datetime:
    """24:00 of a day."""
    return datetime.combine(day + DAY, time(), TOWN)


def clock(day: date, hours: int) -> datetime:
    """An hour of a day in town."""
    return datetime.combine(day, time(hours), TOWN)


def fever(reading: str | None) -> bool:
    """Is this a fever?"""
    return reading is not None and float(reading) >= FEVER_FROM


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Morning or evening of a day: declared in time until it closes, late until then, afterwards kept."""

    day: date
    name: str
    opens: datetime
    closes: datetime
    late_until: datetime


def window(day: date, name: str) -> Window:
    """06:00 to 10:00, late until 17:00; 17:00 to 21:00, late until 06:00."""
    if name == "morning":
        return Window(
            day=day, name=name, opens=clock(day, 6), closes=clock(day, 10), late_until=clock(day, 17)
        )
    return Window(
        day=day, name=name, opens=clock(day, 17), closes=clock(day, 21), late_until=clock(day + DAY, 6)
    )


def window_at(instant: datetime) -> Window:
    """The window that opened last."""
    day = day_of(instant)
    opened = [
        one
        for one in (window(on, name) for on in (day - DAY, day) for name in ("morning", "evening"))
        if one.opens <= instant
    ]
    return max(opened, key=lambda one: one.opens)
