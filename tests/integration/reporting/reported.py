"""What a daily report adds up besides: returnees, symptoms, reports of a test's town. Few ids, so that many repeat."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from shared.events.base import Event
from shared.events.observation import (
    FeverCleared,
    ObservationClosed,
    ObservationMeasureChanged,
    ObservationStarted,
    SymptomReported,
)
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

CATEGORIES = ("focus", "higher_risk", "concern", "other", "close_contact")
MEASURES = ("centralized_observation", "home_quarantine", "home_self_monitoring")


def returnee(
    compound: CompoundId, at: datetime, category: str = "focus", number: int | None = None
) -> ReturneeRegistered:
    """Somebody came back; a number that was used before is a correction of that intake."""
    return ReturneeRegistered(
        intake_id=uuid4() if number is None else UUID(int=(int(compound[-3:]) << 64) + number),
        person_ref=PersonRef(uuid4()),
        compound=compound,
        dwelling_id=DwellingId(uuid4()),
        grid=GridId(f"{compound}-w01"),
        category=category,
        measure="centralized_observation",
        origin_code="420100",
        anchor_date=at.date(),
        anchor_basis="arrival_with_proof",
        policy_version=1,
        risk_revision=1,
        registered_at=at,
    )


def symptom(case: ObservationStarted, at: datetime) -> SymptomReported:
    """Somebody under observation feels ill."""
    return SymptomReported(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        fever=True,
        by="self",
        reported_at=at,
    )


def cleared(case: ObservationStarted, at: datetime) -> FeverCleared:
    """The clinic says that it was nothing."""
    return FeverCleared(
        person_ref=case.person_ref, compound=case.compound, case_id=case.case_id, cleared_at=at
    )


def closed(case: ObservationStarted, at: datetime, ending: str) -> ObservationClosed:
    """A case ends without the full period."""
    return ObservationClosed(
        case_id=case.case_id, person_ref=case.person_ref, compound=case.compound, ending=ending, closed_at=at
    )


def changed(case: ObservationStarted, at: datetime, measure: str) -> ObservationMeasureChanged:
    """An officer decides on another measure."""
    return ObservationMeasureChanged(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        measure=measure,
        category="focus",
        changed_at=at,
        policy_version=1,
    )


def something_to_report(
    rng: Random, compound: CompoundId, at: datetime, cases: list[ObservationStarted]
) -> list[Event]:
    """An intake, told for the first time or again; something happens to a case that the roll does not care for."""
    said: list[Any] = [returnee(compound, at, rng.choice(CATEGORIES), rng.randrange(20))]
    if cases:
        case = rng.choice(cases)
        said += [symptom(case, at), cleared(case, at + timedelta(minutes=rng.randrange(90)))]
        said.append(changed(case, at, rng.choice(MEASURES)))
        if rng.random() < 0.5:
            said.append(
                closed(case, at, rng.choice(("transferred", "died", "left_town", "cancelled", "merged")))
            )
    return said
