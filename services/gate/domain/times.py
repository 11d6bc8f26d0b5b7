"""Which of two times is believed: the device's own or ours; and the hours of a day (gate rules, F13, G11)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple, Self

from shared.kernel.days import SHANGHAI, Span, end_of, local_day, start_of

_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyHours:
    """Hours of each day, local time; `until` no longer belongs to them. They may cross midnight."""

    start: time
    until: time

    @classmethod
    def stated(cls, start: time, until: time) -> Self:
        """As a policy and a form state them, to the minute: until 23:59 is until midnight, which they cannot say."""
        return cls(start=start, until=time.min if until >= _LAST_MINUTE else until)

    def cover(self, at: datetime) -> bool:
        """Does the instant fall into them? Equal ends are a whole day."""
        local = at.astimezone(SHANGHAI).time()
        if self.start < self.until:
            return self.start <= local < self.until
        return local >= self.start or local < self.until


class JudgedTime(NamedTuple):
    """When a check happened, whether the device's clock could be believed, and if not: did it say the future?"""

    happened_at: datetime
    trusted: bool
    ahead: bool


def day_until(at: datetime, *, whole: bool) -> Span:
    """The local day of an instant: the whole of it, or up to that instant, which still belongs to it."""
    day = local_day(at)
    return Span(starts=start_of(day), ends=end_of(day) if whole else at + timedelta(microseconds=1))


def judge_time(
    checked_at: datetime,
    *,
    received_at: datetime,
    opened_at: datetime,
    ahead_seconds: int,
    skew_seconds: int = 0,
) -> JudgedTime:
    """The device's time, corrected, unless it cannot be true; then the time of receipt stands in.

    A check cannot come from the future, nor from before its checkpoint was opened.

    Args:
        checked_at: the device's stamp.
        received_at: when it came here.
        opened_at: when the checkpoint was opened.
        ahead_seconds: how far two good clocks may differ.
        skew_seconds: by how much the device's clock is known to be ahead of ours; negative: behind.
    """
    leeway = timedelta(seconds=ahead_seconds)
    corrected = checked_at - timedelta(seconds=skew_seconds)
    trusted = opened_at - leeway <= corrected <= received_at + leeway
    return JudgedTime(
        happened_at=corrected if trusted else received_at,
        trusted=trusted,
        ahead=corrected > received_at + leeway,
    )
