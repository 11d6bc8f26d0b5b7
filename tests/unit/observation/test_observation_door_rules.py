"""What an opened door calls for: one task a burst, whatever the order, and only where somebody has to stay at home."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.case import interrupted
from services.observation.domain.deciding import closed
from services.observation.domain.doors import (
    OpeningTask,
    SignalOutOfTime,
    check_time,
    decide_opening,
)
from tests.unit.observation.given import DOORS, a_case, at

FEB25 = date(2020, 2, 25)
CASE = replace(a_case(date(2020, 2, 24), at(date(2020, 2, 24), "09:00")), measure="home_quarantine")


def task(first: str, last: str, ended: str | None = None) -> OpeningTask:
    return OpeningTask(
        task_id=UUID(int=7),
        first_at=at(FEB25, first),
        last_at=at(FEB25, last),
        ended_at=None if ended is None else at(FEB25, ended),
    )


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("known", "opened", "joins"),
    [
        (None, "12:00", False),
        (task("12:00", "12:00"), "12:10", True),
        (task("12:00", "12:00"), "12:11", False),
        (task("12:00", "12:09"), "12:19", True),
        (task("12:00", "12:09"), "11:50", True),  # it arrived late
        (task("12:00", "12:09"), "11:49", False),
        (task("12:00", "12:05", ended="12:08"), "12:07", True),  # before the answer: answered for
        (task("12:00", "12:05", ended="12:08"), "12:09", False),  # after it: news
    ],
)
def test_openings_near_each_other_are_one_task_unless_somebody_answered_in_between(
    known: OpeningTask | None, opened: str, *, joins: bool
) -> None:
    follows = decide_opening(CASE, at(FEB25, opened), [] if known is None else [known], DOORS)
    assert follows is not None
    assert follows.joins == (known if joins else None)


@pytest.mark.requirement("R4.6")
def test_nobody_is_asked_about_the_door_of_somebody_who_may_leave_it() -> None:
    now = at(FEB25, "12:00")
    for case in (
        replace(CASE, measure="home_self_monitoring"),
        interrupted(CASE, "fever", now),
        closed(CASE, "transferred", now),
    ):
        assert decide_opening(case, now, [], DOORS) is None


@given(st.lists(st.integers(0, 600), min_size=1, max_size=12))
def test_every_opening_belongs_to_one_task_and_bursts_do_not_grow_beyond_their_gaps(
    minutes: list[int],
) -> None:
    tasks: list[OpeningTask] = []
    for minute in minutes:
        opened = at(FEB25, "06:00") + timedelta(minutes=minute)
        follows = decide_opening(CASE, opened, tasks, DOORS)
        assert follows is not None
        if follows.joins is None:
            new = OpeningTask(task_id=UUID(int=len(tasks)), first_at=opened, last_at=opened, ended_at=None)
            tasks.append(new)
        else:
            old = follows.joins
            tasks[tasks.index(old)] = replace(
                old, first_at=min(old.first_at, opened), last_at=max(old.last_at, opened)
            )
    ordered = sorted(minutes)
    apart = 1 + sum(later - earlier > 10 for earlier, later in itertools.pairwise(ordered))
    assert len(tasks) >= apart  # never one task for what lies apart
    if ordered == minutes:  # in order: exactly one task a burst
        assert len(tasks) == apart


@pytest.mark.parametrize(
    ("clock", "ok"), [("08:58", True), ("08:57", False), ("12:02", True), ("12:03", False)]
)
def test_a_signal_lies_between_the_registration_and_now_but_for_the_clock(clock: str, *, ok: bool) -> None:
    registered = at(FEB25, "09:00")
    given_ = {"now": at(FEB25, "12:00"), "registered_at": registered, "ahead_seconds": 120}
    if ok:
        check_time(at(FEB25, clock), **given_)  # type: ignore[arg-type]
    else:
        with pytest.raises(SignalOutOfTime):
            check_time(at(FEB25, clock), **given_)  # type: ignore[arg-type]
