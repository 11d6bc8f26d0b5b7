"""What a day that is over leaves of each site: told once, and again when late logs change it (R5.1, S1)."""

from dataclasses import dataclass
from typing import Self

from services.sanitation.domain.day_sheet import DaySheet, SheetState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """A site's day as it was closed.

    Attributes:
        on_duty: it owed rounds that day, or might have; exempt days count nowhere.
        required, counted: rounds owed, and rounds that stand.
        done, on_time: of those owed, that stand at all, and without late entries.
        shortfall: owed and not done.
        logged, outside_range: logs of the day, and those whose solution was not right.
    """

    on_duty: bool
    required: int
    counted: int
    done: int
    on_time: int
    shortfall: int
    logged: int
    outside_range: int

    @classmethod
    def of(cls, sheet: DaySheet, *, outside_range: int) -> Self:
        """What a sheet comes to when its day is over."""
        return cls(
            on_duty=sheet.state is not SheetState.EXEMPT,
            required=sheet.required,
            counted=sheet.counted,
            done=sheet.required - sheet.shortfall,
            on_time=sheet.on_time,
            shortfall=sheet.shortfall,
            logged=sheet.logged,
            outside_range=outside_range,
        )


def is_news(before: ClosedDay | None, after: ClosedDay) -> bool:
    """Say whether headquarters have to be told of a closed day: it is short, or what was told of it is not so any more.

    A day that closed without a shortfall is no news; neither is a log on a day that stays as short as it was.
    """
    return after.shortfall != (before.shortfall if before else 0)
