"""Is the post manned, minute by minute? Pure: planned shifts, turns held and the time are handed in (R2.2, G15).

A post is to be manned all day and night. A minute counts as covered when somebody was there in any part of it; every
other minute is a gap of one of two causes: somebody was planned and did not check in, or nobody was planned. Overlap
is no gap. All spans are of instants, so midnight, month ends and 29 February need no case of their own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from shared.kernel.days import Span

MINUTE = timedelta(minutes=1)
MINUTES_OF_A_DAY = 1440
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class GapCause(StrEnum):
    """Why nobody stood at the post."""

    NOT_PLANNED = "not_planned"
    NOT_CHECKED_IN = "not_checked_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Minutes without anybody, of one cause. `ended_at` does not belong to it."""

    cause: GapCause
    began_at: datetime
    ended_at: datetime

    @property
    def minutes(self) -> int:
        """How long it lasted."""
        return (self.ended_at - self.began_at) // MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGap:
    """A gap that was told and has not been told to be over."""

    gap_id: UUID
    cause: GapCause
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapChanges:
    """What is to be told now.

    Attributes:
        opened: gaps that nobody was told of; those that end before `now` are over already.
        closed: gaps that are over, each with how long it was.
        now: the minute up to which was judged; a gap that ends there goes on.
        over: no gap goes on beyond that.
        judged_through: from where to look the next time; who may still be late is looked at from the beginning.
    """

    opened: tuple[Gap, ...]
    closed: tuple[tuple[OpenGap, Gap], ...]
    now: datetime
    over: bool
    judged_through: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a stretch of time somebody was there. The minutes of all gaps and `covered` add up to `minutes`."""

    minutes: int
    gaps: tuple[Gap, ...]

    @property
    def covered(self) -> int:
        """Minutes in which somebody was there."""
        return self.minutes - sum(gap.minutes for gap in self.gaps)


def minute_of(instant: datetime) -> datetime:
    """The beginning of the minute in which an instant lies."""
    return instant - (instant - _BEGINNING) % MINUTE


def held_until(
    *, started_at: datetime, ended_at: datetime | None, planned_until: datetime | None, unplanned: timedelta
) -> datetime:
    """Until when a turn counts: its check-out, else the end of its plan, else `unplanned` after its start.

    Nobody who forgets to check out mans a post for ever; who stays longer and then checks out did stay.
    """
    if ended_at is not None:
        return ended_at
    return max(started_at, planned_until) if planned_until is not None else started_at + unplanned


def duty_gaps(planned: Iterable[Span], held: Iterable[Span], within: Span) -> tuple[Gap, ...]:
    """Every gap inside `within`, in order; where the cause changes one gap ends and the next begins."""
    start, end = minute_of(within.starts), minute_of(within.ends)
    there = _joined(held, start, end)
    wanted = _joined(planned, start, end)
    cuts = sorted({start, end, *(edge for span in (*there, *wanted) for edge in (span.starts, span.ends))})
    gaps: list[Gap] = []
    for left, right in pairwise(cuts):
        if _inside(left, there):
            continue
        cause = GapCause.NOT_CHECKED_IN if _inside(left, wanted) else GapCause.NOT_PLANNED
        if gaps and gaps[-1].ended_at == left and gaps[-1].cause is cause:
            gaps[-1] = Gap(cause=cause, began_at=gaps[-1].began_at, ended_at=right)
        else:
            gaps.append(Gap(cause=cause, began_at=left, ended_at=right))
    return tuple(gaps)


def manned(held: Iterable[Span], at: datetime) -> bool:
    """Is somebody there in the minute that begins with, or holds, `at`?"""
    start = minute_of(at)
    return any(minute_of(span.starts) <= start < span.ends for span in held)


def coverage(planned: Iterable[Span], held: Iterable[Span], within: Span) -> Coverage:
    """How much of `within` was covered."""
    minutes = (minute_of(within.ends) - minute_of(within.starts)) // MINUTE
    return Coverage(minutes=minutes, gaps=duty_gaps(planned, held, within))


def decide_gap_changes(
    gaps: Sequence[Gap],
    open_gaps: Collection[OpenGap],
    told: Collection[tuple[GapCause, datetime]],
    *,
    now: datetime,
    grace: timedelta,
    over: bool = False,
) -> GapChanges:
    """What has to be told, given what is true now and what was told before. Asked again, there is nothing to tell.

    Somebody who is late gets `grace` before it is told; then the gap is told from its first minute. A hole in the
    plan needs no waiting. News that comes late (an offline check-in, a later check-out) takes an open gap back: it is
    closed with the minutes that remain of it, none perhaps. Gaps that are over were told as they were known; the
    day's coverage is reckoned anew from all that is known.

    Args:
        gaps: all gaps from where was looked last, or from the oldest open one, up to `now`.
        open_gaps: those told and not yet closed.
        told: cause and beginning of every gap that was told.
        now: the instant up to which is judged.
        grace: how late somebody may be.
        over: no gap goes on at `now`: somebody is there, or the post was closed.
    """
    end = minute_of(now)
    true_gaps = {(gap.cause, gap.began_at): gap for gap in gaps}
    closed: list[tuple[OpenGap, Gap]] = []
    for known in sorted(open_gaps, key=lambda one: one.began_at):
        gap = true_gaps.get((known.cause, known.began_at)) or Gap(
            cause=known.cause, began_at=known.began_at, ended_at=known.began_at
        )
        if over or gap.ended_at < end:
            closed.append((known, gap))
    untold = [gap for gap in gaps if (gap.cause, gap.began_at) not in told]
    opened = [
        gap for gap in untold if gap.cause is GapCause.NOT_PLANNED or gap.ended_at - gap.began_at >= grace
    ]
    waiting = [gap.began_at for gap in untold if gap.ended_at == end and gap not in opened]
    return GapChanges(
        opened=tuple(opened),
        closed=tuple(closed),
        now=end,
        over=over,
        judged_through=end if over else min([end, *waiting]),
    )


def _joined(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Whole minutes within `start` and `end`, overlapping and touching spans made one, in order."""
    joined: list[Span] = []
    cut = (
        Span(starts=max(start, minute_of(span.starts)), ends=min(end, _whole(span.ends)))
        for span in spans
        if span.starts < span.ends
    )
    for span in sorted((one for one in cut if one.starts < one.ends), key=lambda one: one.starts):
        if joined and span.starts <= joined[-1].ends:
            joined[-1] = Span(starts=joined[-1].starts, ends=max(joined[-1].ends, span.ends))
        else:
            joined.append(span)
    return joined


def _whole(instant: datetime) -> datetime:
    """The end of the minute into which a span reaches."""
    start = minute_of(instant)
    return start if start == instant else start + MINUTE


def _inside(instant: datetime, spans: Sequence[Span]) -> bool:
    return any(span.holds(instant) for span in spans)
