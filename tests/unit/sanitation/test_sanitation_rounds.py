"""Which logs are rounds, and what is said about them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sanitation.domain.rounds import (
    ConcentrationImpossible,
    Incomplete,
    RoundLog,
    RoundRules,
    counted,
    decide_round,
)
from shared.kernel.refusal import Refusal

RULES = RoundRules(
    spacing=timedelta(hours=4),
    concentration_from_mg_l=250,
    concentration_to_mg_l=1000,
)


def at(clock: str) -> datetime:
    """A Shanghai time of 24 February 2020."""
    return datetime.fromisoformat(f"2020-02-24T{clock}+08:00").astimezone(UTC)


@pytest.mark.scenario("S1")
@pytest.mark.requirement("R5.1")
@pytest.mark.parametrize(
    ("logs", "rounds"),
    [
        ([], []),
        (["08:00"], ["08:00"]),
        (["08:00", "08:05"], ["08:00"]),
        (["08:00", "11:59"], ["08:00"]),
        (["08:00", "12:00"], ["08:00", "12:00"]),
        (["12:00", "08:00"], ["08:00", "12:00"]),
        (["08:00", "10:00", "12:00"], ["08:00", "12:00"]),
        (["08:00", "08:00"], ["08:00"]),
        (["00:05", "04:05", "08:05", "23:59"], ["00:05", "04:05", "08:05", "23:59"]),
    ],
)
def test_logs_closer_than_the_spacing_are_one_round(logs: list[str], rounds: list[str]) -> None:
    assert counted(map(at, logs), timedelta(hours=4)) == tuple(map(at, rounds))


def test_without_a_spacing_every_log_is_a_round() -> None:
    assert len(counted([at("08:00"), at("08:00")], timedelta())) == 2


def largest(logs: Sequence[datetime], spacing: timedelta) -> int:
    """By trying everything."""
    for size in range(len(logs), 0, -1):
        for chosen in combinations(sorted(logs), size):
            pairs = pairwise(chosen)
            if all(later - earlier >= spacing for earlier, later in pairs):
                return size
    return 0


instants = st.integers(0, 1439).map(lambda minute: at("00:00") + timedelta(minutes=minute))
days = st.lists(instants, max_size=9)
spacings = st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes))


@pytest.mark.requirement("R5.1")
@given(logs=days, spacing=spacings)
def test_counted_rounds_are_a_largest_set_that_keeps_the_spacing(
    logs: list[datetime], spacing: timedelta
) -> None:
    chosen = counted(logs, spacing)

    assert all(b - a >= spacing for a, b in pairwise(chosen))
    assert len(chosen) == largest(logs, spacing)
    assert counted(reversed(logs), spacing) == chosen


@given(logs=days, spacing=spacings)
def test_what_was_said_to_count_adds_up_in_whatever_order_logs_arrive(
    logs: list[datetime], spacing: timedelta
) -> None:
    rules = RoundRules(
        spacing=spacing,
        concentration_from_mg_l=1,
        concentration_to_mg_l=1000,
    )
    said = 0
    for number, done_at in enumerate(logs):
        log = RoundLog(agent="chlorine_84", concentration_mg_l=500, done_at=done_at)
        said += decide_round(log, logs[:number], rules).counts

    assert said == len(counted(logs, spacing))


@pytest.mark.scenario("S1")
@pytest.mark.parametrize(
    ("earlier", "done_at", "counts"),
    [
        ([], "08:00", True),
        (["08:00"], "08:05", False),
        (["08:00"], "12:00", True),
        (["12:00"], "08:00", True),
        (["12:00"], "08:30", False),
        (["08:00", "14:00"], "11:00", False),
        (["08:00", "16:00"], "12:00", True),
    ],
)
def test_a_log_counts_when_the_day_has_one_round_more_by_it(
    *, earlier: list[str], done_at: str, counts: bool
) -> None:
    log = RoundLog(agent="chlorine_84", concentration_mg_l=500, done_at=at(done_at))

    assert decide_round(log, [at(clock) for clock in earlier], RULES).counts is counts


@pytest.mark.scenario("S1")
def test_five_past_midnight_belongs_to_the_new_day() -> None:
    done_at = datetime.fromisoformat("2020-02-25T00:05:00+08:00")
    log = RoundLog(agent="chlorine_84", concentration_mg_l=500, done_at=done_at)

    decision = decide_round(log, [], RULES)

    assert decision.day.isoformat() == "2020-02-25"
    assert decision.counts


@pytest.mark.scenario("S3")
@pytest.mark.requirement("R5.5")
@pytest.mark.parametrize(
    ("concentration", "within"),
    [(50, False), (249, False), (250, True), (500, True), (1000, True), (1001, False), (50_000, False)],
)
def test_a_solution_outside_the_range_is_kept_with_a_warning(*, concentration: int, within: bool) -> None:
    log = RoundLog(agent="chlorine_84", concentration_mg_l=concentration, done_at=at("08:00"))

    decision = decide_round(log, [], RULES)

    assert decision.within_range is within
    assert decision.counts


@pytest.mark.scenario("S3")
@pytest.mark.parametrize(
    ("agent", "concentration", "done_at", "refusal"),
    [
        ("chlorine_84", None, at("08:00"), Incomplete),
        (None, 500, at("08:00"), Incomplete),
        ("", 500, at("08:00"), Incomplete),
        ("chlorine_84", 0, at("08:00"), ConcentrationImpossible),
        ("chlorine_84", -5, at("08:00"), ConcentrationImpossible),
        ("chlorine_84", 100_001, at("08:00"), ConcentrationImpossible),
    ],
)
def test_what_proves_nothing_is_refused(
    agent: str | None, concentration: int | None, done_at: datetime, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        decide_round(RoundLog(agent=agent, concentration_mg_l=concentration, done_at=done_at), [], RULES)
