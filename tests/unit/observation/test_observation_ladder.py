"""The ladder of a missed window: each step when it is due, in order, never at night, never after an answer."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.case import interrupted
from services.observation.domain.deciding import closed
from services.observation.domain.ladder import Missed, ladder, steps_to_fire
from shared.kernel.days import local_time
from tests.unit.observation.given import FOLLOW_UP, RULES, a_case, answered, at, settled

FEB24, FEB25, FEB26, FEB29 = (date(2020, 2, day) for day in (24, 25, 26, 29))
CASE = a_case(FEB24, at(FEB24, "09:00"))


def missed(day: date, window: str, streak: int = 1) -> Missed:
    closes = "10:00" if window == "morning" else "21:00"
    return Missed(slot=(day, window), closed_at=at(day, closes), streak=streak)  # type: ignore[arg-type]


@pytest.mark.scenario("O4")
@pytest.mark.parametrize(
    ("window", "streak", "expected"),
    [
        (
            missed(FEB25, "morning"),
            1,
            [
                ("remind", at(FEB25, "10:00")),
                ("remind_again", at(FEB25, "12:00")),
                ("remind_last", at(FEB25, "14:00")),
                ("grid_worker", at(FEB25, "15:00")),
            ],
        ),
        (
            missed(FEB25, "evening"),
            2,
            [
                ("remind", at(FEB25, "21:00")),
                ("door_visit", at(FEB25, "21:00")),
                ("remind_again", at(FEB26, "07:00")),
                ("remind_last", at(FEB26, "07:00")),
                ("grid_worker", at(FEB26, "07:00")),
            ],
        ),
        (
            missed(FEB29, "evening"),  # into the first of March
            3,
            [
                ("remind", at(FEB29, "21:00")),
                ("door_visit", at(FEB29, "21:00")),
                ("headquarters", at(FEB29, "21:00")),
                ("remind_again", at(date(2020, 3, 1), "07:00")),
                ("remind_last", at(date(2020, 3, 1), "07:00")),
                ("grid_worker", at(date(2020, 3, 1), "07:00")),
            ],
        ),
        (
            missed(date(2020, 12, 31), "evening"),  # into another year
            1,
            [
                ("remind", at(date(2020, 12, 31), "21:00")),
                ("remind_again", at(date(2021, 1, 1), "07:00")),
                ("remind_last", at(date(2021, 1, 1), "07:00")),
                ("grid_worker", at(date(2021, 1, 1), "07:00")),
            ],
        ),
    ],
)
def test_steps_are_due_in_order_and_wait_for_the_morning(
    window: Missed, streak: int, expected: list[tuple[str, datetime]]
) -> None:
    steps = ladder(replace(window, streak=streak), FOLLOW_UP, RULES)
    assert [(step.step, step.due_at) for step in steps] == expected


@pytest.mark.scenario("O4")
@pytest.mark.parametrize(
    ("close", "quiet_until"),
    [("21:59", "21:59"), ("22:00", "07:00"), ("23:59", "07:00"), ("00:01", "07:00"), ("06:59", "07:00")],
)
def test_the_quiet_hours_begin_at_ten_and_end_at_seven(close: str, quiet_until: str) -> None:
    window = Missed(slot=(FEB29, "evening"), closed_at=at(FEB29, close), streak=1)
    first = ladder(window, FOLLOW_UP, RULES)[0]
    assert f"{local_time(first.due_at):%H:%M}" == quiet_until
    assert timedelta(0) <= first.due_at - window.closed_at < timedelta(hours=9, minutes=1)


@pytest.mark.scenario("O4", "O5")
def test_nothing_follows_on_an_answer_a_hospital_an_end_or_a_period_that_is_over() -> None:
    window, now = missed(FEB25, "evening"), at(FEB26, "12:00")
    assert len(steps_to_fire(CASE, window, FOLLOW_UP, RULES, now=now)[0]) == 4
    late = answered(CASE, {(FEB25, "evening"): at(FEB25, "23:30")})
    for case in (
        late,
        interrupted(CASE, "fever", at(FEB26, "08:00")),
        closed(CASE, "transferred", at(FEB26, "08:00")),
        settled(CASE, at(date(2020, 3, 10), "00:00"))[0],
    ):
        assert steps_to_fire(case, window, FOLLOW_UP, RULES, now=now) == ((), None)


@pytest.mark.scenario("O4")
@given(
    streak=st.integers(1, 4),
    part=st.sampled_from(["morning", "evening"]),
    looks=st.lists(st.integers(0, 24 * 60), max_size=8),
)
def test_whenever_somebody_looks_each_step_fires_once_and_in_order(
    streak: int, part: str, looks: list[int]
) -> None:
    window = missed(FEB25, part, streak)
    told: list[str] = []
    for minutes in (*sorted(looks), 25 * 60):
        now = window.closed_at + timedelta(minutes=minutes)
        due, next_at = steps_to_fire(CASE, replace(window, fired=frozenset(told)), FOLLOW_UP, RULES, now=now)
        assert all(step.due_at <= now for step in due)
        assert next_at is None or next_at > now
        told += [step.step for step in due]
    assert told == [step.step for step in ladder(window, FOLLOW_UP, RULES)]
