"""What a site owes on a day and what it has (R5.1, S1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.sanitation.domain.rounds import counted
from shared.kernel.days import end_of


class SheetState(StrEnum):
    """How a day stands at a site."""

    OPEN = "open"
    DONE = "done"
    MISSED = "missed"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log of the day, as far as the sheet asks. `late`: entered afterwards, with an explanation."""

    done_at: datetime
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """One site, one day.

    `logged` are all logs, `counted` those that are rounds of their own, `on_time` the owed rounds that stand without
    late entries, `last_counted` is when the last round of its own was done.
    """

    required: int
    logged: int
    counted: int
    on_time: int
    shortfall: int
    state: SheetState
    last_counted: datetime | None


def day_sheet(
    required: int | None, logs: Sequence[Log], *, day: date, now: datetime, spacing: timedelta
) -> DaySheet:
    """Derive a site's sheet from its logs of the day.

    A day is `missed` only once it is over in Shanghai; until then it is `open`. `required` is None where the site is
    exempt that day: it owes nothing.
    """
    owed = required or 0
    rounds = counted((log.done_at for log in logs), spacing)
    in_time = len(counted((log.done_at for log in logs if not log.late), spacing))
    shortfall = max(0, owed - len(rounds))
    if required is None:
        state = SheetState.EXEMPT
    elif shortfall == 0:
        state = SheetState.DONE
    else:
        state = SheetState.MISSED if now >= end_of(day) else SheetState.OPEN
    return DaySheet(
        required=owed,
        logged=len(logs),
        counted=len(rounds),
        on_time=min(owed, in_time),
        shortfall=shortfall,
        state=state,
        last_counted=rounds[-1] if rounds else None,
    )
