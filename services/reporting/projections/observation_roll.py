"""Who is under observation: person x day x window, with pseudonyms and without a single health answer (R2.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import observation_roll as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.observation import (
    DeclarationMissed,
    DeclarationSubmitted,
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
    WindowName,
)
from shared.events.policy_observation import Category, Measure
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef

CaseState = Literal["active", "interrupted", "awaiting_closure", "completed", "closed"]
WindowState = Literal["missed", "late", "submitted"]
SeenState = Literal["missed", "late", "submitted", "void"]
"""How a window is shown: `void` was told as missed, and a corrected day 0 leaves it outside the period (O3)."""
_WEIGHT: dict[WindowState, int] = {"missed": 0, "late": 1, "submitted": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands. `measure` is the one in force: `medical` while it is interrupted."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    dwelling_id: DwellingId
    grid: GridId
    category: Category
    measure: Measure
    state: CaseState
    anchor_date: date
    last_day: date
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowKey:
    """A window of a day of a case."""

    case_id: UUID
    day: date
    part: WindowName


class CaseUnknownError(Exception):
    """An event about a case that never started: the channel is broken, this is for a person to look at."""


def fold_cases(known: Mapping[UUID, Case], events: Iterable[Event]) -> dict[UUID, Case]:
    """The cases that a run of events touches, as they stand at its end.

    Raises:
        CaseUnknownError: a case changes that neither is known nor starts in the run.
    """
    found: dict[UUID, Case] = {}
    for event in events:
        if isinstance(event, ObservationStarted):
            found[event.case_id] = _started(event)
            continue
        change = _change(event)
        if change is None:
            continue
        case_id: UUID = event.case_id  # type: ignore[attr-defined]  # each event that changes a case names it
        case = found.get(case_id) or known.get(case_id)
        if case is None:
            raise CaseUnknownError
        if isinstance(event, ObservationRescheduled) and case.state == "awaiting_closure":
            change["state"] = "active"  # there are days left again
        if "state" in change:
            change = {"ended_at": None} | change
        found[case_id] = replace(case, **change)  # type: ignore[arg-type]  # fields of Case, above
    return found


def _change(event: Event) -> dict[str, object] | None:
    """What an event changes in its case; None when it is about something else."""
    change: dict[str, object] | None
    match event:
        case ObservationInterrupted():
            change = {"state": "interrupted", "measure": "medical"}
        case ObservationResumed():
            change = {"state": "active", "measure": event.measure, "last_day": event.last_day}
        case ObservationRestarted():
            change = {
                "category": event.category,
                "measure": event.measure,
                "anchor_date": event.anchor_date,
                "last_day": event.last_day,
                "state": "interrupted" if event.measure == "medical" else "active",
            }
        case ObservationRescheduled():
            change = {"anchor_date": event.anchor_date, "last_day": event.last_day}
        case ObservationMeasureChanged():
            change = {"category": event.category, "measure": event.measure}
        case ObservationClosed():
            change = {"state": "closed", "ended_at": event.closed_at}
        case ObservationAwaitsClosure():
            change = {"state": "awaiting_closure", "last_day": event.last_day}
        case ObservationCompleted():
            change = {
                "state": "completed",
                "last_day": event.last_day,
                "ended_at": event.completed_at,
            }
        case _:
            change = None
    return change


def fold_windows(events: Iterable[Event]) -> dict[WindowKey, tuple[WindowState, datetime | None]]:
    """What each window of the run came to: declared in time outweighs late, late outweighs missed."""
    found: dict[WindowKey, tuple[WindowState, datetime | None]] = {}
    for event in events:
        match event:
            case DeclarationSubmitted():
                said: tuple[WindowState, datetime | None] = (
                    "late" if event.late else "submitted",
                    event.submitted_at,
                )
            case DeclarationMissed():
                said = "missed", None
            case _:
                continue
        key = WindowKey(case_id=event.case_id, day=event.day, part=event.window)
        if key not in found or _WEIGHT[found[key][0]] < _WEIGHT[said[0]]:
            found[key] = said
    return found


def fold_streaks(events: Iterable[Event]) -> dict[UUID, int]:
    """Windows missed in a row, per case, at the end of the run; any declaration ends a streak."""
    found: dict[UUID, int] = {}
    for event in events:
        match event:
            case DeclarationSubmitted():
                found[event.case_id] = 0
            case DeclarationMissed():
                found[event.case_id] = event.streak
    return found


def fold_voids(events: Iterable[Event]) -> dict[UUID, frozenset[WindowKey]]:
    """Per case whose day 0 was corrected: all windows that were told as missed and belong to it no longer."""
    return {
        event.case_id: frozenset(
            WindowKey(case_id=event.case_id, day=void.day, part=void.window) for void in event.void_windows
        )
        for event in events
        if isinstance(event, ObservationRescheduled) and event.void_windows is not None
    }


def _started(event: ObservationStarted) -> Case:
    return Case(
        case_id=event.case_id,
        person_ref=event.person_ref,
        compound=event.compound,
        dwelling_id=event.dwelling_id,
        grid=event.grid,
        category=event.category,
        measure=event.measure,
        state="active",
        anchor_date=event.anchor_date,
        last_day=event.last_day,
        started_at=event.started_at,
        ended_at=None,
    )


class ObservationRoll(
    ReadModel,
    name="observation_roll",
    version=1,
    reads=(
        ObservationStarted,
        ObservationInterrupted,
        ObservationResumed,
        ObservationAwaitsClosure,
        ObservationCompleted,
        ObservationMeasureChanged,
        ObservationRescheduled,
        ObservationRestarted,
        ObservationClosed,
        DeclarationSubmitted,
        DeclarationMissed,
    ),
):
    """Cases come from one channel and declarations from another; they never write the same row."""

    tables = ("declaration_streak", "declaration_void", "declaration_window", "observation_case")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Cases: read, fold, write. Windows and streaks: one statement each."""
        events = [item.event for item in batch.received]
        touched = [e.case_id for e in events if not isinstance(e, DeclarationSubmitted | DeclarationMissed)]  # type: ignore[attr-defined]  # each event of `reads` names its case
        if touched:
            known = {row["case_id"]: Case(**dict(row)) for row in await tx.fetch(store.CASES, touched)}
            cases = fold_cases(known, events).values()
            await tx.execute(store.PUT_CASES, *columns(map(values, cases), 12))
        if voids := fold_voids(events):
            await tx.execute(store.FORGET_VOID, list(voids))
            rows = (values(window) for windows in voids.values() for window in windows)
            await tx.execute(store.PUT_VOID, *columns(rows, 3))
        if windows := fold_windows(events):
            said = ((key.case_id, key.day, key.part, *told) for key, told in windows.items())
            await tx.execute(store.PUT_WINDOWS, *columns(said, 5))
        if streaks := fold_streaks(events):
            await tx.execute(store.PUT_STREAKS, list(streaks), list(streaks.values()))
