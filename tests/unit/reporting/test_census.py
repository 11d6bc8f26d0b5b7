"""The law of the census: in force is the last, and what came, without what went, whatever happens to cases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.census import Flow, added
from services.reporting.projections import census, observation_roll
from services.reporting.projections.census import Movement
from services.reporting.projections.observation_roll import CaseUnknownError
from shared.events.base import Event
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
DAY = date(2020, 2, 20)
COMPOUNDS = (CompoundId("lj-001"), CompoundId("lj-002"))
MEASURES = ("centralized_observation", "home_quarantine", "home_self_monitoring")


def about(case: int) -> dict[str, Any]:
    return {
        "case_id": UUID(int=case),
        "person_ref": PersonRef(UUID(int=100 + case)),
        "compound": COMPOUNDS[case % 2],
    }


def started(case: int, measure: str = "home_quarantine", at: datetime = NOON) -> ObservationStarted:
    return ObservationStarted(
        **about(case),
        dwelling_id=DwellingId(UUID(int=case)),
        grid=GridId("lj-001-w01"),
        category="concern",
        measure=measure,
        anchor_date=DAY,
        last_day=DAY + timedelta(days=14),
        started_at=at,
        policy_version=1,
    )


def closed(case: int, ending: str = "died") -> ObservationClosed:
    return ObservationClosed(**about(case), ending=ending, closed_at=NOON)


def completed(case: int) -> ObservationCompleted:
    return ObservationCompleted(**about(case), last_day=DAY, pass_from=DAY, completed_at=NOON)


def interrupted(case: int) -> ObservationInterrupted:
    return ObservationInterrupted(**about(case), reason="fever", interrupted_at=NOON)


def changed(case: int, measure: str) -> ObservationMeasureChanged:
    return ObservationMeasureChanged(
        **about(case), measure=measure, category="focus", changed_at=NOON, policy_version=1
    )


def resumed(case: int, measure: str) -> ObservationResumed:
    return ObservationResumed(**about(case), measure=measure, last_day=DAY, resumed_at=NOON)


def restarted(case: int, measure: str) -> ObservationRestarted:
    return ObservationRestarted(
        **about(case), category="focus", measure=measure, anchor_date=DAY, last_day=DAY, restarted_at=NOON
    )


def rescheduled(case: int) -> ObservationRescheduled:
    return ObservationRescheduled(
        **about(case), anchor_date=DAY, last_day=DAY, reason="extended", rescheduled_at=NOON
    )


def movements(*events: Event, recorded_at: datetime = NOON) -> list[Movement]:
    return census.fold({}, [(event, recorded_at) for event in events])[1]


def flow(moved: list[Movement], starts: datetime, ends: datetime, **where: str) -> Flow:
    """A slow oracle: one loop a number."""
    here = [one for one in moved if all(getattr(one, name) == value for name, value in where.items())]
    within = [one.kind for one in here if starts <= one.recorded_at < ends]
    return Flow(
        last=sum(one.delta for one in here if one.recorded_at < starts),
        in_force=sum(one.delta for one in here if one.recorded_at < ends),
        **{kind: within.count(kind) for kind in census.MovementKind.__args__},  # type: ignore[attr-defined]
    )


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (completed(1), "released"),
        (closed(1, "transferred"), "transferred"),
        (closed(1, "merged"), "merged"),
        (closed(1, "died"), "closed"),
        (closed(1, "left_town"), "closed"),
        (closed(1, "cancelled"), "closed"),
    ],
)
def test_a_case_ends_in_exactly_one_way(ending: Event, kind: str) -> None:
    moved = movements(started(1), ending, completed(1), closed(1))

    assert [(one.kind, one.delta) for one in moved] == [("new", 1), (kind, -1)]


def test_another_measure_is_out_of_one_and_into_the_other() -> None:
    moved = movements(
        started(1),
        changed(1, "centralized_observation"),
        changed(1, "centralized_observation"),
        interrupted(1),
    )

    assert [(one.kind, one.measure) for one in moved] == [
        ("new", "home_quarantine"),
        ("moved_out", "home_quarantine"),
        ("moved_in", "centralized_observation"),
        ("moved_out", "centralized_observation"),
        ("moved_in", "medical"),
    ]
    assert [one.number for one in moved] == [1, 2, 3, 4, 5]


def test_what_happened_two_days_ago_counts_when_it_was_recorded() -> None:
    two_days_ago = NOON - timedelta(days=2)

    (moved,) = movements(started(1, at=two_days_ago))

    assert (moved.recorded_at, moved.happened_at) == (NOON, two_days_ago)


def test_a_change_of_a_case_that_never_started_is_for_a_person_to_look_at() -> None:
    with pytest.raises(CaseUnknownError):
        movements(completed(1))


steps: st.SearchStrategy[Callable[[int], Event]] = st.one_of(
    st.sampled_from([completed, interrupted, rescheduled]),
    st.sampled_from(["transferred", "merged", "died", "left_town", "cancelled"]).map(
        lambda ending: lambda case: closed(case, ending)
    ),
    st.builds(
        lambda how, measure: lambda case: how(case, measure),
        st.sampled_from([changed, resumed, restarted]),
        st.sampled_from([*MEASURES]),
    ),
    st.just(lambda case: ObservationAwaitsClosure(**about(case), last_day=DAY)),
)
stories = st.lists(st.tuples(st.integers(0, 5), steps, st.integers(0, 3000)), max_size=60)


@pytest.mark.scenario("H2")
@given(story=stories, cut=st.integers(0, 60), cut_offs=st.tuples(st.integers(0, 3000), st.integers(0, 3000)))
def test_the_law_holds_for_any_story_any_two_cut_offs_and_any_batches(
    story: list[tuple[int, Callable[[int], Event], int]], cut: int, cut_offs: tuple[int, int]
) -> None:
    """Also when it is recorded out of order, and when cases are opened again after their end."""
    begun: set[int] = set()
    told: list[tuple[Event, datetime]] = []
    for case, step, minute in story:
        if case not in begun:
            begun.add(case)
            told.append((started(case, MEASURES[case % 3]), NOON + timedelta(minutes=minute)))
        if not isinstance(event := step(case), ObservationRescheduled):
            told.append((event, NOON + timedelta(minutes=minute)))
    starts, ends = (NOON + timedelta(minutes=minute) for minute in sorted(cut_offs))

    cases, first = census.fold({}, told[:cut])
    later, second = census.fold(cases, told[cut:])
    moved = first + second

    assert moved == census.fold({}, told)[1]
    measures = [flow(moved, starts, ends, measure=measure) for measure in (*MEASURES, "medical")]
    compounds = [flow(moved, starts, ends, compound=compound) for compound in COMPOUNDS]
    town = flow(moved, starts, ends)
    for one in (*measures, *compounds, town):
        assert one.off_by == 0
    assert added(compounds) == added(measures) == town
    assert town.moved_in == town.moved_out
    # whatever was recorded by the end: as many as the roll says, and the same people
    roll = observation_roll.fold_cases({}, [event for event, _ in told])
    still = {case for case, row in roll.items() if row.ended_at is None}
    assert {key for key, case in (cases | later).items() if case.open} == still
    assert sum(one.delta for one in moved) == len(still)
