"""Airing of public places (R5.1)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.sanitation.domain.late import InTheFuture

LONGEST_MINUTES = 1440
"""A day: windows that stay open longer are logged anew."""


def decide_length(began_at: datetime, minutes: int, *, now: datetime, tolerance: timedelta) -> None:
    """May it have lasted so long already? An airing is logged when it is over.

    Raises:
        InTheFuture: it would end later than now.
    """
    if began_at + timedelta(minutes=minutes) - now > tolerance:
        raise InTheFuture("minutes", "通风尚未结束。The airing is not over yet.")


def airings(minutes: Iterable[int], at_least: int) -> int:
    """How many of a day's airings were long enough."""
    return sum(one >= at_least for one in minutes)
