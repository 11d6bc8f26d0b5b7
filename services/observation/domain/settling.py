"""What has fallen due by now? Derived from state, so a service that was down catches up in order (O4, O5, O12)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from services.observation.domain.calendar import ONE_DAY, Calendar
from services.observation.domain.case import Case, State
from shared.events.observation import (
    DeclarationMissed,
    ObservationAwaitsClosure,
    ObservationCompleted,
    WindowName,
)
from shared.kernel.days import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMissed:
    """A due window closed empty; `streak` windows in a row, this one included, were without an answer then."""

    day: date
    window: WindowName
    closed_at: datetime
    streak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCompleted:
    """24:00 of the last day with everything in."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAwaited:
    """24:00 of the last day with something open."""

    at: datetime


Fact = WindowMissed | PeriodCompleted | ClosureAwaited


def decide_settling(case: Case, calendar: Calendar, *, until: datetime) -> tuple[Case, tuple[Fact, ...]]:
    """Tell what fell due up to an instant and was not acted on yet, in order, and the case after it.

    A window is missed when it closes without an answer, also if a late one came before anybody looked: the outcome
    does not depend on when this is asked. The period completes at 24:00 of its last day if the last evening's
    declaration is in; otherwise an officer decides.
    """
    facts: list[Fact] = []
    if until > case.settled_through:
        for span in case.due_windows(calendar, since=local_day(case.settled_through) - ONE_DAY):
            if span.opens > until:
                break
            if span.slot in case.told_missed or not case.settled_through < span.closes <= until:
                continue
            if not case.answered_by(span.slot, span.closes):
                streak = case.streak_at(span, calendar)
                facts.append(
                    WindowMissed(day=span.day, window=span.window, closed_at=span.closes, streak=streak)
                )
    ended_at, awaiting_since = case.ended_at, case.awaiting_since
    if case.state is State.UNDER_OBSERVATION and case.period_ends <= until:
        at = max([case.period_ends, *(change.at for change in case.reschedulings)])  # corrected into the past
        if case.answered_by(case.last_slot, case.period_ends):
            facts.append(PeriodCompleted(at=at))
            ended_at = at
        else:
            facts.append(ClosureAwaited(at=at))
            awaiting_since = at
    after = replace(
        case,
        settled_through=max(case.settled_through, until),
        ended_at=ended_at,
        awaiting_since=awaiting_since,
        version=case.version + len(facts),
    )
    return after, tuple(facts)


def next_step(case: Case, calendar: Calendar) -> datetime | None:
    """Tell the first instant at which something may fall due; None when only people can move the case."""
    steps = [case.period_ends] if case.state is State.UNDER_OBSERVATION else []
    for span in case.due_windows(calendar, since=local_day(case.settled_through) - ONE_DAY):
        if span.closes > case.settled_through and not case.answered_by(span.slot, span.closes):
            steps.append(span.closes)
            break
    return min(steps, default=None)


def event_of(case: Case, fact: Fact) -> DeclarationMissed | ObservationCompleted | ObservationAwaitsClosure:
    """Tell the world."""
    match fact:
        case WindowMissed():
            return DeclarationMissed(
                case_id=case.case_id,
                person_ref=case.person_ref,
                compound=case.compound,
                day=fact.day,
                window=fact.window,
                streak=fact.streak,
            )
        case PeriodCompleted():
            return ObservationCompleted(
                case_id=case.case_id,
                person_ref=case.person_ref,
                compound=case.compound,
                last_day=case.last_day,
                pass_from=case.pass_from,
                completed_at=fact.at,
            )
        case ClosureAwaited():
            return ObservationAwaitsClosure(
                case_id=case.case_id,
                person_ref=case.person_ref,
                compound=case.compound,
                last_day=case.last_day,
            )
        case _:
            assert_never(fact)
