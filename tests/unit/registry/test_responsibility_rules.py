"""Who answers for what, without a gap that nobody sees."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.posts import Period
from services.registry.domain.responsibility import (
    SINGLE_MEASURES,
    AssignedAlready,
    Assignment,
    Measure,
    decide_assignment,
    gaps_of,
)

FEB24 = date(2020, 2, 24)
PERIODS = st.builds(
    lambda since, days: Period(
        from_day=FEB24 + timedelta(since), until_day=None if days is None else FEB24 + timedelta(since + days)
    ),
    st.integers(-5, 20),
    st.none() | st.integers(0, 8),
)


def assignment(
    nth: int,
    period: Period,
    measure: Measure = "all",
    *,
    grid: str | None = None,
    compound: str | None = "lj-001",
) -> Assignment:
    return Assignment(
        assignment_id=UUID(int=nth),
        worker_ref=UUID(int=1),
        role="neighbourhood_secretary",
        measure=measure,
        compound_id=compound,
        grid_id=grid,
        period=period,
    )


@pytest.mark.requirement("R7.1")
@given(st.lists(st.tuples(PERIODS, st.sampled_from(["all", "gate", "leads"]), st.booleans()), max_size=5))
def test_every_day_on_which_nobody_answers_lies_in_exactly_one_gap(
    held: list[tuple[Period, Measure, bool]],
) -> None:
    assignments = [
        assignment(nth, period, measure, grid="w01" if in_grid else None)
        for nth, (period, measure, in_grid) in enumerate(held)
    ]
    last = FEB24 + timedelta(14)
    gaps = list(gaps_of(assignments, from_day=FEB24, until_day=last))
    for measure in SINGLE_MEASURES:
        for day in (FEB24 + timedelta(nth) for nth in range(15)):
            answered = any(
                one.period.holds(day)
                for one in assignments
                if one.measure in {measure, "all"} and not one.grid_id
            )
            within = [gap for gap in gaps if gap.measure == measure and gap.from_day <= day <= gap.until_day]
            assert len(within) == (0 if answered else 1)
    assert all(FEB24 <= gap.from_day <= gap.until_day <= last for gap in gaps)


def test_a_stretch_without_anybody_is_one_gap_between_two_periods() -> None:
    first = assignment(1, Period(from_day=date(2020, 2, 1), until_day=date(2020, 2, 26)), "gate")
    second = assignment(2, Period(from_day=date(2020, 3, 1), until_day=None), "gate", compound=None)
    gaps = gaps_of([second, first], from_day=FEB24, until_day=date(2020, 3, 10))
    assert [(gap.from_day, gap.until_day) for gap in gaps if gap.measure == "gate"] == [
        (date(2020, 2, 27), date(2020, 2, 29))
    ]


def test_nobody_answers_twice_for_the_same_on_the_same_day() -> None:
    held = assignment(1, Period(from_day=FEB24, until_day=date(2020, 2, 28)))
    with pytest.raises(AssignedAlready) as refused:
        decide_assignment(assignment(2, Period(from_day=date(2020, 2, 28), until_day=None)), [held])
    assert refused.value.extra["assignments"] == [str(UUID(int=1))]
    decide_assignment(assignment(2, Period(from_day=date(2020, 2, 29), until_day=None)), [held])
    decide_assignment(assignment(2, Period(from_day=FEB24, until_day=None), "gate"), [held])
    decide_assignment(assignment(2, Period(from_day=FEB24, until_day=None), grid="w01"), [held])
    decide_assignment(assignment(1, Period(from_day=FEB24, until_day=None)), [held])  # itself, extended
