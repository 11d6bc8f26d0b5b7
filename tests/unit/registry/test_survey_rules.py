"""Survey rounds: coverage never flatters, and a round ends with open dwellings only for a reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.registry.domain.surveys import (
    NothingToSurvey,
    Part,
    ReasonRequired,
    Round,
    RoundClosed,
    RoundDueInPast,
    Tally,
    decide_closing,
    decide_opening,
    rolled_up,
)
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId

LJ = CompoundId("lj-001")
NOW = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
ROUND = Round(number=1, compounds=frozenset({LJ}), due_on=date(2020, 2, 28), opened_at=NOW)


@pytest.mark.scenario("P8")
@pytest.mark.requirement("R4.1")
@pytest.mark.parametrize(
    ("tally", "percent"),
    [
        (Tally(done=799, absent=1), "99.8"),
        (Tally(done=51_999, open=1), "99.9"),
        (Tally(done=999_999, conflict=1), "99.9"),
        (Tally(done=790, empty=9, to_confirm=1), "99.8"),
        (Tally(done=790, empty=10), "100.0"),
        (Tally(absent=800), "0.0"),
        (Tally(done=1, refused=2), "33.3"),
        (Tally(), "0.0"),
    ],
)
def test_coverage_is_never_rounded_up_to_all(tally: Tally, percent: str) -> None:
    assert tally.percent == percent


COUNTS = st.lists(st.integers(0, 60_000), min_size=7, max_size=7)
TALLIES = COUNTS.map(
    lambda counts: Tally(
        **dict(
            zip(("open", "done", "absent", "refused", "empty", "to_confirm", "conflict"), counts, strict=True)
        )
    )
)
PARTS = st.builds(
    Part,
    neighbourhood=st.sampled_from([NeighbourhoodId("yq"), NeighbourhoodId("hq")]),
    compound=st.sampled_from([LJ, CompoundId("lj-002")]),
    building=st.sampled_from(["1幢", "2幢"]),
    grid=st.sampled_from([GridId("lj-001-w01"), GridId("lj-001-w02")]),
    tally=TALLIES,
)


@settings(max_examples=60, deadline=None)
@given(TALLIES)
@example(Tally(empty=4_980, conflict=25_020))  # 16.6 is a little more in binary
def test_final_and_remaining_make_up_the_denominator_and_all_means_all(tally: Tally) -> None:
    assert tally.final + tally.remaining == tally.dwellings
    assert (tally.percent == "100.0") == (tally.remaining == 0 < tally.dwellings)
    assert Decimal(tally.percent) * tally.dwellings <= 100 * tally.final


@settings(max_examples=40, deadline=None)
@given(st.lists(PARTS, max_size=12))
def test_the_parts_add_up_however_they_are_grouped(parts: list[Part]) -> None:
    whole = rolled_up(parts, lambda _part: None).get(None, Tally())
    for by in (
        lambda part: part.compound,
        lambda part: (part.compound, part.building),
        lambda part: part.grid,
        lambda part: part.neighbourhood,
    ):
        sums = rolled_up(parts, by).values()
        assert sum(one.dwellings for one in sums) == whole.dwellings
        assert sum(one.final for one in sums) == whole.final


def test_a_round_begins_where_there_is_something_to_survey() -> None:
    decide_opening(ROUND, {LJ: 800}, today=date(2020, 2, 28))
    with pytest.raises(NothingToSurvey) as bare:
        decide_opening(ROUND, {}, today=date(2020, 2, 24))
    assert bare.value.extra == {"compounds": [LJ]}
    with pytest.raises(RoundDueInPast):
        decide_opening(ROUND, {LJ: 800}, today=date(2020, 2, 29))


@pytest.mark.requirement("R4.1")
def test_open_dwellings_end_a_round_only_for_a_reason() -> None:
    open_one = Tally(done=799, absent=1)
    with pytest.raises(ReasonRequired) as missing:
        decide_closing(ROUND, open_one, reason=None)
    assert (missing.value.field, missing.value.extra) == ("reason", {"open_dwellings": 1})
    assert decide_closing(ROUND, open_one, reason="下一轮开始") == 1
    assert decide_closing(ROUND, Tally(done=800), reason=None) == 0
    over = Round(
        number=1,
        compounds=ROUND.compounds,
        due_on=ROUND.due_on,
        opened_at=NOW,
        closed_at=NOW,
        open_dwellings=0,
    )
    with pytest.raises(RoundClosed):
        decide_closing(over, Tally(done=800), reason="又一次")
