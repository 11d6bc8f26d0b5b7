"""When does an observation begin, and when does the rest of one go on? (R2.7, R4.6 to R4.10, O1, O10, P10)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, DwellingId, GridId


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where somebody is observed."""

    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId


def decide_opening(
    returnee: ReturneeRegistered, *, in_force: bool, case_id: UUID, calendar: Calendar, now: datetime
) -> Case | None:
    """Open an observation for a returnee, unless the person has one in force.

    The length of the period is what the policy in force on the day of opening says, and stays.
    """
    if in_force:
        return None
    policy = calendar.on(local_day(now))
    return Case(
        case_id=case_id,
        person_ref=returnee.person_ref,
        compound=returnee.compound,
        dwelling_id=returnee.dwelling_id,
        grid=returnee.grid,
        category=returnee.category,
        measure=returnee.measure,
        anchor_date=returnee.anchor_date,
        anchor_basis=returnee.anchor_basis,
        days=policy.document.observation.days,
        policy_version=policy.version,
        opened_at=now,
        settled_through=now,
        version=1,
        origin_code=returnee.origin_code,
    )


def rest_of(ended: Case, home: Home, *, case_id: UUID, at: datetime) -> Case:
    """The rest of a period as a case of its own, with the same day 0 and last day; nothing before it is due in it.

    Of somebody in medical hands the last day moves by the days since the clock stopped.
    """
    stop = ended.open_interruption
    stood = local_day(at) - local_day(stop.began_at) if stop is not None else timedelta()
    return replace(
        ended,
        case_id=case_id,
        compound=home.compound,
        dwelling_id=home.dwelling_id,
        grid=home.grid,
        anchor_date=ended.day_zero,
        anchor_basis=ended.basis_now,
        days=(ended.last_day + stood - ended.day_zero).days,
        opened_at=at,
        settled_through=at,
        version=1,
        awaiting_since=None,
        ended_at=None,
        closed_as=None,
        interruptions=(),
        reschedulings=(),
        answers={},
        told_missed=frozenset(),
    )
