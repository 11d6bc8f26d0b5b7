"""Is the post manned, minute by minute? (R2.2, G15)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gate.domain.duty import (
    Gap,
    GapCause,
    OpenGap,
    coverage,
    decide_gap_changes,
    duty_gaps,
    held_until,
)
from shared.kernel.days import Span, at_local, end_of, start_of

DAY = date(2020, 2, 29)
GRACE = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def local(text: str, day: date = DAY) -> datetime:
    """An instant of a day in Shanghai; `+` is the next day."""
    later = text.endswith("+")
    return at_local(
        day + timedelta(days=later),
        datetime.strptime(text.rstrip("+"), "%H:%M").time(),  # noqa: DTZ007
    )


def span(starts: str, ends: str) -> Span:
    return Span(starts=local(starts), ends=local(ends))


def day_of(planned: list[Span], held: list[Span]) -> list[tuple[str, int]]:
    whole = Span(starts=start_of(DAY), ends=end_of(DAY))
    return [(gap.cause, gap.minutes) for gap in duty_gaps(planned, held, whole)]


@pytest.mark.scenario("G15")
@pytest.mark.parametrize(
    ("planned", "held", "gaps"),
    [
        ([span("00:00", "00:00+")], [span("00:00", "00:00+")], []),
        ([], [], [("not_planned", 1440)]),
        ([span("00:00", "00:00+")], [], [("not_checked_in", 1440)]),
        (  # a hole in the plan, both sides held
            [span("00:00", "02:00"), span("02:40", "00:00+")],
            [span("00:00", "02:00"), span("02:40", "00:00+")],
            [("not_planned", 40)],
        ),
        (  # the guard of 22:00 comes at 22:25
            [span("00:00", "22:00"), span("22:00", "06:00+")],
            [span("00:00", "22:00"), span("22:25", "06:00+")],
            [("not_checked_in", 25)],
        ),
        (  # overlap is no gap, nor is somebody who stands there unplanned
            [span("00:00", "12:30"), span("12:00", "20:00")],
            [span("00:00", "12:30"), span("12:00", "00:00+")],
            [],
        ),
        (  # the cause changes where the plan begins: two gaps
            [span("08:00", "16:00"), span("17:00", "00:00+")],
            [span("00:00", "08:00"), span("08:00", "16:00"), span("17:30", "00:00+")],
            [("not_planned", 60), ("not_checked_in", 30)],
        ),
    ],
)
def test_gaps_of_a_day(planned: list[Span], held: list[Span], gaps: list[tuple[str, int]]) -> None:
    assert day_of(planned, held) == gaps


@pytest.mark.scenario("G15")
def test_a_shift_over_29_february_belongs_to_both_days_without_a_seam() -> None:
    night = Span(starts=local("22:00"), ends=local("06:00+"))
    for day, minutes in ((DAY, 120), (date(2020, 3, 1), 360)):
        found = coverage([night], [night], Span(starts=start_of(day), ends=end_of(day)))
        assert (found.minutes, found.covered) == (1440, minutes)


def test_seconds_count_for_the_minute_in_which_they_lie() -> None:
    first = Span(starts=local("08:00"), ends=local("12:00") + timedelta(seconds=5))
    second = Span(starts=local("12:00") + timedelta(seconds=50), ends=local("16:00"))
    within = span("08:00", "16:00")
    assert duty_gaps([within], [first, second], within) == ()
    assert duty_gaps([within], [first, Span(starts=local("12:01"), ends=local("16:00"))], within) == ()
    [gap] = duty_gaps([within], [first, Span(starts=local("12:02"), ends=local("16:00"))], within)
    assert (gap.began_at, gap.minutes) == (local("12:01"), 1)


@pytest.mark.parametrize(
    ("ended", "planned_until", "until"),
    [
        (local("21:00"), local("22:00"), local("21:00")),
        (local("23:00"), local("22:00"), local("23:00")),
        (None, local("22:00"), local("22:00")),
        (None, None, local("20:00")),
        (None, local("07:00"), local("08:00")),
    ],
)
def test_until_when_a_turn_counts(
    ended: datetime | None, planned_until: datetime | None, until: datetime
) -> None:
    found = held_until(
        started_at=local("08:00"), ended_at=ended, planned_until=planned_until, unplanned=timedelta(hours=12)
    )
    assert found == until


def gap(began: str, ended: str, cause: GapCause = GapCause.NOT_CHECKED_IN) -> Gap:
    return Gap(cause=cause, began_at=local(began), ended_at=local(ended))


def opened(began: str, cause: GapCause = GapCause.NOT_CHECKED_IN) -> OpenGap:
    return OpenGap(gap_id=uuid4(), cause=cause, began_at=local(began))


def test_who_is_a_little_late_opens_no_gap_and_who_stays_away_opens_it_from_the_first_minute() -> None:
    within = gap("22:00", "22:09")
    waiting = decide_gap_changes([within], [], [], now=local("22:09"), grace=GRACE)
    assert (waiting.opened, waiting.judged_through) == ((), local("22:00"))  # looked at again from its start
    came = decide_gap_changes([within], [], [], now=local("22:30"), grace=GRACE)
    assert (came.opened, came.judged_through) == ((), local("22:30"))
    away = decide_gap_changes([gap("22:00", "22:10")], [], [], now=local("22:10"), grace=GRACE)
    assert away.opened == (gap("22:00", "22:10"),)
    hole = gap("22:00", "22:01", GapCause.NOT_PLANNED)
    assert decide_gap_changes([hole], [], [], now=local("22:01"), grace=GRACE).opened == (hole,)


def test_what_was_told_is_not_told_again_and_relief_closes_it() -> None:
    known = opened("22:00")
    told = {(known.cause, known.began_at)}
    still = decide_gap_changes([gap("22:00", "22:20")], [known], told, now=local("22:20"), grace=GRACE)
    assert (still.opened, still.closed) == ((), ())
    over = decide_gap_changes([gap("22:00", "22:25")], [known], told, now=local("22:40"), grace=GRACE)
    assert [(one.gap_id, ended.minutes) for one, ended in over.closed] == [(known.gap_id, 25)]


def test_late_news_takes_an_open_gap_back() -> None:
    known = opened("22:00")
    told = {(known.cause, known.began_at)}
    never = decide_gap_changes([], [known], told, now=local("22:40"), grace=GRACE)
    assert [ended.minutes for _, ended in never.closed] == [0]
    later = decide_gap_changes([gap("22:20", "22:40")], [known], told, now=local("22:40"), grace=GRACE)
    assert [ended.minutes for _, ended in later.closed] == [0]
    assert later.opened == (gap("22:20", "22:40"),)


def test_a_closed_post_ends_its_gap() -> None:
    known = opened("22:00")
    told = {(known.cause, known.began_at)}
    over = decide_gap_changes(
        [gap("22:00", "22:30")], [known], told, now=local("22:30"), grace=GRACE, over=True
    )
    assert [ended.minutes for _, ended in over.closed] == [30]


SECONDS = st.integers(-3_600, 90_000)
SPANS = st.lists(
    st.tuples(SECONDS, SECONDS).map(
        lambda pair: Span(
            starts=start_of(DAY) + timedelta(seconds=min(pair)),
            ends=start_of(DAY) + timedelta(seconds=max(pair)),
        )
    ),
    max_size=8,
)


@pytest.mark.scenario("G15")
@settings(max_examples=40)
@given(planned=SPANS, held=SPANS)
def test_covered_minutes_and_gaps_always_make_the_day(planned: list[Span], held: list[Span]) -> None:
    whole = Span(starts=start_of(DAY), ends=end_of(DAY))
    found = coverage(planned, held, whole)
    assert found.covered + sum(gap.minutes for gap in found.gaps) == 1440
    # Counted the slow way: a minute is covered if somebody was there in any part of it.
    covered = not_planned = 0
    for nth in range(1440):
        minute = Span(
            starts=whole.starts + timedelta(minutes=nth), ends=whole.starts + timedelta(minutes=nth + 1)
        )
        if any(
            one.starts < minute.ends and minute.starts < one.ends and one.starts < one.ends for one in held
        ):
            covered += 1
        elif not any(
            one.starts < minute.ends and minute.starts < one.ends and one.starts < one.ends for one in planned
        ):
            not_planned += 1
    assert found.covered == covered
    assert sum(gap.minutes for gap in found.gaps if gap.cause is GapCause.NOT_PLANNED) == not_planned
    assert all(one.ended_at <= other.began_at for one, other in zip(found.gaps, found.gaps[1:], strict=False))


@given(planned=SPANS, held=SPANS, more=SPANS)
def test_more_people_at_the_post_never_make_more_gaps(
    planned: list[Span], held: list[Span], more: list[Span]
) -> None:
    whole = Span(starts=start_of(DAY), ends=end_of(DAY))
    assert coverage(planned, held + more, whole).covered >= coverage(planned, held, whole).covered


@given(planned=SPANS, held=SPANS, steps=st.lists(st.integers(1, 300), max_size=12))
def test_looking_often_tells_the_same_minutes_as_looking_once(
    planned: list[Span], held: list[Span], steps: list[int]
) -> None:
    """A gate that was down tells what it missed as if it had watched every minute."""

    def told(instants: list[datetime]) -> dict[tuple[GapCause, datetime], int]:
        known: dict[tuple[GapCause, datetime], OpenGap] = {}
        closed: dict[tuple[GapCause, datetime], int] = {}
        through = start_of(DAY)
        for now in instants:
            since = min([through, *(one.began_at for one in known.values())])
            changes = decide_gap_changes(
                duty_gaps(planned, held, Span(starts=since, ends=now)),
                known.values(),
                known.keys() | closed.keys(),
                now=now,
                grace=GRACE,
            )
            for one, ended in changes.closed:
                del known[one.cause, one.began_at]
                closed[one.cause, one.began_at] = ended.minutes
            for one_gap in changes.opened:
                key = one_gap.cause, one_gap.began_at
                if one_gap.ended_at < now:
                    closed[key] = one_gap.minutes
                else:
                    known[key] = OpenGap(gap_id=uuid4(), cause=one_gap.cause, began_at=one_gap.began_at)
            through = changes.judged_through
        return closed | dict.fromkeys(known, -1)

    end = end_of(DAY) + 2 * HOUR
    often = [start_of(DAY) + timedelta(minutes=sum(steps[: nth + 1])) for nth in range(len(steps))]
    assert told([*(now for now in often if now < end), end]) == told([end])


def test_instants_of_any_zone_are_the_same_minutes() -> None:
    utc = Span(starts=datetime(2020, 2, 28, 16, tzinfo=UTC), ends=datetime(2020, 2, 29, 16, tzinfo=UTC))
    assert duty_gaps([], [utc], Span(starts=start_of(DAY), ends=end_of(DAY))) == ()
