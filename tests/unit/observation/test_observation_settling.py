"""What falls due, in order and once."""

from dataclasses import replace
from datetime import date, time

import pytest

from services.observation.domain.case import State
from services.observation.domain.settling import (
    ClosureAwaited,
    PeriodCompleted,
    WindowMissed,
    decide_settling,
    next_step,
)
from shared.events.policy_observation import Window
from tests.unit.observation.given import (
    CALENDAR,
    RULES,
    a_case,
    answered,
    at,
    calendar_of,
    declared,
    every_window,
    settled,
)

FEB24, FEB25, FEB26 = date(2020, 2, 24), date(2020, 2, 25), date(2020, 2, 26)
LAST = date(2020, 3, 9)
OPENED = at(FEB24, "23:50")


@pytest.mark.scenario("O4")
def test_a_late_look_tells_every_missed_window_once_and_in_order() -> None:
    case = a_case(FEB24, OPENED)
    late, facts = decide_settling(case, CALENDAR, until=at(FEB26, "21:30"))
    assert [(fact.day, fact.window, fact.streak) for fact in facts if isinstance(fact, WindowMissed)] == [
        (FEB25, "morning", 1),
        (FEB25, "evening", 2),
        (FEB26, "morning", 3),
        (FEB26, "evening", 4),
    ]
    assert late.version == case.version + 4
    assert decide_settling(late, CALENDAR, until=at(FEB26, "21:30"))[1] == ()
    assert settled(case, at(FEB26, "21:30"))[1] == list(facts)


@pytest.mark.scenario("O4")
def test_a_window_that_closed_empty_was_missed_even_if_nobody_looked_before_the_late_answer() -> None:
    case = a_case(FEB24, OPENED)
    down = answered(case, {(FEB25, "morning"): at(FEB25, "11:00")})
    facts = decide_settling(down, CALENDAR, until=at(FEB25, "12:00"))[1]
    assert [type(fact) for fact in facts] == [WindowMissed]
    # and the late answer ends the row: the next miss counts from one
    facts = decide_settling(down, CALENDAR, until=at(FEB25, "21:00"))[1]
    assert [fact.streak for fact in facts if isinstance(fact, WindowMissed)] == [1, 1]


@pytest.mark.scenario("O4")
def test_a_declaration_at_half_past_eleven_is_late_and_the_next_morning_is_a_window_of_its_own() -> None:
    case = a_case(FEB24, OPENED)
    case, given = declared(case, at(FEB25, "23:30"))
    assert (given.span.slot, given.standing) == ((FEB25, "evening"), "late")
    case, given = declared(case, at(FEB26, "06:30"))
    assert (given.span.slot, given.standing) == ((FEB26, "morning"), "in_time")


@pytest.mark.scenario("O12")
def test_with_everything_in_the_period_completes_by_itself_at_midnight() -> None:
    case = answered(a_case(FEB24, OPENED), every_window(FEB25, LAST))
    assert next_step(case, CALENDAR) == at(LAST, "24:00")
    assert settled(case, at(LAST, "23:59:59"))[1] == []
    done, facts = settled(case, at(date(2020, 3, 20), "12:00"))
    assert facts == [PeriodCompleted(at=at(LAST, "24:00"))]
    assert done.state is State.COMPLETED
    assert next_step(done, CALENDAR) is None
    assert str(done.pass_from) == "2020-03-10"


@pytest.mark.scenario("O12")
def test_a_missed_window_in_between_does_not_hold_up_completion() -> None:
    answers = every_window(FEB25, LAST)
    del answers[FEB26, "morning"]
    _, facts = settled(answered(a_case(FEB24, OPENED), answers), at(LAST, "24:00"))
    assert [type(fact) for fact in facts] == [WindowMissed, PeriodCompleted]


@pytest.mark.scenario("O5")
def test_without_the_last_evening_an_officer_is_waited_for_and_nothing_more_falls_due() -> None:
    answers = every_window(FEB25, LAST)
    del answers[LAST, "evening"]
    case, facts = settled(answered(a_case(FEB24, OPENED), answers), at(date(2020, 4, 1), "12:00"))
    assert [type(fact) for fact in facts] == [WindowMissed, ClosureAwaited]
    assert case.state is State.AWAITING_CLOSURE
    assert next_step(case, CALENDAR) is None


@pytest.mark.scenario("O5")
@pytest.mark.parametrize(("received", "completes"), [("23:59:59", True), ("24:00", False)])
def test_the_last_evening_may_be_late_but_not_after_midnight(received: str, *, completes: bool) -> None:
    answers = every_window(FEB25, LAST) | {(LAST, "evening"): at(LAST, received)}
    _, facts = settled(answered(a_case(FEB24, OPENED), answers), at(LAST, "24:00"))
    assert isinstance(facts[-1], PeriodCompleted) is completes


def test_a_case_opened_after_its_period_awaits_closure_at_once() -> None:
    case = a_case(date(2020, 2, 1), OPENED)
    facts = decide_settling(case, CALENDAR, until=OPENED)[1]
    assert facts == (ClosureAwaited(at=at(date(2020, 2, 15), "24:00")),)


@pytest.mark.scenario("O6")
def test_nobody_in_medical_hands_is_completed_or_missed() -> None:
    case = answered(a_case(FEB24, OPENED), every_window(FEB25, date(2020, 3, 7)))
    case, _ = declared(case, at(date(2020, 3, 8), "07:30"), "37.6")
    assert case.state is State.MEDICAL
    assert next_step(case, CALENDAR) is None
    assert settled(case, at(date(2020, 4, 1), "00:00"))[1] == []
    assert decide_settling(case, CALENDAR, until=at(date(2020, 4, 1), "00:00"))[1] == ()


def test_a_window_told_missed_is_not_told_again_when_its_hours_change() -> None:
    case = a_case(FEB24, OPENED)
    case, facts = decide_settling(case, CALENDAR, until=at(FEB25, "10:00"))
    told = replace(case, told_missed=frozenset({(FEB25, "morning")}))
    longer = RULES.model_copy(update={"morning": Window(opens=time(6), closes=time(12), late_until=time(17))})
    moved = calendar_of((FEB24, RULES), (FEB25, longer))
    assert len(facts) == 1
    assert decide_settling(told, moved, until=at(FEB25, "13:00"))[1] == ()


def test_an_answered_window_is_no_step() -> None:
    case = a_case(FEB24, OPENED)
    assert next_step(case, CALENDAR) == at(FEB25, "10:00")
    case, _ = declared(case, at(FEB25, "07:00"))
    assert next_step(case, CALENDAR) == at(FEB25, "21:00")
