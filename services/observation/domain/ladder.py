"""Which steps follow on a window that closed empty, and when (observation rules, O4, O5). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.observation.domain.calendar import ONE_DAY, Slot
from services.observation.domain.case import Case, State
from shared.events.policy_observation import FollowUpRules, ObservationRules
from shared.kernel.days import at_local, local_day, local_time

Step = Literal["remind", "remind_again", "remind_last", "grid_worker", "door_visit", "headquarters"]
REMINDERS: tuple[Step, ...] = ("remind", "remind_again", "remind_last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A window that closed empty, as it was told, with the steps that fired for it."""

    slot: Slot
    closed_at: datetime
    streak: int
    fired: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDue:
    """A step and the instant from which it may fire."""

    step: Step
    due_at: datetime


def ladder(missed: Missed, rules: FollowUpRules, observation: ObservationRules) -> tuple[StepDue, ...]:
    """Tell every step of a missed window, in the order in which they fire.

    Reminders come first, then the grid worker; a visit and headquarters follow at the close of a window that was one
    of several missed in a row, as policy says. What falls into the quiet hours waits until they end.
    """
    minutes: list[tuple[int, int, Step]] = [
        (after, rung, step)
        for rung, (step, after) in enumerate(zip(REMINDERS, rules.remind_after_minutes, strict=False))
    ]
    minutes.append((rules.grid_worker_after_minutes, 3, "grid_worker"))
    if missed.streak >= observation.visit_after_missed:
        minutes.append((0, 4, "door_visit"))
    if missed.streak >= observation.headquarters_after_missed:
        minutes.append((0, 5, "headquarters"))
    steps = [
        (awake(missed.closed_at + timedelta(minutes=after), rules), after, rung, step)
        for after, rung, step in minutes
    ]
    return tuple(StepDue(step=step, due_at=due) for due, _, _, step in sorted(steps))


def steps_to_fire(
    case: Case, missed: Missed, rules: FollowUpRules, observation: ObservationRules, *, now: datetime
) -> tuple[tuple[StepDue, ...], datetime | None]:
    """Tell the steps that are due and have not fired, in order, and when to look again; None when never.

    Nothing follows once the window is answered, also late, and nothing while nobody is to be reminded: in medical
    hands, after the period, after the end.
    """
    if case.state is not State.UNDER_OBSERVATION or missed.slot in case.answers:
        return (), None
    left = [step for step in ladder(missed, rules, observation) if step.step not in missed.fired]
    due = tuple(step for step in left if step.due_at <= now)
    return due, min((step.due_at for step in left[len(due) :]), default=None)


def awake(instant: datetime, rules: FollowUpRules) -> datetime:
    """Tell the instant itself, or the end of the quiet hours into which it falls."""
    at, start, end = local_time(instant), rules.quiet_from, rules.quiet_until
    quiet = start <= at < end if start <= end else (at >= start or at < end)
    if not quiet:
        return instant
    ends = at_local(local_day(instant), end)
    return ends if ends > instant else at_local(local_day(instant) + ONE_DAY, end)
