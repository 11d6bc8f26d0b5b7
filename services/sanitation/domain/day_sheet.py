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
class Duty:
    """What is asked of a site: its own number of rounds, or the policy's."""

    rounds_per_day: int | None
    since: date
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """One site, one day. `logged` are all logs, `counted` those that are rounds of their own."""

    required: int
    logged: int
    counted: int
    shortfall: int
    state: SheetState


def day_sheet(
    duty: Duty, logs: Sequence[datetime], *, day: date, now: datetime, policy_rounds: int, spacing: timedelta
) -> DaySheet:
    """Derive a site's sheet from its logs of the day.

    A day is `missed` only once it is over in Shanghai; until then it is `open`. A site that is not in
    use, or was not yet, owes nothing.
    """
    rounds = len(counted(logs, spacing))
    exempt = not duty.active or duty.since > day
    required = 0 if exempt else duty.rounds_per_day or policy_rounds
    shortfall = max(0, required - rounds)
    if exempt:
        state = SheetState.EXEMPT
    elif shortfall == 0:
        state = SheetState.DONE
    else:
        state = SheetState.MISSED if now >= end_of(day) else SheetState.OPEN
    return DaySheet(required=required, logged=len(logs), counted=rounds, shortfall=shortfall, state=state)
