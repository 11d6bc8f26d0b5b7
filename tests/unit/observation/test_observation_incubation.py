"""The model of what fourteen days miss, against the figures that were published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.incubation import RISKS, RiskLevel, expected_missed, falls_ill_after


@pytest.mark.parametrize(
    ("days", "share"),
    [
        (5.1, 0.50),  # the published median
        (11.5, 0.025),  # 97.5 % have fallen ill by then, as published
        (14, 0.0074),
    ],
)
def test_the_distribution_is_the_published_one(days: float, share: float) -> None:
    assert falls_ill_after(days) == pytest.approx(share, rel=0.03)


def test_of_ten_thousand_infected_the_point_estimate_and_the_published_figures_are_told_apart() -> None:
    missed = expected_missed({14: 10_000}, RISKS["infected"])
    assert round(missed.point) == 74
    assert missed.published_mean == pytest.approx(101)
    assert missed.published_p99 == pytest.approx(482)


@pytest.mark.parametrize(
    ("risk", "point", "mean"), [("low", 0.0074, 0.0101), ("medium", 0.074, 0.101), ("high", 0.74, 1.01)]
)
def test_ten_thousand_people_at_each_published_risk(risk: RiskLevel, point: float, mean: float) -> None:
    missed = expected_missed({14: 10_000}, RISKS[risk])
    assert missed.point == pytest.approx(point, rel=0.01)
    assert missed.published_mean == pytest.approx(mean)


def test_another_length_has_no_published_figure() -> None:
    missed = expected_missed({14: 5, 21: 5}, RISKS["high"])
    assert missed.published_mean is None
    assert missed.published_p99 is None
    assert missed.point < expected_missed({14: 10}, RISKS["high"]).point


def test_nobody_released_nobody_missed() -> None:
    assert expected_missed({}, 1.0).point == 0


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_longer_observation_misses_fewer(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= falls_ill_after(longer) <= falls_ill_after(shorter) <= 1
