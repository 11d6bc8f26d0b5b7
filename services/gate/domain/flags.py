"""What shows only when checks come in late: late admissions, one pass at two gates, clocks (G9 to G11, F15)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.domain.rulings import Verdict
from shared.events.policy_gate import SyncRules

Flag = Literal["two_places_at_once", "copied_pass", "clock_ahead", "clock_behind"]
EndedAs = Literal["revoked", "suspended", "replaced"]
LETS_THROUGH = frozenset({Verdict.ADMIT, Verdict.ADMIT_WITH_ACTION})
_ENDED: dict[PassState, EndedAs] = {PassState.REVOKED: "revoked", PassState.SUSPENDED: "suspended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PassEnds:
    """Since when a pass is in its state, and since when its newest print is the newest; None where nobody noted it."""

    state: PassState
    state_since: datetime | None
    serial: int
    serial_since: datetime | None


def decide_late_admission(
    happened_at: datetime, verdict: Verdict, *, shown_serial: int | None, now: PassEnds
) -> tuple[EndedAs, datetime] | None:
    """Did an offline device let a pass through that had ended before, which it could not know? As what, and when.

    The earliest end counts. A pass that ended after the check was good when it was shown.
    """
    if verdict not in LETS_THROUGH:
        return None
    ends: list[tuple[datetime, EndedAs]] = []
    if (ended := _ENDED.get(now.state)) and now.state_since is not None:
        ends.append((now.state_since, ended))
    if shown_serial is not None and shown_serial < now.serial and now.serial_since is not None:
        ends.append((now.serial_since, "replaced"))
    before = [(at, ended) for at, ended in ends if at <= happened_at]
    return (min(before)[1], min(before)[0]) if before else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two checks of one person at two checkpoints. `scanned_both`: the same pass's code was read at both."""

    check_id: UUID
    other_check_id: UUID
    apart: timedelta
    scanned_both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A check that needs a look, and the other one if there are two."""

    check_id: UUID
    flag: Flag
    other_check_id: UUID | None = None


def decide_meetings(meetings: Iterable[Meeting], rules: SyncRules) -> Iterator[Flagged]:
    """Nobody is at two gates at once; of two prints of one pass only one is the holder's."""
    for meeting in meetings:
        seconds = meeting.apart.total_seconds()
        if meeting.scanned_both and seconds <= rules.copied_pass_within_seconds:
            yield Flagged(
                check_id=meeting.check_id, flag="copied_pass", other_check_id=meeting.other_check_id
            )
        elif seconds <= rules.two_places_within_seconds:
            yield Flagged(
                check_id=meeting.check_id, flag="two_places_at_once", other_check_id=meeting.other_check_id
            )


def decide_clock(check_id: UUID, device_at: datetime, received_at: datetime) -> Flagged:
    """A stamp that could not be believed: from which side it is wrong."""
    return Flagged(check_id=check_id, flag="clock_ahead" if device_at > received_at else "clock_behind")
