"""Which of two times is believed: the device's own or ours. Both are kept (gate rules, F13, G11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTime:
    """When a check happened, and whether the device's clock could be believed."""

    happened_at: datetime
    trusted: bool


def judge_time(
    checked_at: datetime, *, received_at: datetime, opened_at: datetime, ahead_seconds: int
) -> JudgedTime:
    """The device's time unless it cannot be true; then the time of receipt stands in.

    A check cannot come from the future, nor from before its checkpoint was opened; `ahead_seconds` is how far two
    good clocks may differ.
    """
    leeway = timedelta(seconds=ahead_seconds)
    trusted = opened_at - leeway <= checked_at <= received_at + leeway
    return JudgedTime(happened_at=checked_at if trusted else received_at, trusted=trusted)
