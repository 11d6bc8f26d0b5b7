"""Decisions of officers."""

from datetime import date

import pytest

from services.observation.domain.case import State
from services.observation.domain.deciding import DecisionKind, decide_decision
from services.observation.domain.refusals import CaseEnded, InMedicalHands, NotInterrupted, ReleaseTooEarly
from services.observation.domain.settling import ClosureAwaited, decide_settling
from tests.unit.observation.given import CALENDAR, a_case, answered, at, declared, every_window, settled

FEB24, FEB25 = date(2020, 2, 24), date(2020, 2, 25)
LAST = date(2020, 3, 9)
CASE = a_case(FEB24, at(FEB24, "09:00"))


@pytest.mark.requirement("R2.7")
def test_release_before_the_last_day_is_refused_with_the_first_possible_date() -> None:
    with pytest.raises(ReleaseTooEarly) as refused:
        decide_decision(CASE, "close", now=at(LAST, "22:00"))
    assert refused.value.extra == {"last_day": "2020-03-09", "first_possible": "2020-03-10"}


@pytest.mark.scenario("O5")
def test_after_the_period_an_officer_closes_what_is_open() -> None:
    case, _ = settled(CASE, at(LAST, "24:00"))
    closed = decide_decision(case, "close", now=at(date(2020, 3, 10), "09:00"))
    assert closed.state is State.COMPLETED
    assert closed.ended_at == at(date(2020, 3, 10), "09:00")
    assert settled(closed, at(date(2020, 4, 1), "09:00"))[1] == []


@pytest.mark.scenario("O6")
def test_nobody_is_released_from_the_fever_path() -> None:
    case, _ = declared(CASE, at(FEB25, "07:00"), "38.0")
    with pytest.raises(InMedicalHands):
        decide_decision(case, "close", now=at(date(2020, 3, 20), "09:00"))


@pytest.mark.parametrize("kind", ["resume", "restart"])
def test_only_what_is_interrupted_can_go_on(kind: DecisionKind) -> None:
    with pytest.raises(NotInterrupted):
        decide_decision(CASE, kind, now=at(FEB25, "09:00"))


@pytest.mark.parametrize("kind", ["resume", "restart", "close"])
def test_what_is_over_stays_over(kind: DecisionKind) -> None:
    done, _ = settled(answered(CASE, every_window(FEB25, LAST)), at(LAST, "24:00"))
    with pytest.raises(CaseEnded):
        decide_decision(done, kind, now=at(date(2020, 3, 10), "09:00"))


@pytest.mark.scenario("O6")
def test_two_interruptions_add_up() -> None:
    case = CASE
    for fever, decision in [((2, 26), (2, 28)), ((3, 2), (3, 5))]:
        case, _ = declared(case, at(date(2020, *fever), "07:00"), "37.9")
        case = decide_decision(case, "resume", now=at(date(2020, *decision), "09:00"))
    assert case.last_day == date(2020, 3, 14)  # 9 March and 2 + 3 days


@pytest.mark.scenario("O6")
def test_a_period_that_is_over_when_it_is_resumed_awaits_closure() -> None:
    case, _ = settled(CASE, at(LAST, "24:00"))
    case, _ = declared(case, at(date(2020, 3, 10), "02:00"), "38.0")
    assert case.state is State.MEDICAL
    case = decide_decision(case, "resume", now=at(date(2020, 3, 12), "09:00"))
    case, facts = decide_settling(case, CALENDAR, until=at(date(2020, 3, 12), "09:00"))
    assert [type(fact) for fact in facts] == [ClosureAwaited]
    assert case.state is State.AWAITING_CLOSURE
