"""The table of benchmarks: what counts as met, how a slope is fitted, what the page says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.figures import Line, beside, read, write
from tests.bench.growth import RANGES, sizes, slope
from tests.bench.page import page, plot

GROWTH = Line(
    part="growth",
    what="exponent of total cost, events (± 0.10)",
    unit="slope",
    ours=1.2,
    other=1.0,
    ratio=1.2,
    wanted=1.1,
    at_most=True,
    points=((10, 1.0), (100, 16.0)),
)


@pytest.mark.parametrize(
    ("ratio", "wanted", "at_most", "met"),
    [(1.0, 1.0, False, True), (0.99, 1.0, False, False), (1.1, 1.0, True, False), (9.0, None, False, None)],
)
def test_a_ratio_is_met_from_its_own_side(
    ratio: float,
    wanted: float | None,
    *,
    at_most: bool,
    met: bool | None,
) -> None:
    assert replace(GROWTH, ratio=ratio, wanted=wanted, at_most=at_most).met is met


def test_a_limit_is_kept_when_it_is_just_reached() -> None:
    assert beside("board", "page", "ms", 50, 50).met
    assert beside("board", "page", "ms", 51, 50).met is False


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.3])
def test_the_slope_of_a_power_is_its_exponent_with_no_doubt(exponent: float) -> None:
    found, half = slope([(size, 3.0 * size**exponent) for size in (10, 30, 100, 300, 1_000)])
    assert found == pytest.approx(exponent)
    assert half == pytest.approx(0.0, abs=1e-9)


def test_noise_widens_the_interval_around_the_exponent() -> None:
    noisy = [(size, size * (1.3 if nth % 2 else 0.8)) for nth, size in enumerate(sizes(10, 1_000, 5))]
    found, half = slope(noisy)
    assert half > 0.1
    assert found - half < 1.0 < found + half


def test_sizes_are_spread_evenly_over_the_orders_of_magnitude() -> None:
    assert sizes(10_000, 1_000_000, 5) == [10_000, 31_623, 100_000, 316_228, 1_000_000]
    assert {last // first for _, first, last in RANGES.values()} == {100}


def test_lines_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    lines = [GROWTH, beside("board", "page", "ms", 12, 50)]
    write(tmp_path / "lines", lines)
    assert read(tmp_path / "lines") == lines


def test_the_page_names_what_was_missed_and_draws_the_curve() -> None:
    told = page([GROWTH], {"processors": "2"})
    assert "**missed**" in told
    assert "growth.svg" in told
    assert "| processors | 2 |" in told
    assert "events" in plot([GROWTH])
    assert "growth.svg" not in page([beside("board", "page", "ms", 12, 50)], {})


def test_the_committed_page_shows_the_committed_figures() -> None:
    folder = Path(__file__).parents[3] / "deploy" / "docs" / "benchmarks"
    kept = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    lines = [Line(**line | {"points": tuple(map(tuple, line["points"]))}) for line in kept["lines"]]
    assert {line.part for line in lines} >= {"stack", "relay", "gate", "feed", "board", "growth"}
    assert (folder / "README.md").read_text(encoding="utf-8") == page(lines, kept["machine"])
    assert (folder / "growth.svg").read_text(encoding="utf-8") == plot(lines)
