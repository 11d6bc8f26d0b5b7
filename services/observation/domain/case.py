"""A person's observation, and everything that follows from what happened in it (R2.7, O1 to O3, O6, O9).

Nothing is counted up: days, last day, due, answered, late, missed and streak are derived from the anchor, the
declarations and the decisions each time they are asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import reduce
from typing import Literal
from uuid import UUID

from services.observation.domain.calendar import EVENING, ONE_DAY, WINDOWS, Calendar, Slot, WindowSpan
from shared.events.policy_observation import Category, Measure
from shared.kernel.days import end_of, local_day
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

Ending = Literal["resume", "restart", "withdrawn"]
"""How an interruption ends: the clock goes on, the days start anew, or the reading was mistyped and it goes on."""
InterruptionReason = Literal["fever", "symptoms"]
ReschedulingKind = Literal["anchor_corrected", "re_exposure", "extended", "restarted"]
"""Why day 0 or the last day is another one; `restarted` is what a confirmed contact leads to (O9)."""
Closing = Literal["transferred", "died", "left_town", "cancelled", "merged"]
"""How a case ends without the full period: exactly one kind (R7.4)."""
Approver = Literal["hq_officer", "epidemic_prevention_group", "community_clerk"]
"""The role or unit that approved a measure: never a person."""
TechnicalMeans = Literal["door_sensor", "door_seal", "camera"]


class State(StrEnum):
    """Where a case stands."""

    UNDER_OBSERVATION = "under_observation"
    MEDICAL = "medical"
    AWAITING_CLOSURE = "awaiting_closure"
    COMPLETED = "completed"
    CLOSED = "closed"
    """Ended without the full period: never a release."""


OVER = frozenset({State.COMPLETED, State.CLOSED})
"""States in which nothing happens any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """The clock stands still from `began_at` until a recorded decision ends it."""

    number: int
    began_at: datetime
    reason: InterruptionReason
    ended_at: datetime | None = None
    ended_by: Ending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduling:
    """Day 0 or the last day became another one, at an instant; what was before stays derivable (O3).

    Attributes:
        day_zero: the new day 0, of a correction (then it holds for the past as well) and of a restart.
        basis: what the new day 0 rests on.
        extra_days: by how much the last day moves back, of an extension and of a re-exposure.
    """

    number: int
    kind: ReschedulingKind
    at: datetime
    day_zero: date | None = None
    basis: str | None = None
    extra_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch during which the clock runs; its windows belong to days after `day_zero`, up to `last_day`.

    A run that was `handed_over` is followed without a gap by one that `continues` it: the window that was open then
    belongs to the later one, unless it had opened before the clock last began to run, at `unbroken_since`.
    """

    day_zero: date
    last_day: date
    starts_at: datetime
    ends_at: datetime | None
    unbroken_since: datetime
    continues: bool = False
    handed_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one observation.

    Attributes:
        measure: what was decided last; `measure_now` is what holds.
        anchor_date: day 0 as it was at the opening, with its basis; `day_zero` is the one in force.
        days: length of the period, from the policy in force when the case was opened.
        reschedulings: what moved day 0 or the last day since, in order.
        origin_code: where a returnee has been (GB/T 2260).
        closed_as: how the case ended, where that was no release.
        answers: window -> when its first declaration that counts was received.
        told_missed: windows of which it was told already that they closed empty.
        settled_through: up to here what fell due has been acted on; the case's own time never runs backwards.
    """

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId
    category: Category
    measure: Measure
    anchor_date: date
    anchor_basis: str
    days: int
    policy_version: int
    opened_at: datetime
    settled_through: datetime
    version: int
    awaiting_since: datetime | None = None
    ended_at: datetime | None = None
    interruptions: tuple[Interruption, ...] = ()
    reschedulings: tuple[Rescheduling, ...] = ()
    closed_as: Closing | None = None
    origin_code: str | None = None
    answers: Mapping[Slot, datetime] = field(default_factory=dict)
    told_missed: frozenset[Slot] = frozenset()

    @property
    def state(self) -> State:
        """Where the case stands."""
        if self.ended_at is not None:
            return State.COMPLETED if self.closed_as is None else State.CLOSED
        if self.open_interruption is not None:
            return State.MEDICAL
        return State.UNDER_OBSERVATION if self.awaiting_since is None else State.AWAITING_CLOSURE

    @property
    def is_over(self) -> bool:
        """Nothing happens in the case any more."""
        return self.ended_at is not None

    @property
    def open_interruption(self) -> Interruption | None:
        """The interruption that nobody has ended yet."""
        last = self.interruptions[-1] if self.interruptions else None
        return last if last is not None and last.ended_at is None else None

    @property
    def measure_now(self) -> Measure:
        """What holds for the person now."""
        return "medical" if self.state is State.MEDICAL else self.measure

    @property
    def runs(self) -> tuple[Run, ...]:
        """The stretches during which the clock ran, in order; the last one may still run.

        A resumed case continues with the number of the day on which it was interrupted; a restarted one has a new
        day 0. A corrected day 0 holds from the beginning, but nothing becomes due by it for the time before: what was
        day 0 then was nobody's to declare for.
        """
        return self._clock.runs

    @property
    def day_zero(self) -> date:
        """The anchor date in force, as people know it: an interruption does not change it, a restart does."""
        return _bases(self)[-1] if self._has_turns else self.anchor_date

    @property
    def basis_now(self) -> str:
        """What the day 0 in force rests on."""
        named = [change.basis for change in self.reschedulings if change.basis is not None]
        return named[-1] if named else self.anchor_basis

    @property
    def period_days(self) -> int:
        """How many days the period has now, extensions included."""
        return self.days + self._clock.extra

    @property
    def last_day(self) -> date:
        """Day n. While interrupted: as it was when the clock stopped."""
        if not self._has_turns:
            return self.anchor_date + timedelta(days=self.days)
        clock = self._clock
        return clock.zero + timedelta(days=self.days + clock.extra)

    @property
    def _has_turns(self) -> bool:
        return bool(self.interruptions or self.reschedulings)

    @property
    def _clock(self) -> "_Clock":
        if not self._has_turns:  # almost every case, asked several times at each close
            clock = _Clock(zero=self.anchor_date, known=self.anchor_date)
            clock.close(self.opened_at, self.ended_at, self.days, handed_over=False)
            return clock
        bases = iter(_bases(self))
        clock = _Clock(zero=next(bases), known=self.anchor_date)
        start: datetime | None = self.opened_at
        for turn in _turns(self):
            if start is not None:
                clock.close(start, turn.at, self.days, handed_over=turn.change is not None)
            change = turn.change
            if change is not None:
                start = None if start is None else turn.at
                clock.turn(change, next(bases) if change.kind == "restarted" else None)
            elif turn.goes_on is None:
                start = None
            else:
                start = turn.at
                clock.go_on(turn.goes_on, next(bases) if turn.goes_on.ended_by == "restart" else None)
        if start is not None:
            clock.close(start, self.ended_at, self.days, handed_over=False)
        return clock

    @property
    def pass_from(self) -> date:
        """The first day on which a pass may be issued if nothing else comes up."""
        return self.last_day + ONE_DAY

    def day_number(self, day: date) -> int:
        """Tell the number of a day as people count it: 0 on the anchor date, n on the last; stands still in between."""
        clock, stop = self._clock, self.open_interruption
        counted = min(day, local_day(stop.began_at)) if stop is not None else day
        return max(0, min((counted - clock.zero).days, self.days + clock.extra))

    def due_windows(self, calendar: Calendar, *, since: date | None = None) -> Iterator[WindowSpan]:
        """Tell every window that is due from first to last, future ones included, in order.

        A window is due when the clock runs at its opening, on a day after day 0. When the clock stops while a window
        is open, it stays due only if it was answered: nobody misses a window in a hospital.

        Args:
            calendar: the rules by day.
            since: leave out the days before this one.
        """
        for run in self.runs:
            day = max(run.day_zero + ONE_DAY, local_day(run.starts_at), since or date.min)
            while day <= run.last_day:
                for window in WINDOWS:
                    span = calendar.span(day, window)
                    if span.opens < run.unbroken_since or (run.continues and span.closes <= run.starts_at):
                        continue
                    if run.handed_over and run.ends_at is not None and span.closes > run.ends_at:
                        break
                    if run.ends_at is not None and span.closes > run.ends_at:
                        if span.opens >= run.ends_at:
                            break
                        if span.slot not in self.answers:
                            continue
                    yield span
                day += ONE_DAY

    def answered_by(self, slot: Slot, instant: datetime) -> bool:
        """Say whether a declaration that counts for the window had been received before the instant."""
        received = self.answers.get(slot)
        return received is not None and received < instant

    def streak_at(self, closing: WindowSpan, calendar: Calendar) -> int:
        """Tell how many due windows in a row, up to this one, were without an answer when it closed."""
        before: list[WindowSpan] = []
        for span in self.due_windows(calendar):
            if span.opens > closing.opens:
                break
            before.append(span)
        streak = 0
        for span in reversed(before):
            if self.answered_by(span.slot, closing.closes):
                break
            streak += 1
        return streak

    @property
    def period_ends(self) -> datetime:
        """24:00 of the last day."""
        return end_of(self.last_day)

    @property
    def last_slot(self) -> Slot:
        """The window whose declaration completes the period."""
        return self.last_day, EVENING


def interrupted(case: Case, reason: InterruptionReason, at: datetime) -> Case:
    """Stop the clock of a case that is not over and whose clock runs."""
    stop = Interruption(
        number=len(case.interruptions) + 1, began_at=max(at, case.settled_through), reason=reason
    )
    return replace(
        case, interruptions=(*case.interruptions, stop), awaiting_since=None, version=case.version + 1
    )


@dataclass(slots=True, kw_only=True)
class _Clock:
    """The clock of a case while it is followed from the opening on.

    Attributes:
        zero: day 0 by all that is known today, moved by the interruptions so far.
        known: the same by what was known at the time.
        extra: days of extensions since the clock last began anew.
    """

    zero: date
    known: date
    extra: int = 0
    stops: list[tuple[date, date]] = field(default_factory=list)
    continues: bool = False
    found: list[Run] = field(default_factory=list)

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(self.found)

    def close(self, start: datetime, end: datetime | None, days: int, *, handed_over: bool) -> None:
        last = min(self.zero, self.known) + timedelta(days=days + self.extra)
        since = self.found[-1].unbroken_since if self.continues else start
        self.found.append(
            Run(
                unbroken_since=since,
                day_zero=max(self.zero, self.known),
                last_day=last,
                starts_at=start,
                ends_at=end,
                continues=self.continues,
                handed_over=handed_over,
            )
        )
        self.continues = handed_over

    def turn(self, change: Rescheduling, base: date | None) -> None:
        self.extra += change.extra_days
        if base is not None and change.day_zero is not None:
            self.zero, self.known, self.extra, self.stops = base, change.day_zero, 0, []
        elif change.day_zero is not None:
            self.known = reduce(_moved, self.stops, change.day_zero)

    def go_on(self, stop: Interruption, base: date | None) -> None:
        self.continues = False
        if stop.ended_at is None:
            return
        began, ended = local_day(stop.began_at), local_day(stop.ended_at)
        if base is not None:
            self.zero, self.known, self.extra, self.stops = base, ended, 0, []
        else:
            self.stops.append((began, ended))
            self.zero, self.known = _moved(self.zero, (began, ended)), _moved(self.known, (began, ended))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """An instant at which the clock stops (neither), goes on, or is set otherwise."""

    at: datetime
    goes_on: Interruption | None = None
    change: Rescheduling | None = None


def _turns(case: Case) -> list[_Turn]:
    turns: list[_Turn] = []
    for stop in case.interruptions:
        turns.append(_Turn(at=stop.began_at))
        if stop.ended_at is not None:
            turns.append(_Turn(at=stop.ended_at, goes_on=stop))
    turns += [_Turn(at=change.at, change=change) for change in case.reschedulings]
    return sorted(turns, key=lambda turn: turn.at)  # stable: a stop stays before the same stop's end


def _bases(case: Case) -> list[date]:
    """Day 0 of each stretch between restarts, as it was corrected last."""
    bases = [case.anchor_date]
    for turn in _turns(case):
        change, stop = turn.change, turn.goes_on
        if change is not None and change.day_zero is not None:
            if change.kind == "restarted":
                bases.append(change.day_zero)
            else:
                bases[-1] = change.day_zero
        elif stop is not None and stop.ended_by == "restart" and stop.ended_at is not None:
            bases.append(local_day(stop.ended_at))
    return bases


def _moved(zero: date, stop: tuple[date, date]) -> date:
    """Day 0 after the clock stood still from one day to another: the day it stopped keeps its number."""
    began, ended = stop
    return zero if zero > ended else min(zero + (ended - began), ended)
