"""What a corrected intake changes in a case, and what it leaves alone."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest

from services.observation.domain.case import Case, interrupted
from services.observation.domain.deciding import decide_decision, restarted
from services.observation.domain.intake_correction import day_zero_corrected, measure_corrected
from shared.events.registry.returnees import ReturneeRegistered, StatedBefore
from tests.unit.observation.given import a_case, at

FEB20, FEB22, FEB24, FEB29 = (date(2020, 2, day) for day in (20, 22, 24, 29))
NOON = at(FEB29, "12:00")
CASE = a_case(FEB24, at(FEB24, "09:00"))
BEFORE = StatedBefore(category="other", measure="home_self_monitoring", anchor_date=FEB24)


def told(corrects: StatedBefore | None = BEFORE) -> ReturneeRegistered:
    return ReturneeRegistered(
        intake_id=UUID(int=9),
        person_ref=CASE.person_ref,
        compound=CASE.compound,
        dwelling_id=CASE.dwelling_id,
        grid=CASE.grid,
        category="concern",
        measure="home_quarantine",
        origin_code="411500",
        anchor_date=FEB22,
        anchor_basis="arrival_with_proof",
        policy_version=1,
        risk_revision=1,
        registered_at=datetime.fromisoformat("2020-02-24T09:00:00+08:00"),
        corrects=corrects,
    )


def begun_anew(case: Case) -> Case:
    stopped = interrupted(case, "fever", at(FEB24, "10:00"))
    return decide_decision(stopped, "restart", now=at(FEB24, "20:00"))


@pytest.mark.scenario("O3")
@pytest.mark.parametrize(
    ("case", "corrects", "day_zero"),
    [
        (CASE, BEFORE, FEB22),
        (CASE, None, FEB24),
        (CASE, BEFORE.model_copy(update={"anchor_date": FEB20}), FEB24),
        (CASE, BEFORE.model_copy(update={"anchor_date": FEB22}), FEB24),
        (begun_anew(CASE), BEFORE, FEB24),
        (
            restarted(CASE, FEB24, "close_contact", "centralized_observation", at(FEB24, "20:00")),
            BEFORE,
            FEB24,
        ),
    ],
    ids=["stands on it", "no correction", "moved since", "day is the same", "restarted", "close contact"],
)
def test_day_0_follows_only_where_it_stood_on_the_intake(
    case: Case, corrects: StatedBefore | None, day_zero: date
) -> None:
    assert day_zero_corrected(case, told(corrects), NOON).day_zero == day_zero


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("case", "corrects", "measure"),
    [
        (CASE, BEFORE, "home_quarantine"),
        (CASE, None, "home_self_monitoring"),
        (replace(CASE, category="close_contact"), BEFORE, "home_self_monitoring"),
        (replace(CASE, measure="centralized_observation"), BEFORE, "centralized_observation"),
    ],
    ids=["stands on it", "no correction", "another category since", "another measure since"],
)
def test_the_measure_follows_only_where_it_was_the_intakes(
    case: Case, corrects: StatedBefore | None, measure: str
) -> None:
    after = measure_corrected(case, told(corrects))
    assert (after.measure, after.version - case.version) == (measure, int(after is not case))
