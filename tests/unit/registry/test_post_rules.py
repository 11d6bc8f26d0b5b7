"""What places need, who fills them, who comes first and who is left over."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.posts import (
    Candidate,
    Need,
    Period,
    Place,
    PostingEndsTooEarly,
    PostingOverlaps,
    Serving,
    board,
    decide_end,
    decide_posting,
    needs_of,
    suggest,
    surplus_of,
)
from services.registry.domain.premises import Mode
from shared.events.policy import PostNeed, PostRules, WorkerKind
from shared.kernel.refusal import PolicySilent

GATE, GRID, COMPOUND = Place("checkpoint", "g1"), Place("grid", "w01"), Place("compound", "lj-001")
RULES = PostRules(
    needs=(
        PostNeed(place="grid", kind="grid_leader", number=1),
        PostNeed(place="checkpoint", kind="guard", number=1, stand_ins=("auxiliary_police",)),
        PostNeed(place="compound", kind="named_person", number=1, staffed_only=True),
    ),
    several_at_once=("community_police",),
)
FEB24 = date(2020, 2, 24)
KINDS: list[WorkerKind] = ["guard", "auxiliary_police", "grid_leader", "volunteer"]
POLICE: tuple[WorkerKind, ...] = ("auxiliary_police",)
GUARDS: tuple[WorkerKind, ...] = ("guard",)
DAYS = st.dates(date(2020, 2, 20), date(2020, 3, 10))


def serving(nth: int, kind: WorkerKind, place: Place, since: date = FEB24) -> Serving:
    return Serving(
        posting_id=UUID(int=nth),
        worker_ref=UUID(int=nth),
        kind=kind,
        place=place,
        period=Period(from_day=since, until_day=None),
    )


def candidate(
    code: str, kind: WorkerKind = "volunteer", *, here: bool = False, near: bool = False, posted: bool = False
) -> Candidate:
    return Candidate(
        worker_ref=UUID(int=int.from_bytes(code.encode(), "big")),
        code=code,
        kind=kind,
        lives_here=here,
        lives_near=near,
        posted=posted,
    )


@pytest.mark.requirement("R3.2", "R1.1")
def test_needs_follow_policy_and_an_officers_number_for_a_place_goes_first() -> None:
    places = (COMPOUND, GATE, GRID)
    closed = needs_of(places, mode=Mode.CLOSED, rules=RULES, set_here={(GRID, "grid_leader"): 3})
    assert [(need.place, need.kind, need.number, need.set_here) for need in closed] == [
        (GATE, "guard", 1, False),
        (GRID, "grid_leader", 3, True),
    ]
    staffed = needs_of(places, mode=Mode.STAFFED, rules=RULES, set_here={(GATE, "volunteer"): 2})
    assert [(need.place, need.kind, need.number) for need in staffed] == [
        (COMPOUND, "named_person", 1),
        (GATE, "guard", 1),
        (GATE, "volunteer", 2),
        (GRID, "grid_leader", 1),
    ]
    with pytest.raises(PolicySilent) as silent:
        needs_of(places, mode=Mode.CLOSED, rules=None, set_here={})
    assert silent.value.extra["missing"] == "posts"


def test_a_worker_of_the_posts_own_kind_goes_before_one_who_stands_in() -> None:
    need = Need(place=GATE, kind="guard", number=1, stand_ins=POLICE)
    police, guard = serving(1, "auxiliary_police", GATE), serving(2, "guard", GATE, FEB24 + timedelta(3))
    first, second = board([need], [police, guard])
    assert (first.filled, first.vacant, second.need.kind, second.beyond) == (
        (guard,),
        0,
        "auxiliary_police",
        (police,),
    )
    [alone] = board([need], [police])
    assert (alone.filled, alone.vacant) == ((police,), 0)
    [elsewhere, empty] = board([need], [serving(3, "guard", Place("checkpoint", "g2"))])
    assert {line.vacant for line in (elsewhere, empty)} == {0, 1}


@given(
    needs=st.lists(
        st.builds(
            Need,
            place=st.sampled_from([GATE, GRID]),
            kind=st.sampled_from(KINDS),
            number=st.integers(0, 3),
            stand_ins=st.lists(st.sampled_from(KINDS), max_size=2),
        ),
        max_size=5,
        unique_by=lambda need: (need.place, need.kind),
    ),
    posted=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([GATE, GRID]), DAYS), max_size=8),
)
def test_every_posting_is_on_the_board_once_and_no_post_has_more_than_it_needs(
    needs: list[Need], posted: list[tuple[WorkerKind, Place, date]]
) -> None:
    everybody = [serving(nth, kind, place, since) for nth, (kind, place, since) in enumerate(posted, 1)]
    lines = board(needs, everybody)
    told = [one for line in lines for one in (*line.filled, *line.beyond)]
    assert sorted(one.posting_id for one in told) == [one.posting_id for one in everybody]
    for line in lines:
        assert len(line.filled) + line.vacant == line.need.number
        assert all(one.place == line.need.place for one in (*line.filled, *line.beyond))
        assert not (line.vacant and line.beyond)


@pytest.mark.requirement("R3.1")
@pytest.mark.parametrize(
    ("since", "until", "meets"),
    [
        ("2020-02-20", "2020-02-23", False),
        ("2020-02-20", "2020-02-24", True),
        ("2020-02-26", "2020-02-27", True),
        ("2020-02-28", None, True),
        ("2020-02-29", None, False),
        ("2020-02-20", None, True),
    ],
)
def test_a_worker_serves_at_one_post_at_a_time_unless_policy_lets_the_kind_serve_at_several(
    since: str, until: str | None, *, meets: bool
) -> None:
    held = Serving(
        posting_id=UUID(int=7),
        worker_ref=UUID(int=1),
        kind="guard",
        place=GATE,
        period=Period(from_day=FEB24, until_day=date(2020, 2, 28)),
    )
    period = Period(
        from_day=date.fromisoformat(since), until_day=date.fromisoformat(until) if until else None
    )
    decide_posting("community_police", period, [held], RULES)
    if not meets:
        decide_posting("guard", period, [held], RULES)
        return
    with pytest.raises(PostingOverlaps) as refused:
        decide_posting("guard", period, [held], RULES)
    assert refused.value.extra["postings"] == [str(UUID(int=7))]


@given(DAYS, st.none() | st.integers(0, 9), DAYS, st.none() | st.integers(0, 9))
def test_two_periods_meet_when_and_only_when_they_share_a_day(
    first: date, long: int | None, second: date, longer: int | None
) -> None:
    def period(since: date, days: int | None) -> Period:
        return Period(from_day=since, until_day=None if days is None else since + timedelta(days))

    one, other = period(first, long), period(second, longer)
    shared = any(
        one.holds(day) and other.holds(day) for day in (date(2020, 2, 20) + timedelta(n) for n in range(60))
    )
    assert one.meets(other) == other.meets(one) == shared


def test_days_that_were_served_are_not_taken_back() -> None:
    period = Period(from_day=date(2020, 2, 20), until_day=None)
    assert decide_end(period, FEB24, today=FEB24).until_day == FEB24
    assert decide_end(period, None, today=FEB24) == period
    with pytest.raises(PostingEndsTooEarly) as refused:
        decide_end(period, date(2020, 2, 23), today=FEB24)
    assert refused.value.extra["earliest"] == "2020-02-24"
    future = Period(from_day=date(2020, 3, 1), until_day=None)
    with pytest.raises(PostingEndsTooEarly):
        decide_end(future, date(2020, 2, 29), today=FEB24)


@pytest.mark.requirement("R3.3")
def test_who_lives_in_the_compound_is_suggested_first_then_who_lives_near() -> None:
    need = Need(place=GRID, kind="volunteer", number=1, stand_ins=GUARDS)
    far, near, here = candidate("A"), candidate("B", near=True), candidate("Z", here=True, near=True)
    stand_in, busy, other = (
        candidate("C", "guard", here=True),
        candidate("D", posted=True),
        candidate("E", "guard"),
    )
    wrong = candidate("F", "grid_leader", here=True)
    assert suggest(need, [far, near, here, stand_in, busy, other, wrong]) == [
        here,
        stand_in,
        near,
        far,
        other,
    ]


@pytest.mark.requirement("R3.3")
def test_a_compound_spares_whom_its_posts_do_not_need_after_its_own_vacancies_are_offered() -> None:
    lines = board(
        [
            Need(place=GRID, kind="volunteer", number=1),
            Need(place=GATE, kind="guard", number=1),
        ],
        [serving(1, "guard", GATE), serving(2, "guard", GATE, FEB24 + timedelta(1))],
    )
    residents = [candidate(code, here=True) for code in ("V1", "V2", "V3")]
    residents.append(candidate("V0", here=True, posted=True))
    spare = surplus_of(lines, residents)
    assert [(one.worker_ref, one.why) for one in spare] == [
        (UUID(int=2), "beyond_need"),
        *((one.worker_ref, "not_needed") for one in residents[1:3]),
    ]
