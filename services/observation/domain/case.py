"""A person's observation, and everything that follows from what happened in it (R2.7, O1, O2, O6).

Nothing is counted up: days, last day, due, answered, late, missed and streak are derived from the anchor, the
declarations and the decisions each time they are asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.observation.domain.calendar import EVENING, ONE_DAY, WINDOWS, Calendar, Slot, WindowSpan
from shared.events.policy import Category, Measure
from shared.kernel.days import end_of, local_day
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

Ending = Literal["resume", "restart"]
"""How an interruption ends: the clock goes on, or the days start anew."""
InterruptionReason = Literal["fever", "symptoms"]


class State(StrEnum):
    """Where a case stands."""

    UNDER_OBSERVATION = "under_observation"
    MEDICAL = "medical"
    AWAITING_CLOSURE = "awaiting_closure"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """The clock stands still from `began_at` until a recorded decision ends it."""

    number: int
    began_at: datetime
    reason: InterruptionReason
    ended_at: datetime | None = None
    ended_by: Ending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch during which the clock runs; its windows belong to days after `day_zero`."""

    day_zero: date
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one observation.

    Attributes:
        measure: what was decided at the start; `measure_now` is what holds.
        anchor_date: day 0, with its basis.
        days: length of the period, from the policy in force when the case was opened.
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
    answers: Mapping[Slot, datetime] = field(default_factory=dict)
    told_missed: frozenset[Slot] = frozenset()

    @property
    def state(self) -> State:
        """Where the case stands."""
        if self.ended_at is not None:
            return State.COMPLETED
        if self.open_interruption is not None:
            return State.MEDICAL
        return State.UNDER_OBSERVATION if self.awaiting_since is None else State.AWAITING_CLOSURE

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
        day 0, the day of the decision.
        """
        found: list[Run] = []
        zero, start = self.anchor_date, self.opened_at
        for stop in self.interruptions:
            found.append(Run(day_zero=zero, starts_at=start, ends_at=stop.began_at))
            if stop.ended_at is None:
                return tuple(found)
            resumed = local_day(stop.ended_at)
            zero = resumed if stop.ended_by == "restart" else zero + (resumed - local_day(stop.began_at))
            start = stop.ended_at
        found.append(Run(day_zero=zero, starts_at=start, ends_at=self.ended_at))
        return tuple(found)

    @property
    def last_day(self) -> date:
        """Day n. While interrupted: as it was when the clock stopped."""
        return self.runs[-1].day_zero + timedelta(days=self.days)

    @property
    def pass_from(self) -> date:
        """The first day on which a pass may be issued if nothing else comes up."""
        return self.last_day + ONE_DAY

    def day_number(self, day: date) -> int:
        """Tell the number of a day as people count it: 0 on the anchor date, n on the last; stands still in between."""
        run, stop = self.runs[-1], self.open_interruption
        counted = min(day, local_day(stop.began_at)) if stop is not None else day
        return max(0, min((counted - run.day_zero).days, self.days))

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
            last = run.day_zero + timedelta(days=self.days)
            while day <= last:
                for window in WINDOWS:
                    span = calendar.span(day, window)
                    if span.opens < run.starts_at:
                        continue
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
