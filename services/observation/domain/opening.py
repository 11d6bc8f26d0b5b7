"""When does an observation begin? (R2.7, R4.6 to R4.10, O1, O10)."""

from datetime import datetime
from uuid import UUID

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.days import local_day


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
