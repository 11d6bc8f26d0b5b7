"""Which days waste is fetched, and the order in which it passes from hand to hand."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sanitation.domain.late import InTheFuture
from services.sanitation.domain.pickups import (
    BagsMissing,
    Done,
    DueNotAhead,
    Pickup,
    PickupSettled,
    ReceiverMissing,
    State,
    Step,
    StepOutOfOrder,
    StepTooEarly,
    decide_rescheduling,
    decide_skip,
    decide_step,
    missed_now,
)
from services.sanitation.domain.quarantine import WasteHours, due_at, last_day, plan
from shared.kernel.refusal import Refusal

HOURS = WasteHours(usual_hour=time(18), same_day_before=time(16))
TOLERANCE = timedelta(minutes=2)
STEPS: tuple[Step, ...] = ("sealed", "collected", "disinfected", "handed_over")


def at(text: str) -> datetime:
    """A Shanghai time of 2020."""
    return datetime.fromisoformat(f"2020-{text}+08:00").astimezone(UTC)


NOW = at("02-24T20:00")


def planned(began: str, *, today: date, ended: str | None = None, until: date | None = None) -> list[date]:
    return list(
        plan(
            began_at=at(began),
            ended_at=at(ended) if ended else None,
            until_day=until,
            next_day=None,
            today=today,
            hours=HOURS,
        ).days
    )


@pytest.mark.scenario("S4")
def test_a_household_has_a_pickup_from_the_day_it_begins_to_day_fourteen_and_none_after() -> None:
    release = "03-10T00:00"  # 24:00 of day 14
    days = planned("02-24T10:00", today=date(2020, 4, 1), ended=release, until=date(2020, 3, 9))

    assert (days[0], days[-1], len(days)) == (date(2020, 2, 24), date(2020, 3, 9), 15)


@pytest.mark.scenario("S4")
@pytest.mark.parametrize(
    ("began", "first", "due"),
    [
        ("02-24T10:00", date(2020, 2, 24), "02-24T18:00"),
        ("02-24T15:59", date(2020, 2, 24), "02-24T18:00"),
        ("02-24T16:00", date(2020, 2, 25), "02-25T18:00"),
        ("02-24T23:59", date(2020, 2, 25), "02-25T18:00"),
    ],
)
def test_the_first_pickup_is_on_the_same_day_before_policys_hour(began: str, first: date, due: str) -> None:
    [day] = planned(began, today=first)

    assert (day, due_at(day, began_at=at(began), agreed=None, hours=HOURS)) == (first, at(due))


def test_an_agreed_hour_holds_unless_it_was_over_when_the_quarantine_began() -> None:
    first, second = date(2020, 2, 24), date(2020, 2, 25)
    dues = [due_at(day, began_at=at("02-24T10:00"), agreed=time(9), hours=HOURS) for day in (first, second)]

    assert dues == [at("02-24T18:00"), at("02-25T09:00")]


def test_nothing_is_planned_beyond_what_is_known_to_go_on() -> None:
    assert planned("03-08T10:00", today=date(2020, 3, 12), until=date(2020, 3, 9))[-1] == date(2020, 3, 9)
    assert planned("03-08T10:00", today=date(2020, 3, 12))[-1] == date(2020, 3, 12)
    assert planned("02-24T17:00", today=date(2020, 3, 1), ended="02-24T23:00") == []


@given(
    began=st.datetimes(datetime(2020, 2, 20), datetime(2020, 2, 24), timezones=st.just(UTC)),
    length=st.timedeltas(timedelta(hours=1), timedelta(days=20)),
    looks=st.lists(st.integers(0, 30), min_size=1, max_size=12),
)
def test_however_often_somebody_looks_every_day_is_planned_once(
    began: datetime, length: timedelta, looks: list[int]
) -> None:
    ended, first = began + length, date(2020, 2, 20)
    found: list[date] = []
    next_day: date | None = None
    for today in sorted(first + timedelta(days=number) for number in looks):
        known_end = ended if last_day(ended) < today else None
        made = plan(
            began_at=began, ended_at=known_end, until_day=None, next_day=next_day, today=today, hours=HOURS
        )
        if known_end is None or not made.finished:
            found += [day for day in made.days if day <= last_day(ended)]
        else:
            found += made.days
        next_day = made.next_day

    assert all(after - before == timedelta(days=1) for before, after in pairwise(found))
    whole = plan(
        began_at=began,
        ended_at=ended,
        until_day=None,
        next_day=None,
        today=first + timedelta(days=max(looks)),
        hours=HOURS,
    )
    assert found == list(whole.days)


def pickup(state: State, **changes: datetime) -> Pickup:
    return Pickup(
        state=state,
        due_at=at("02-24T18:00"),
        last_step_at=changes.get("last_step_at"),
        collected_at=changes.get("collected_at"),
        missed_reason=None,
    )


def done(step: Step, when: str = "02-24T18:00") -> Done:
    return Done(step=step, at=at(when), bags=2, receiver="env_unit_1")


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
@pytest.mark.parametrize("order", list(permutations(STEPS)), ids="-".join)
def test_only_the_order_of_custody_is_taken(order: tuple[Step, ...]) -> None:
    state: State = "due"
    for step in order:
        expected = STEPS[("due", *STEPS).index(state)]
        if step != expected:
            with pytest.raises(StepOutOfOrder) as refused:
                decide_step(pickup(state), done(step), now=NOW, tolerance=TOLERANCE)
            assert refused.value.extra["next"] == expected
            return
        decide_step(pickup(state), done(step), now=NOW, tolerance=TOLERANCE)
        state = step
    assert order == STEPS


@pytest.mark.parametrize("state", ["handed_over", "withdrawn"])
@pytest.mark.parametrize("step", STEPS)
def test_what_is_handed_over_or_withdrawn_takes_no_step(state: State, step: Step) -> None:
    with pytest.raises(StepOutOfOrder):
        decide_step(pickup(state), done(step), now=NOW, tolerance=TOLERANCE)


@pytest.mark.requirement("R5.2")
@pytest.mark.parametrize(
    ("state", "said", "refusal"),
    [
        ("due", done("sealed", "02-24T20:03"), InTheFuture),
        ("due", done("sealed", "02-23T23:59"), StepTooEarly),
        ("sealed", done("collected", "02-24T16:59"), StepTooEarly),
        ("sealed", Done(step="collected", at=at("02-24T18:00"), bags=None, receiver=None), BagsMissing),
        ("disinfected", Done(step="handed_over", at=NOW, bags=None, receiver=None), ReceiverMissing),
    ],
)
def test_a_step_without_its_proof_or_at_an_impossible_time_is_refused(
    state: State, said: Done, refusal: type[Refusal]
) -> None:
    before = {} if state == "due" else {"last_step_at": at("02-24T17:00")}
    with pytest.raises(refusal):
        decide_step(pickup(state, **before), said, now=NOW, tolerance=TOLERANCE)


@pytest.mark.scenario("S4")
@pytest.mark.parametrize(
    ("state", "now", "found"),
    [
        ("due", "02-24T23:59", None),
        ("due", "02-25T00:00", "not_done"),
        ("sealed", "02-25T00:00", "not_done"),
        ("collected", "02-25T05:59", None),
        ("collected", "02-25T06:00", "not_handed_over"),
        ("disinfected", "02-25T06:00", "not_handed_over"),
        ("handed_over", "02-28T00:00", None),
        ("withdrawn", "02-28T00:00", None),
    ],
)
def test_what_was_not_fetched_on_its_day_or_not_handed_over_is_found(
    state: State, now: str, found: str | None
) -> None:
    one = pickup(state, collected_at=at("02-24T18:00"))

    assert missed_now(one, now=at(now), hand_over=timedelta(hours=12)) == found


@pytest.mark.parametrize(
    ("due", "allowed"),
    [
        ("02-24T20:00", False),
        ("02-24T20:01", True),
        ("02-25T23:59", True),
        ("02-26T00:00", False),
    ],
)
def test_a_pickup_is_put_off_to_later_today_or_tomorrow(due: str, *, allowed: bool) -> None:
    if allowed:
        decide_rescheduling(pickup("sealed"), at(due), now=NOW)
    else:
        with pytest.raises(DueNotAhead):
            decide_rescheduling(pickup("sealed"), at(due), now=NOW)


@pytest.mark.parametrize("state", ["collected", "disinfected", "handed_over", "withdrawn"])
def test_what_was_collected_cannot_be_skipped(state: State) -> None:
    with pytest.raises(PickupSettled):
        decide_skip(pickup(state))
