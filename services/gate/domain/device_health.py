"""How a device is: its clock against ours, and when the others are told. Heartbeats are real time (architecture §6)."""

from datetime import datetime, timedelta

TOLD_EVERY = timedelta(minutes=1)
"""A device says how it is as often as it likes; the bus hears of it at most once a minute."""
_MOST_SKEW = 2**31 - 1


def clock_skew(device_time: datetime, *, now: datetime) -> int:
    """By how many seconds a device's clock is ahead of ours; negative: behind. A dead battery says 1970."""
    skew = round((device_time - now).total_seconds())
    return max(-_MOST_SKEW, min(_MOST_SKEW, skew))


def decide_telling(told_at: datetime | None, *, real_now: datetime) -> bool:
    """Is it time to tell the others how the device is?"""
    return told_at is None or real_now - told_at >= TOLD_EVERY
