"""Who is under which measure."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.gate.projections.folds import all_held, columns
from services.gate.store import copies
from shared.bus.consumer import Received
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.observation import (
    FeverCleared,
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy_observation import Measure
from shared.events.registry.passes import HoldSettled


@dataclass(slots=True, kw_only=True)
class _Case:
    """What a batch says of one case; `started` is None where the beginning came in an earlier batch.

    `interrupted`: in medical hands, or not; None where the batch does not say.
    """

    started: ObservationStarted | None = None
    measure: Measure | None = None
    interrupted: bool | None = None
    active: bool = True
    version: int = 0


class Cases(
    Projection,
    name="gate.cases",
    version=1,
    reads=(
        ObservationStarted,
        ObservationInterrupted,
        ObservationResumed,
        ObservationAwaitsClosure,
        ObservationCompleted,
        ObservationRestarted,
        ObservationMeasureChanged,
        ObservationRescheduled,
        ObservationClosed,
        FeverCleared,
        HoldSettled,
    ),
):
    """Who is under which measure. Someone who awaits closure is still under it.

    A fever clinic's clearance ends gate's own hold, also of somebody who has no case, and so does a decision of the
    registry that lets the passes admit again; a case that merely ended
    (transferred, cancelled) does not: the fever stands until somebody has looked at it.
    """

    tables = ("restriction",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last state of each case; decisions about a person also end gate's own earlier hold."""
        cases: dict[UUID, _Case] = {}
        decided: dict[UUID, datetime] = {}
        for item in batch.received:
            _fold_case(cases, decided, item)
        begun = [
            (
                case_id,
                start.person_ref,
                start.compound,
                case.measure,
                bool(case.interrupted),
                case.active,
                start.started_at,
                case.version,
            )
            for case_id, case in cases.items()
            if (start := case.started) is not None
        ]
        going = {case_id: case for case_id, case in cases.items() if case.started is None}
        if begun:
            await tx.execute(copies.KEEP_CASES, *columns(begun, 8))
        if going:
            await all_held(tx, copies.CASES_HELD, going, "case")
            rows = (
                (case_id, case.measure, case.interrupted, case.active, case.version)
                for case_id, case in going.items()
            )
            await tx.execute(copies.TURN_CASES, *columns(rows, 5))
        if decided:
            await tx.execute(copies.END_HOLDS, *columns(decided.items(), 2))


def _fold_case(cases: dict[UUID, _Case], decided: dict[UUID, datetime], item: Received) -> None:
    match item.event:
        case ObservationStarted() as event:
            cases[event.case_id] = _Case(started=event, measure=event.measure, interrupted=False)
        case (
            ObservationInterrupted()
            | ObservationResumed()
            | ObservationRestarted()
            | ObservationMeasureChanged() as event
        ):
            _fold_measure(cases.setdefault(event.case_id, _Case()), event)
            if isinstance(event, ObservationResumed):
                decided[event.person_ref] = event.resumed_at
        case ObservationAwaitsClosure() | ObservationRescheduled() as event:
            cases.setdefault(event.case_id, _Case())
        case ObservationCompleted() as event:
            cases.setdefault(event.case_id, _Case()).active = False
            decided[event.person_ref] = event.completed_at
        case ObservationClosed() as event:
            cases.setdefault(event.case_id, _Case()).active = False
        case FeverCleared() as event:
            decided[event.person_ref] = event.cleared_at
            return
        case HoldSettled() as event:
            if event.kind == "fever":
                decided[event.person_ref] = event.settled_at
            return
        case _:
            return
    cases[event.case_id].version = item.version


def _fold_measure(
    case: _Case,
    event: ObservationInterrupted | ObservationResumed | ObservationRestarted | ObservationMeasureChanged,
) -> None:
    """In medical hands a measure that is changed waits: the resumption names it again."""
    match event:
        case ObservationInterrupted():
            case.measure, case.interrupted = "medical", True
        case ObservationResumed() | ObservationRestarted():
            case.measure, case.interrupted = event.measure, False
        case ObservationMeasureChanged():
            if not case.interrupted:
                case.measure = event.measure
        case _:
            assert_never(event)
