"""Local days and windows of Asia/Shanghai. Instants are UTC; days, windows and cut-offs are local.

Free of policy: the hours of a window, the length of a period and the cut-offs come from the caller.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = time(0, 0)


def local_day(instant: datetime) -> date:
    """Tell the calendar day on which an aware instant falls in Shanghai.

    Raises:
        ValueError: the instant is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no local day")
    return instant.astimezone(SHANGHAI).date()


def local_time(instant: datetime) -> time:
    """Tell the wall-clock time in Shanghai of an aware instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone has no local time")
    return instant.astimezone(SHANGHAI).time()


def at_local(day: date, at: time) -> datetime:
    """Tell the instant (UTC) at which Shanghai's clocks show `at` on `day`."""
    return datetime.combine(day, at, tzinfo=SHANGHAI).astimezone(UTC)


def start_of(day: date) -> datetime:
    """Tell the instant (UTC) of 00:00 local."""
    return at_local(day, MIDNIGHT)


def end_of(day: date) -> datetime:
    """Tell the instant (UTC) of 24:00 local, the first instant that no longer belongs to `day`."""
    return start_of(day + timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time: `starts` belongs to it, `ends` does not."""

    starts: datetime
    ends: datetime

    def holds(self, instant: datetime) -> bool:
        """Say whether the instant lies within."""
        return self.starts <= instant < self.ends


def typed_day(text: str) -> date | None:
    """The day that a form gives as 2020-02-24, in years that things can happen in; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyWindow:
    """Local hours that recur every day. `closes` at or before `opens` means the next day; 00:00 is 24:00."""

    opens: time
    closes: time

    def on(self, day: date) -> Span:
        """Tell the stretch of time of the window that opens on `day`."""
        closing_day = day if self.closes > self.opens else day + timedelta(days=1)
        return Span(starts=at_local(day, self.opens), ends=at_local(closing_day, self.closes))
