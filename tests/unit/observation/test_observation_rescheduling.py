"""Day 0 and the last day may move; what was due before stays what it was."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.case import Case, State
from services.observation.domain.deciding import Terms, decide_decision, exposed_again, restarted
from services.observation.domain.grid import figures_of, grid_of
from services.observation.domain.refusals import (
    AnchorInFuture,
    ApprovalMissing,
    ExtensionTooShort,
    InMedicalHands,
    NothingChanges,
    OverBeforeOpening,
    PlaceMissing,
    TermsMissing,
)
from services.observation.domain.settling import ClosureAwaited, PeriodCompleted, decide_settling
from tests.unit.observation.given import (
    CALENDAR,
    RULES,
    a_case,
    answered,
    at,
    declared,
    every_window,
    settled,
)

FEB24, FEB25, FEB29 = date(2020, 2, 24), date(2020, 2, 25), date(2020, 2, 29)
LAST = date(2020, 3, 9)
CASE = a_case(FEB24, at(FEB24, "09:00"))


def corrected(case: Case, day: date, on: date = FEB29, clock: str = "11:00") -> Case:
    terms = Terms(anchor_date=day, anchor_basis="arrival_with_proof")
    return decide_decision(case, "correct_anchor", now=at(on, clock), terms=terms)


def due(case: Case) -> list[tuple[date, str]]:
    return [span.slot for span in case.due_windows(CALENDAR)]


@pytest.mark.scenario("O3")
@pytest.mark.parametrize(
    ("anchor", "last", "first_due"),
    [
        (
            date(2020, 2, 22),
            date(2020, 3, 7),
            (FEB25, "morning"),
        ),  # on the 24th nobody was asked: it was day 0
        (date(2020, 2, 15), FEB29, (FEB25, "morning")),
        (date(2020, 2, 27), date(2020, 3, 12), (date(2020, 2, 28), "morning")),
        (FEB29, date(2020, 3, 14), (date(2020, 3, 1), "morning")),
    ],
)
def test_a_corrected_day_0_derives_windows_and_last_day_anew(
    anchor: date, last: date, first_due: tuple[date, str]
) -> None:
    case = corrected(CASE, anchor)
    assert (case.day_zero, case.last_day, case.basis_now) == (anchor, last, "arrival_with_proof")
    assert (case.anchor_date, case.anchor_basis) == (FEB24, "registration_date")
    assert due(case)[0] == first_due
    assert due(case)[-1] == (last, "evening")
    assert len(set(due(case))) == len(due(case))


@pytest.mark.scenario("O3")
def test_several_corrections_are_kept_and_the_last_holds_for_the_past_too() -> None:
    case = corrected(corrected(CASE, date(2020, 2, 20)), date(2020, 2, 26), date(2020, 3, 1))
    assert [change.day_zero for change in case.reschedulings] == [date(2020, 2, 20), date(2020, 2, 26)]
    assert due(case)[0] == (date(2020, 2, 27), "morning")
    assert case.last_day == date(2020, 3, 11)


@pytest.mark.scenario("O3")
def test_a_period_that_turns_out_to_be_over_completes_or_waits_and_never_in_the_past() -> None:
    full = answered(CASE, every_window(FEB25, date(2020, 3, 5)))
    for case, fact in ((full, PeriodCompleted), (CASE, ClosureAwaited)):
        after, _ = decide_settling(case, CALENDAR, until=at(date(2020, 3, 6), "12:00"))
        after = corrected(after, date(2020, 2, 20), date(2020, 3, 6), "12:00")
        after, facts = decide_settling(after, CALENDAR, until=at(date(2020, 3, 6), "12:00"))
        assert [(type(found), found.at) for found in facts] == [(fact, at(date(2020, 3, 6), "12:00"))]  # type: ignore[union-attr]


def test_what_passed_while_an_officer_had_to_decide_is_not_missed_afterwards() -> None:
    case, _ = settled(CASE, at(date(2020, 3, 12), "09:00"))
    assert case.state is State.AWAITING_CLOSURE
    case = decide_decision(case, "extend", now=at(date(2020, 3, 12), "11:00"), terms=Terms(extra_days=5))
    assert (case.state, case.last_day, case.period_days) == (State.UNDER_OBSERVATION, date(2020, 3, 14), 19)
    assert due(case)[-6:-4] == [(date(2020, 3, 9), "evening"), (date(2020, 3, 12), "evening")]
    figures = figures_of(grid_of(case, CALENDAR, now=at(date(2020, 3, 14), "24:00")))
    assert (figures.due, figures.missed, figures.open) == (28 + 5, 28 + 5, 0)


def test_an_extension_that_is_over_already_is_refused() -> None:
    case, _ = settled(CASE, at(date(2020, 3, 12), "09:00"))
    with pytest.raises(ExtensionTooShort):
        decide_decision(case, "extend", now=at(date(2020, 3, 12), "11:00"), terms=Terms(extra_days=2))


@given(exposure=st.integers(-20, 20), on=st.integers(0, 13))
def test_a_new_exposure_extends_or_changes_nothing(exposure: int, on: int) -> None:
    day, today = FEB24 + timedelta(days=exposure), FEB24 + timedelta(days=on)
    if day > today:
        with pytest.raises(AnchorInFuture):
            exposed_again(CASE, day, at(today, "12:00"))
        return
    after = exposed_again(CASE, day, at(today, "12:00"))
    assert after.last_day == max(LAST, day + timedelta(days=14))
    assert (after is CASE) == (day <= FEB24)


@pytest.mark.scenario("O9")
def test_a_contact_on_day_10_restarts_and_no_window_is_lost_or_counted_twice() -> None:
    day_10 = date(2020, 3, 5)
    case = answered(CASE, every_window(FEB25, date(2020, 3, 4)))
    case, _ = decide_settling(case, CALENDAR, until=at(day_10, "08:00"))
    case = restarted(case, date(2020, 3, 3), "close_contact", "centralized_observation", at(day_10, "08:00"))
    assert (case.day_zero, case.last_day, case.measure) == (
        date(2020, 3, 3),
        date(2020, 3, 17),
        "centralized_observation",
    )
    assert case.day_number(day_10) == 2
    assert due(case)[18:21] == [(day_10, "morning"), (day_10, "evening"), (date(2020, 3, 6), "morning")]
    assert len(due(case)) == len(set(due(case))) == 18 + 2 * 13


@pytest.mark.scenario("O9")
def test_a_contact_in_medical_hands_keeps_the_interruption_and_counts_from_the_exposure() -> None:
    case, _ = declared(CASE, at(date(2020, 3, 1), "07:00"), "38.0")
    case = restarted(
        case, date(2020, 2, 28), "close_contact", "centralized_observation", at(date(2020, 3, 2), "09:00")
    )
    assert (case.state, case.last_day) == (State.MEDICAL, date(2020, 3, 13))
    assert case.day_number(date(2020, 3, 3)) == 2  # of 1 March, when the clock stopped
    case = decide_decision(case, "resume", now=at(date(2020, 3, 4), "09:00"))
    assert (case.day_zero, case.last_day) == (date(2020, 2, 28), date(2020, 3, 16))


@pytest.mark.parametrize("kind", ["transferred", "died", "left_town", "cancelled"])
def test_each_ending_closes_a_case_in_exactly_one_way(kind: str) -> None:
    for case in (CASE, declared(CASE, at(FEB25, "07:00"), "38.0")[0]):
        case, _ = settled(case, at(FEB29, "09:00"))  # noqa: PLW2901  # as a command does
        ended = decide_decision(case, kind, now=at(FEB29, "09:00"))  # type: ignore[arg-type]
        assert (ended.state, ended.closed_as, ended.ended_at) == (State.CLOSED, kind, at(FEB29, "09:00"))
        assert settled(ended, at(date(2020, 4, 1), "00:00"))[1] == []


@pytest.mark.requirement("R4.6")
def test_focus_at_home_needs_an_approver_and_technical_means() -> None:
    focus = replace(CASE, category="focus", measure="centralized_observation")
    whole = Terms(measure="home_quarantine", approver="hq_officer", technical_means="door_sensor")
    for lacking in (replace(whole, approver=None), replace(whole, technical_means=None)):
        with pytest.raises(ApprovalMissing):
            decide_decision(focus, "change_measure", now=at(FEB29, "09:00"), terms=lacking, rules=RULES)
    after = decide_decision(focus, "change_measure", now=at(FEB29, "09:00"), terms=whole, rules=RULES)
    assert (after.measure, after.category, after.last_day) == ("home_quarantine", "focus", LAST)
    freely = Terms(measure="home_quarantine")  # higher risk may stay at home without
    other = replace(CASE, category="higher_risk")
    assert (
        decide_decision(other, "change_measure", now=at(FEB29, "09:00"), terms=freely, rules=RULES).measure
        == "home_quarantine"
    )


@pytest.mark.parametrize(
    ("kind", "terms", "refusal"),
    [
        (
            "correct_anchor",
            Terms(anchor_date=date(2020, 3, 1), anchor_basis="arrival_with_proof"),
            AnchorInFuture,
        ),
        ("correct_anchor", Terms(anchor_date=FEB24, anchor_basis="arrival_with_proof"), NothingChanges),
        (
            "correct_anchor",
            Terms(anchor_date=date(2019, 2, 24), anchor_basis="arrival_with_proof"),
            OverBeforeOpening,
        ),
        (
            "correct_anchor",
            Terms(anchor_date=date(2020, 2, 9), anchor_basis="arrival_with_proof"),
            OverBeforeOpening,
        ),
        ("correct_anchor", Terms(anchor_date=FEB25), TermsMissing),
        ("extend", Terms(), TermsMissing),
        ("re_exposure", Terms(last_exposure=date(2020, 3, 1)), AnchorInFuture),
        ("change_measure", Terms(), TermsMissing),
        ("change_measure", Terms(measure="medical"), InMedicalHands),
        ("change_measure", Terms(measure="home_self_monitoring"), NothingChanges),
        ("change_measure", Terms(measure="centralized_observation", site="一号点"), PlaceMissing),
    ],
)
def test_what_cannot_be_decided_is_refused(kind: str, terms: Terms, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        decide_decision(CASE, kind, now=at(FEB29, "09:00"), terms=terms, rules=RULES)  # type: ignore[arg-type]


@pytest.mark.scenario("O3", "O6")
@pytest.mark.parametrize("kind", ["extend", "correct_anchor"])
def test_a_window_that_opened_before_the_clock_ran_is_not_due_because_an_end_moved_within_it(
    kind: str,
) -> None:
    terms = Terms(extra_days=2, anchor_date=date(2020, 2, 22), anchor_basis="arrival_with_proof")
    began = a_case(date(2020, 2, 23), at(FEB24, "08:00"))  # the morning window had opened
    ill, _ = declared(CASE, at(FEB25, "12:00"), "38.0")
    back = decide_decision(ill, "resume", now=at(FEB25, "18:00"))  # the evening window had opened
    for case, day, clock, window in (
        (began, FEB24, "09:00", (FEB24, "morning")),
        (back, FEB25, "19:00", (FEB25, "evening")),
    ):
        after = decide_decision(case, kind, now=at(day, clock), terms=terms)  # type: ignore[arg-type]
        assert window not in due(case)
        assert window not in due(after)
        assert [slot for slot in due(after) if slot[0] == window[0] and slot != window] == [
            slot for slot in due(case) if slot[0] == window[0]
        ]
