"""What happens to somebody who came back: category, measure, day 0 and the first day of a pass."""

import json
from datetime import date
from pathlib import Path

import pytest

from services.registry.domain.errors import ApprovalRequired, ArrivalInFuture, MeasureNotAllowed, PeriodOver
from services.registry.domain.returnees import (
    Choice,
    IntakeDecision,
    Trip,
    check_period,
    decide_intake,
    told_by_id,
)
from shared.events.policy import PolicyDocument
from shared.events.policy_observation import Category, Measure, ObservationRules

POLICY = Path(__file__).parents[3] / "services" / "registry" / "data" / "policy-2020-02-24.json"
RULES: ObservationRules = PolicyDocument.model_validate(
    json.loads(POLICY.read_bytes())["document"]
).observation


def intake(
    *,
    arrived: date = date(2020, 2, 24),
    registered: date = date(2020, 2, 24),
    proof: bool = True,
    category: Category = "other",
    choice: Choice | None = None,
) -> IntakeDecision:
    trip = Trip(origin_code="330300", arrived_on=arrived, transport="train", proof=proof)
    return decide_intake(trip, choice or Choice(), category=category, rules=RULES, registered_on=registered)


@pytest.mark.scenario("O2")
@pytest.mark.parametrize(
    ("arrived", "last_day"),
    [
        (date(2020, 2, 15), date(2020, 2, 29)),
        (date(2020, 2, 16), date(2020, 3, 1)),
        (date(2020, 2, 29), date(2020, 3, 14)),
        (date(2021, 2, 15), date(2021, 3, 1)),
        (date(2020, 12, 25), date(2021, 1, 8)),
    ],
)
def test_the_last_day_is_fourteen_days_after_a_proven_arrival(arrived: date, last_day: date) -> None:
    decided = intake(arrived=arrived, registered=arrived)
    assert (decided.anchor_date, decided.anchor_basis) == (arrived, "arrival_with_proof")
    assert decided.last_day == last_day


@pytest.mark.scenario("O1")
@pytest.mark.parametrize(
    ("registered", "last_day"),
    [(date(2020, 2, 24), date(2020, 3, 9)), (date(2020, 2, 25), date(2020, 3, 10))],
)
def test_without_proof_day_0_is_the_day_of_registration(registered: date, last_day: date) -> None:
    decided = intake(arrived=date(2020, 2, 20), registered=registered, proof=False)
    assert (decided.anchor_date, decided.anchor_basis) == (registered, "registration_date")
    assert decided.last_day == last_day


@pytest.mark.scenario("P5")
def test_a_pass_is_possible_from_the_day_after_the_last() -> None:
    assert intake(arrived=date(2020, 2, 15)).pass_from == date(2020, 3, 1)


def test_an_arrival_after_the_day_of_registration_is_refused() -> None:
    with pytest.raises(ArrivalInFuture):
        intake(arrived=date(2020, 2, 25), registered=date(2020, 2, 24))


def test_a_period_that_is_over_is_refused_with_its_last_day_and_one_that_ends_today_is_not() -> None:
    today = date(2020, 3, 1)
    check_period(intake(arrived=date(2020, 2, 16), registered=today), today)
    check_period(intake(arrived=date(2020, 1, 1), registered=today, proof=False), today)
    with pytest.raises(PeriodOver) as refused:
        check_period(intake(arrived=date(2020, 2, 15), registered=today), today)
    assert refused.value.extra["last_day"] == "2020-02-29"


@pytest.mark.requirement("R4.6", "R4.7", "R4.8", "R4.9", "R4.10")
@pytest.mark.parametrize(
    ("category", "measure"),
    [
        ("focus", "centralized_observation"),
        ("higher_risk", "home_quarantine"),
        ("concern", "home_quarantine"),
        ("other", "home_self_monitoring"),
        ("close_contact", "centralized_observation"),
    ],
)
def test_the_category_proposes_the_measure(category: Category, measure: Measure) -> None:
    assert intake(category=category).measure == measure


HARDSHIP = "需照顾独居老人"


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("choice", "refusal"),
    [
        (Choice(measure="home_quarantine"), ApprovalRequired),
        (Choice(measure="home_quarantine", reason=HARDSHIP), ApprovalRequired),
        (Choice(measure="home_quarantine", approved_by="农村社区防控组"), ApprovalRequired),
        (
            Choice(measure="home_self_monitoring", reason=HARDSHIP, approved_by="农村社区防控组"),
            MeasureNotAllowed,
        ),
        (Choice(measure="medical", reason=HARDSHIP, approved_by="农村社区防控组"), MeasureNotAllowed),
    ],
)
def test_who_was_in_a_focus_area_stays_home_only_with_reason_and_approver(
    choice: Choice, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        intake(category="focus", choice=choice)


@pytest.mark.requirement("R4.6")
def test_hardship_with_reason_and_approver_allows_home_quarantine() -> None:
    choice = Choice(measure="home_quarantine", reason=HARDSHIP, approved_by="农村社区防控组")
    assert intake(category="focus", choice=choice).measure == "home_quarantine"


@pytest.mark.requirement("R4.7")
def test_an_officer_may_choose_a_stricter_measure_with_a_reason() -> None:
    stricter = Choice(measure="centralized_observation", reason="合租房，无法单独居住")
    assert intake(category="higher_risk", choice=stricter).measure == "centralized_observation"
    with pytest.raises(ApprovalRequired):
        intake(category="higher_risk", choice=Choice(measure="centralized_observation"))


@pytest.mark.parametrize("category", ["higher_risk", "concern", "close_contact"])
def test_no_approver_makes_a_measure_milder_than_policy_names(category: Category) -> None:
    milder = Choice(measure="home_self_monitoring", reason=HARDSHIP, approved_by="农村社区防控组")
    with pytest.raises(MeasureNotAllowed):
        intake(category=category, choice=milder)


def test_choosing_what_policy_proposes_needs_no_reason() -> None:
    assert intake(choice=Choice(measure="home_self_monitoring")).measure == "home_self_monitoring"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("99010119900307001X", (date(1990, 3, 7), "male")),
        ("990101200002290024", (date(2000, 2, 29), "female")),
    ],
)
def test_a_resident_id_tells_birth_date_and_sex(number: str, told: tuple[date, str]) -> None:
    assert told_by_id(number) == told
