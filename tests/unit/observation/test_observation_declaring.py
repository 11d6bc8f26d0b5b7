"""What a declaration means."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.observation.domain.case import State
from services.observation.domain.declaring import Standing, check_temperature, decide_declaration
from services.observation.domain.refusals import (
    CaseEnded,
    CaseNotBegun,
    DeclaredBeforeOpening,
    DeclaredInFuture,
    TemperatureImplausible,
)
from tests.unit.observation.given import (
    CALENDAR,
    a_case,
    a_draft,
    answered,
    at,
    declared,
    every_window,
    policy,
    settled,
)

FEB24, FEB25, FEB26 = date(2020, 2, 24), date(2020, 2, 25), date(2020, 2, 26)
CASE = a_case(FEB24, at(FEB24, "09:00"))


@pytest.mark.scenario("O7")
@pytest.mark.scenario("O6")
@pytest.mark.parametrize(
    ("temperature", "symptoms", "reason"),
    [
        ("37.2", (), None),
        ("37.29", (), None),
        ("37.3", (), "fever"),
        ("38.4", ("cough",), "fever"),
        ("36.5", ("cough",), "symptoms"),
        (None, ("fever",), "symptoms"),
        (None, (), None),
    ],
)
def test_a_fever_or_any_symptom_stops_the_clock(
    temperature: str | None, symptoms: tuple[str, ...], reason: str | None
) -> None:
    case, given = declared(CASE, at(FEB25, "07:00"), temperature, symptoms=symptoms)
    assert given.alarming is (reason is not None)
    assert (given.interruption.reason if given.interruption else None) == reason
    assert case.state is (State.MEDICAL if reason else State.UNDER_OBSERVATION)
    assert case.version == CASE.version + (3 if reason else 1)  # told, reported, interrupted


@pytest.mark.scenario("O7")
@pytest.mark.parametrize("order", [("36.5", "37.5"), ("37.5", "36.5")])
def test_of_two_values_in_one_window_the_worse_acts(order: tuple[str, str]) -> None:
    case = CASE
    for minute, value in enumerate(order):
        case, _ = declared(case, at(FEB25, f"07:0{minute}"), value)
    assert case.state is State.MEDICAL
    assert len(case.interruptions) == 1


def test_a_fever_on_day_zero_acts_although_no_window_is_due() -> None:
    case, given = declared(CASE, at(FEB24, "20:00"), "37.8")
    assert given.interruption is not None
    assert case.state is State.MEDICAL


def test_what_was_taken_earlier_belongs_to_its_own_window_and_is_marked_late() -> None:
    draft = a_draft(at_=at(FEB25, "09:30"))
    for received, standing in [
        ("09:40", Standing.IN_TIME),
        ("10:00", Standing.LATE),
        ("16:59", Standing.LATE),
        ("17:00", Standing.AFTER),
    ]:
        case, given = decide_declaration(CASE, draft, CALENDAR, now=at(FEB25, received))
        assert (given.span.slot, given.standing) == ((FEB25, "morning"), standing)
        assert ((FEB25, "morning") in case.answers) is (standing is not Standing.AFTER)


def test_a_fever_told_too_late_for_its_window_still_acts() -> None:
    draft = a_draft("38.0", at_=at(FEB25, "09:30"))
    case, given = decide_declaration(CASE, draft, CALENDAR, now=at(FEB26, "12:00"))
    assert given.standing is Standing.AFTER
    assert case.state is State.MEDICAL


def test_the_case_s_own_time_never_runs_backwards() -> None:
    """A declaration that waited for the lock while the window was closed is late."""
    case, _ = settled(CASE, at(FEB25, "10:00"))
    _, given = decide_declaration(case, a_draft(), CALENDAR, now=at(FEB25, "09:59:59"))
    assert given.standing is Standing.LATE


@pytest.mark.parametrize(
    ("value", "perhaps"),
    [
        ("33.9", None),
        ("43.1", None),
        ("3.65", "36.5"),
        ("365", "36.5"),
        ("98.6", "37.0"),
        ("0", None),
        ("-36.5", None),
    ],
)
def test_an_implausible_temperature_is_refused_with_what_would_be_right(
    value: str, perhaps: str | None
) -> None:
    with pytest.raises(TemperatureImplausible) as refused:
        check_temperature(Decimal(value), policy().temperature)
    assert refused.value.extra == {"plausible_from_c": "34.0", "plausible_to_c": "43.0", "perhaps": perhaps}


@pytest.mark.parametrize("value", ["34.0", "36.5", "43.0"])
def test_the_bounds_are_plausible(value: str) -> None:
    check_temperature(Decimal(value), policy().temperature)


def test_times_that_cannot_be_are_refused() -> None:
    now = at(FEB25, "08:00")
    with pytest.raises(DeclaredInFuture):
        decide_declaration(CASE, a_draft(at_=now + timedelta(seconds=121)), CALENDAR, now=now)
    with pytest.raises(DeclaredBeforeOpening):
        decide_declaration(CASE, a_draft(at_=at(FEB24, "08:59")), CALENDAR, now=now)
    _, given = decide_declaration(CASE, a_draft(at_=now + timedelta(seconds=60)), CALENDAR, now=now)
    assert given.taken_at == now  # a phone a little ahead


def test_a_case_that_is_over_or_still_to_come_takes_no_declaration() -> None:
    done, _ = settled(answered(CASE, every_window(FEB25, date(2020, 3, 9))), at(date(2020, 3, 9), "24:00"))
    with pytest.raises(CaseEnded):
        declared(done, at(date(2020, 3, 10), "08:00"))
    with pytest.raises(CaseNotBegun):
        declared(a_case(FEB26, at(FEB24, "09:00")), at(FEB25, "08:00"))
