"""A case's days and windows as people read them, and the figures over them (O12)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.observation.domain.attempts import REACHED, Outcome
from services.observation.domain.calendar import ONE_DAY, WINDOWS, Calendar, WindowSpan
from services.observation.domain.case import Case
from shared.kernel.days import local_day


class WindowState(StrEnum):
    """How a window stands at an instant."""

    ANSWERED = "answered"
    LATE = "late"
    """Answered after it closed."""
    MISSED = "missed"
    OPEN = "open"
    UPCOMING = "upcoming"
    NOT_DUE = "not_due"
    """Before the case was opened, on day 0, or while the clock stood still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A window with its state."""

    span: WindowSpan
    state: WindowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How many windows were due so far, and how they stand: answered + missed + open == due, always."""

    due: int
    answered: int
    late: int
    """Of the answered ones: after closing."""
    missed: int
    open: int
    streak: int
    """Closed windows in a row without an answer, up to now."""


def state_of(case: Case, span: WindowSpan, *, due: bool, now: datetime) -> WindowState:
    """Tell how a window stands."""
    if not due:
        return WindowState.NOT_DUE
    if case.answered_by(span.slot, span.closes):
        return WindowState.ANSWERED
    if span.slot in case.answers:
        return WindowState.LATE
    if now >= span.closes:
        return WindowState.MISSED
    return WindowState.OPEN if now >= span.opens else WindowState.UPCOMING


def outcome_of(cell: Cell, tried: Sequence[Outcome], *, alarming: bool) -> Outcome | None:
    """Tell which of the five outcomes a window came to; None while it is open or still to come.

    What was declared decides. Where nothing was, the last call or visit in vain does; whoever was reached and did not
    declare was not asked to.

    Args:
        cell: the window.
        tried: what calls and visits came to that belong to it, oldest first.
        alarming: something that was declared for it is.
    """
    if cell.state in {WindowState.ANSWERED, WindowState.LATE}:
        return Outcome.SYMPTOMATIC if alarming else Outcome.NO_SYMPTOMS
    if cell.state is not WindowState.MISSED:
        return None
    in_vain = [one for one in tried if one not in REACHED and one is not Outcome.NOT_PERFORMED]
    return in_vain[-1] if in_vain else Outcome.NOT_PERFORMED


def grid_of(case: Case, calendar: Calendar, *, now: datetime) -> tuple[Cell, ...]:
    """Tell every window from day 0 to the last day, in order, days of an interruption included."""
    due = {span.slot for span in case.due_windows(calendar)}
    stop = case.open_interruption
    last = case.last_day if stop is None else max(case.last_day, local_day(now))
    cells: list[Cell] = []
    day = min(case.anchor_date, case.day_zero)  # corrected to an earlier one
    while day <= last:
        for window in WINDOWS:
            span = calendar.span(day, window)
            cells.append(Cell(span=span, state=state_of(case, span, due=span.slot in due, now=now)))
        day += ONE_DAY
    return tuple(cells)


def cells_of_day(case: Case, calendar: Calendar, day: date, *, now: datetime) -> tuple[Cell, ...]:
    """Tell the windows of one day."""
    due = {span.slot for span in case.due_windows(calendar, since=day)}
    spans = [calendar.span(day, window) for window in WINDOWS]
    return tuple(Cell(span=span, state=state_of(case, span, due=span.slot in due, now=now)) for span in spans)


def next_window(case: Case, calendar: Calendar, *, now: datetime) -> WindowSpan | None:
    """Tell the window that is open and unanswered, or else the next one to open; None when none is left."""
    for span in case.due_windows(calendar, since=local_day(now) - ONE_DAY):
        if span.closes > now and span.slot not in case.answers:
            return span
    return None


def figures_of(cells: Sequence[Cell]) -> Figures:
    """Count the cells."""
    count = Counter(cell.state for cell in cells)
    answered = count[WindowState.ANSWERED] + count[WindowState.LATE]
    missed, still_open = count[WindowState.MISSED], count[WindowState.OPEN]
    streak = 0
    for cell in reversed(cells):
        if cell.state is WindowState.MISSED:
            streak += 1
        elif cell.state in {WindowState.ANSWERED, WindowState.LATE}:
            break
    return Figures(
        due=answered + missed + still_open,
        answered=answered,
        late=count[WindowState.LATE],
        missed=missed,
        open=still_open,
        streak=streak,
    )
