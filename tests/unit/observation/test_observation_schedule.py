"""Days, due windows, and the last day."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.observation.domain.case import Case, Ending, Interruption, State
from services.observation.domain.grid import cells_of_day, figures_of, grid_of, next_window
from services.observation.domain.opening import decide_opening
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef
from tests.unit.observation.given import CALENDAR, a_case, at, every_window

FEB24, FEB25 = date(2020, 2, 24), date(2020, 2, 25)


def due(case: Case) -> list[tuple[date, str]]:
    return [span.slot for span in case.due_windows(CALENDAR)]


@pytest.mark.scenario("O1")
@pytest.mark.parametrize(
    ("registered", "last_day"),
    [
        (at(FEB24, "23:50"), date(2020, 3, 9)),
        (at(FEB25, "00:10"), date(2020, 3, 10)),
        (at(FEB24, "23:59:59"), date(2020, 3, 9)),
        (at(FEB25, "00:01"), date(2020, 3, 10)),
    ],
)
def test_without_proof_day_zero_is_the_day_of_registration(registered: datetime, last_day: date) -> None:
    day_zero = local_day(registered)
    case = a_case(day_zero, registered)
    assert case.last_day == last_day
    assert due(case)[0] == (day_zero + timedelta(days=1), "morning")
    assert len(due(case)) == 28
    late = grid_of(case, CALENDAR, now=at(day_zero, "24:00"))
    assert figures_of(late).due == 0


@pytest.mark.scenario("O2")
@pytest.mark.parametrize(
    ("arrived", "last_day"),
    [
        (date(2020, 2, 15), date(2020, 2, 29)),
        (date(2020, 2, 16), date(2020, 3, 1)),
        (date(2020, 2, 29), date(2020, 3, 14)),
        (date(2021, 2, 15), date(2021, 3, 1)),
        (date(2020, 12, 25), date(2021, 1, 8)),
        (date(2019, 12, 31), date(2020, 1, 14)),
        (date(2100, 2, 20), date(2100, 3, 6)),
    ],
)
def test_the_last_day_is_fourteen_days_after_arrival(arrived: date, last_day: date) -> None:
    case = a_case(arrived, at(arrived, "12:00"))
    assert case.last_day == last_day
    assert due(case)[-1] == (last_day, "evening")
    assert case.pass_from == last_day + timedelta(days=1)
    assert [case.day_number(arrived + timedelta(days=n)) for n in (0, 1, 14, 20)] == [0, 1, 14, 14]


@pytest.mark.requirement("R2.7")
@pytest.mark.parametrize(
    ("opened", "first"),
    [
        ("05:59", (FEB24, "morning")),
        ("06:00", (FEB24, "morning")),
        ("06:01", (FEB24, "evening")),
        ("16:59", (FEB24, "evening")),
        ("17:01", (FEB25, "morning")),
    ],
)
def test_windows_that_opened_before_the_case_are_not_due(opened: str, first: tuple[date, str]) -> None:
    """Arrived with a ticket on the 20th, told of on the 24th."""
    assert due(a_case(date(2020, 2, 20), at(FEB24, opened)))[0] == first


def test_a_case_opened_after_its_period_has_no_due_window() -> None:
    assert due(a_case(date(2020, 2, 1), at(FEB24, "09:00"))) == []


@pytest.mark.scenario("O6")
@pytest.mark.parametrize(
    ("ending", "ended", "last_day", "number"),
    [
        ("resume", at(date(2020, 3, 8), "15:00"), date(2020, 3, 9), 13),  # the same day: nothing moves
        ("resume", at(date(2020, 3, 11), "09:00"), date(2020, 3, 12), 13),
        ("restart", at(date(2020, 3, 11), "09:00"), date(2020, 3, 25), 0),
    ],
)
def test_a_decision_after_the_fever_path_moves_the_last_day(
    ending: Ending, ended: datetime, last_day: date, number: int
) -> None:
    case = a_case(FEB24, at(FEB24, "09:00"))
    stop = Interruption(number=1, began_at=at(date(2020, 3, 8), "07:00"), reason="fever")  # day 13
    stopped = replace(case, interruptions=(stop,), answers={(date(2020, 3, 8), "morning"): stop.began_at})
    assert stopped.state is State.MEDICAL
    assert stopped.measure_now == "medical"
    assert stopped.day_number(date(2020, 3, 20)) == 13
    assert due(stopped)[-1] == (date(2020, 3, 8), "morning")

    going_on = replace(stopped, interruptions=(replace(stop, ended_at=ended, ended_by=ending),))
    assert going_on.state is State.UNDER_OBSERVATION
    assert going_on.last_day == last_day
    assert going_on.day_number(local_day(ended)) == number
    assert due(going_on)[-1] == (last_day, "evening")
    assert not [slot for slot in due(going_on) if date(2020, 3, 8) < slot[0] < local_day(ended)]
    if ending == "restart":
        assert (local_day(ended), "evening") not in due(going_on)  # the new day 0


def test_nobody_misses_a_window_that_was_open_when_the_clock_stopped() -> None:
    case = a_case(FEB24, at(FEB24, "09:00"))
    stop = Interruption(number=1, began_at=at(FEB25, "07:00"), reason="fever")
    assert due(replace(case, interruptions=(stop,))) == []
    kept = replace(case, interruptions=(stop,), answers={(FEB25, "morning"): at(FEB25, "07:00")})
    assert due(kept) == [(FEB25, "morning")]


def test_the_windows_of_a_day_and_the_next_one_to_declare_for() -> None:
    case = a_case(FEB24, at(FEB24, "09:00"))
    eight = at(FEB25, "08:00")
    assert [cell.state for cell in cells_of_day(case, CALENDAR, FEB25, now=eight)] == ["open", "upcoming"]
    span = next_window(case, CALENDAR, now=eight)
    assert span is not None
    assert span.slot == (FEB25, "morning")
    done = replace(case, answers={(FEB25, "morning"): eight})
    span = next_window(done, CALENDAR, now=eight)
    assert span is not None
    assert span.slot == (FEB25, "evening")
    ended = replace(case, answers=every_window(FEB25, date(2020, 3, 9)))
    assert next_window(ended, CALENDAR, now=at(date(2020, 3, 9), "19:00")) is None


def returnee(anchor: date) -> ReturneeRegistered:
    return ReturneeRegistered(
        intake_id=uuid4(),
        person_ref=PersonRef(UUID(int=7)),
        compound=CompoundId("lj-001"),
        dwelling_id=DwellingId(UUID(int=8)),
        grid=GridId("lj-001-w01"),
        category="concern",
        measure="home_quarantine",
        origin_code="330300",
        anchor_date=anchor,
        anchor_basis="arrival_with_proof",
        policy_version=1,
        risk_revision=1,
        registered_at=at(anchor, "12:00"),
    )


@pytest.mark.scenario("O10")
def test_a_returnee_gets_a_case_unless_one_is_in_force() -> None:
    event = returnee(FEB24)
    now = at(FEB24, "12:01")
    case = decide_opening(event, in_force=False, case_id=UUID(int=9), calendar=CALENDAR, now=now)
    assert case is not None
    assert (case.measure, case.anchor_date, case.days, case.version) == ("home_quarantine", FEB24, 14, 1)
    again = decide_opening(event, in_force=True, case_id=UUID(int=10), calendar=CALENDAR, now=now)
    assert again is None
