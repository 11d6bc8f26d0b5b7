"""Who becomes a close contact of somebody confirmed, and what that means for them (R4.10, O9)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.observation.domain.calendar import PolicyVersion
from services.observation.domain.case import Case
from services.observation.domain.deciding import restarted
from services.observation.domain.refusals import AnchorInFuture, ExposureAfterConfirmation
from shared.events.policy_observation import Category
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

Outcome = Literal["opened", "restarted", "counted_already", "home_unknown"]
CLOSE_CONTACT: Category = "close_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """Who lives in a dwelling, tenants included."""

    dwelling_id: DwellingId
    compound: CompoundId
    grid: GridId
    members: frozenset[PersonRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """One way in which somebody was near: at a dwelling, or as the confirmed person stated (`dwelling_id` is None)."""

    person_ref: PersonRef
    dwelling_id: DwellingId | None


def check_exposure(*, confirmed_on: date, last_exposure: date, today: date) -> None:
    """Insist on dates that can be.

    Raises:
        AnchorInFuture, ExposureAfterConfirmation.
    """
    if confirmed_on > today:
        raise AnchorInFuture(
            "确诊日期不能晚于今天。The confirmation cannot lie in the future.", field="confirmed_on"
        )
    if last_exposure > confirmed_on:
        raise ExposureAfterConfirmation(
            "末次接触日期不能晚于确诊日期。The last exposure cannot lie after the confirmation.",
            field="last_exposure",
        )


def near(
    confirmed: PersonRef, households: Iterable[Household], stated: Iterable[PersonRef]
) -> tuple[Nearness, ...]:
    """Tell everybody who was near, in every way in which they were: somebody with two addresses appears in both."""
    found = [
        Nearness(person_ref=member, dwelling_id=home.dwelling_id)
        for home in sorted(households, key=lambda home: home.dwelling_id)
        for member in sorted(home.members)
        if member != confirmed
    ]
    at_home = {one.person_ref for one in found}
    named = sorted(set(stated) - at_home - {confirmed})
    return (*found, *(Nearness(person_ref=person, dwelling_id=None) for person in named))


def contact_of(case: Case, last_exposure: date, policy: PolicyVersion, *, at: datetime) -> Case:
    """Count the days of somebody under observation from the last exposure, unless they end later as it is.

    The measure of close contacts holds from now on, also where the dates stay. Nothing is shortened or relaxed: the
    case comes back as it was when it is a close contact's already and ends as late.
    """
    if last_exposure + timedelta(days=case.days) > case.last_day:
        return restarted(
            case, last_exposure, CLOSE_CONTACT, policy.document.observation.measures[CLOSE_CONTACT], at
        )
    if case.category == CLOSE_CONTACT:
        return case
    measure = policy.document.observation.measures[CLOSE_CONTACT]
    return replace(case, category=CLOSE_CONTACT, measure=measure, version=case.version + 1)


def new_contact(
    person_ref: PersonRef,
    home: Household,
    last_exposure: date,
    policy: PolicyVersion,
    *,
    case_id: UUID,
    now: datetime,
) -> Case:
    """Open the observation of a close contact; day 0 is the last exposure."""
    rules = policy.document.observation
    return Case(
        case_id=case_id,
        person_ref=person_ref,
        compound=home.compound,
        dwelling_id=home.dwelling_id,
        grid=home.grid,
        category=CLOSE_CONTACT,
        measure=rules.measures[CLOSE_CONTACT],
        anchor_date=min(last_exposure, local_day(now)),
        anchor_basis="last_exposure",
        days=rules.days,
        policy_version=policy.version,
        opened_at=now,
        settled_through=now,
        version=1,
    )
