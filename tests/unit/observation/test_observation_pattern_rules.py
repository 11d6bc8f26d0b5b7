"""Which declarations look made up, by the numbers of policy; ordinary ones never do (O11)."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.patterns import Said, family_pattern, own_pattern
from tests.unit.observation.given import PATTERNS, at

FEB25 = date(2020, 2, 25)


def said(day: int, clock: str, value: str, *, of: int = 1, seconds_later: float = 0) -> Said:
    taken = at(FEB25 + timedelta(days=day), clock) + timedelta(seconds=seconds_later)
    return Said(case_id=UUID(int=of), taken_at=taken, received_at=taken, value=Decimal(value))


def days_of(*numbers: int) -> tuple[date, ...]:
    return tuple(FEB25 + timedelta(days=number) for number in numbers)


@pytest.mark.scenario("O11")
@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([said(day, "07:00:13", "36.6") for day in range(3)], days_of(0, 1, 2)),
        ([said(day, "07:00:13", "36.6") for day in (0, 2, 9)], days_of(0, 2, 9)),  # not in a row
        ([said(day, "07:00:13", "36.6") for day in range(2)], None),
        ([said(day, f"07:00:1{day}", "36.6") for day in range(3)], None),  # by a hand, not by a clock
        ([said(day, "07:00:13", f"36.{day}") for day in range(3)], None),
        ([said(0, "07:00:13", "36.6"), said(0, "07:00:13", "36.6"), said(1, "07:00:13", "36.6")], None),
        (
            [said(day, "07:00:13", value) for day in (3, 4, 5) for value in ("36.6", "36.60")],
            days_of(3, 4, 5),
        ),
        ([], None),
    ],
)
def test_the_same_value_at_the_same_second_of_three_days_is_looked_at(
    values: Sequence[Said], days: tuple[date, ...] | None
) -> None:
    pattern = own_pattern("same_second", values, PATTERNS)
    assert (None if pattern is None else pattern.days) == days


@pytest.mark.scenario("O11")
@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([said(day, f"0{7 + day % 2}:1{day}", "36.5") for day in range(5)], days_of(0, 1, 2, 3, 4)),
        ([said(day, "07:00", "36.5") for day in range(4)], None),
        ([said(day, "07:00", "36.4" if day == 2 else "36.5") for day in range(7)], None),
        (
            [said(day, "07:00", "36.4" if day == 1 else "36.5") for day in range(8)],
            days_of(2, 3, 4, 5, 6, 7),
        ),
        (  # mornings alike, evenings not
            [
                said(day, clock, value)
                for day in range(6)
                for clock, value in (("07:00", "36.5"), ("18:00", "36.7"))
            ],
            None,
        ),
    ],
)
def test_five_days_of_one_value_are_looked_at(values: Sequence[Said], days: tuple[date, ...] | None) -> None:
    pattern = own_pattern("same_value", values, PATTERNS)
    assert (None if pattern is None else pattern.days) == days


def family(day: int, values: Sequence[str], *, apart: float) -> list[Said]:
    return [said(day, "07:00", value, of=nth, seconds_later=nth * apart) for nth, value in enumerate(values)]


@pytest.mark.scenario("O11")
@pytest.mark.parametrize(
    ("each_day", "apart", "found"),
    [
        (["36.5"] * 3, 5, True),
        (["36.5"] * 3, 6, False),  # twelve seconds from the first to the last
        (["36.5"] * 2, 0, False),
        (["36.5", "36.5", "36.6"], 0, False),
        (["36.5"] * 4 + ["36.6"], 0, False),  # somebody measured
    ],
)
def test_a_family_that_is_the_same_within_seconds_on_three_days_is_looked_at(
    each_day: list[str], apart: float, *, found: bool
) -> None:
    three = [one for day in (0, 1, 5) for one in family(day, each_day, apart=apart)]
    pattern = family_pattern(three, PATTERNS)
    assert (pattern is not None) is found
    if pattern is not None:
        assert (pattern.days, pattern.people) == (days_of(0, 1, 5), 3)
    assert (
        family_pattern(family(0, each_day, apart=apart) + family(1, each_day, apart=apart), PATTERNS) is None
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 13), st.integers(0, 86_399), st.sampled_from(["36.4", "36.5", "36.6"])),
        max_size=28,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_changes_nothing_and_each_day_named_has_such_a_value(
    drawn: list[tuple[int, int, str]], shuffled: object
) -> None:
    values = [said(day, "00:00", value, seconds_later=second) for day, second, value in drawn]
    mixed = list(values)
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    for kind in ("same_second", "same_value"):
        pattern = own_pattern(kind, values, PATTERNS)
        least = {"same_second": 3, "same_value": 5}[kind]
        again = own_pattern(kind, mixed, PATTERNS)
        assert (pattern is None) == (again is None)
        if pattern is not None:
            declared: set[date] = {(FEB25 + timedelta(days=day)) for day, _, _ in drawn}
            assert set(pattern.days) <= declared
            assert len(set(pattern.days)) == len(pattern.days) >= least
