"""The board's sums and order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.board import Figures, Line, in_order, total


def line(compound: str, **figures: int | None) -> Line:
    return Line(compound=compound, name=None, neighbourhood=None, mode=None, figures=Figures(**figures))  # type: ignore[arg-type]


@pytest.mark.scenario("H4")
@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ([line("b"), line("a")], ["a", "b"]),
        ([line("a"), line("b", fever=1)], ["b", "a"]),
        ([line("a", fever=1), line("b", missed_streaks=1, awaiting_closure=1)], ["b", "a"]),
        ([line("a", rounds_required=9), line("b", fever=1)], ["b", "a"]),
        ([line("a"), line("b", rounds_required=2, rounds_counted=1)], ["b", "a"]),
        ([line("a", rounds_required=None, missed_streaks=None), line("b", fever=1)], ["b", "a"]),
    ],
)
def test_most_problems_come_first_then_most_rounds_short_then_the_code(
    lines: list[Line], order: list[str]
) -> None:
    assert [one.compound for one in in_order(lines)] == order


figures = st.builds(
    Figures,
    people=st.integers(0, 9999),
    fever=st.integers(0, 9),
    missed_streaks=st.integers(0, 9),
    rounds_required=st.integers(0, 99),
    observed=st.dictionaries(
        st.sampled_from(["home_quarantine", "home_self_monitoring", "medical"]), st.integers(0, 99)
    ),
)


@pytest.mark.scenario("H2")
@given(each=st.lists(figures, max_size=8))
def test_the_sum_of_the_lines_is_the_town(each: list[Figures]) -> None:
    town = total(
        Line(compound=str(nth), name=None, neighbourhood=None, mode=None, figures=one)
        for nth, one in enumerate(each)
    )

    assert town.people == sum(one.people for one in each)
    assert town.problems == sum(one.problems for one in each)
    assert town.under_observation == sum(one.under_observation for one in each)


def test_what_is_unknown_of_one_is_unknown_of_the_town() -> None:
    town = total([line("a", rounds_required=None), line("b", rounds_required=4, checks=2)])

    assert (town.rounds_required, town.checks) == (None, 2)
