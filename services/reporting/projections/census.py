"""Who came under observation and how it ended, movement by movement (R7.4, H2).

In force at a cut-off is what was in force at the last one, and what moved between them: one movement when a case
opens, one of exactly one kind when it ends, two that cancel out when it goes from one measure to another. A movement
belongs to the moment at which it was recorded, because that is when headquarters could know of it; when it happened is
kept beside it. So a start that is entered two days late is new today, and no cut-off that is over ever changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.reporting.projections.observation_roll import CaseUnknownError
from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import census as store
from shared.bus.consumer import Received
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId, PersonRef

MovementKind = Literal["new", "moved_in", "moved_out", "released", "transferred", "closed", "merged"]
"""`moved_in`, `moved_out`: from one measure to another; `closed`: died, left the town, opened in error."""
_OPENS = (ObservationInterrupted, ObservationResumed, ObservationRestarted, ObservationAwaitsClosure)
_HAPPENED: Mapping[type[Event], str] = {
    ObservationStarted: "started_at",
    ObservationInterrupted: "interrupted_at",
    ObservationResumed: "resumed_at",
    ObservationRestarted: "restarted_at",
    ObservationMeasureChanged: "changed_at",
    ObservationCompleted: "completed_at",
    ObservationClosed: "closed_at",
}
_ENDINGS: Mapping[str, MovementKind] = {
    "transferred": "transferred",
    "merged": "merged",
    "died": "closed",
    "left_town": "closed",
    "cancelled": "closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CensusCase:
    """A case as the census knows it; `movements` so far are numbered from 1."""

    case_id: UUID
    person_ref: PersonRef
    compound: CompoundId
    measure: Measure
    open: bool
    movements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What changes how many are in force, by `delta`. `ending`: how exactly a case was closed."""

    case_id: UUID
    number: int
    compound: CompoundId
    measure: Measure
    kind: MovementKind
    delta: Literal[-1, 1]
    ending: str | None
    recorded_at: datetime
    happened_at: datetime


def fold(
    known: Mapping[UUID, CensusCase], received: Iterable[tuple[Event, datetime]]
) -> tuple[dict[UUID, CensusCase], list[Movement]]:
    """The cases that a run of events touches as they stand at its end, and every movement of the run.

    Args:
        known: the cases that were known before the run.
        received: each event with the instant at which it was recorded.

    Raises:
        CaseUnknownError: a case changes that neither is known nor starts in the run.
    """
    found: dict[UUID, CensusCase] = {}
    movements: list[Movement] = []
    for event, recorded_at in received:
        case_id: UUID = event.case_id  # type: ignore[attr-defined]  # each event of `reads` names its case
        before = found.get(case_id) or known.get(case_id)
        if before is None and not isinstance(event, ObservationStarted):
            raise CaseUnknownError
        after = _after(before, event)
        moved = list(_moved(before, after, event, recorded_at))
        movements += moved
        found[case_id] = replace(after, movements=after.movements + len(moved))
    return found, movements


def _after(before: CensusCase | None, event: Event) -> CensusCase:
    """The case after the event. A case that is over is opened again by what only happens to an open one."""
    if isinstance(event, ObservationStarted):
        return CensusCase(
            case_id=event.case_id,
            person_ref=event.person_ref,
            compound=event.compound,
            measure=event.measure,
            open=True,
            movements=before.movements if before else 0,
        )
    if before is None:
        raise CaseUnknownError
    match event:
        case ObservationCompleted() | ObservationClosed():
            after = replace(before, open=False)
        case ObservationInterrupted():
            after = replace(before, open=True, measure="medical")
        case ObservationResumed() | ObservationRestarted():
            after = replace(before, open=True, measure=event.measure)
        case ObservationMeasureChanged():
            after = replace(before, measure=event.measure)
        case _:
            after = replace(before, open=True)  # it waits for an officer
    return after


def _moved(
    before: CensusCase | None, after: CensusCase, event: Event, recorded_at: datetime
) -> Iterable[Movement]:
    """What the step from one to the other counts as."""
    happened_at = happened(event, recorded_at)
    number = after.movements

    def one(case: CensusCase, kind: MovementKind, ending: str | None = None) -> Movement:
        nonlocal number
        number += 1
        return Movement(
            case_id=case.case_id,
            number=number,
            compound=case.compound,
            measure=case.measure,
            kind=kind,
            delta=1 if kind in ("new", "moved_in") else -1,
            ending=ending,
            recorded_at=recorded_at,
            happened_at=happened_at,
        )

    was_open = before is not None and before.open
    if before is not None and was_open and not after.open:
        if isinstance(event, ObservationClosed):
            yield one(before, _ENDINGS[event.ending], event.ending)
        else:
            yield one(before, "released")
    elif not was_open and after.open:
        yield one(after, "new")
    elif (
        before is not None
        and was_open
        and (before.measure, before.compound) != (after.measure, after.compound)
    ):
        yield one(before, "moved_out")
        yield one(after, "moved_in")


def happened(event: Event, recorded_at: datetime) -> datetime:
    """When it happened, as the event says; when it was recorded where it says nothing."""
    named = _HAPPENED.get(type(event))
    at: datetime = getattr(event, named) if named else recorded_at
    return at


class Census(
    ReadModel,
    name="census",
    version=1,
    reads=(ObservationStarted, *_OPENS, ObservationMeasureChanged, ObservationCompleted, ObservationClosed),
):
    """One row a case, and one a movement that is never changed."""

    tables = ("census_case", "census_movement")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Read, fold, write; rows sorted."""
        told = list(map(_told, batch.received))
        touched = sorted({event.case_id for event, _ in told})  # type: ignore[attr-defined]  # each event of `reads` names its case
        known = {row["case_id"]: CensusCase(**dict(row)) for row in await tx.fetch(store.CASES, touched)}
        cases, movements = fold(known, told)
        rows = (values(case) for _, case in sorted(cases.items()))
        await tx.execute(store.PUT_CASES, *columns(rows, 6))
        if movements:
            await tx.execute(store.ADD_MOVEMENTS, *columns(map(values, movements), 9))


def _told(item: Received) -> tuple[Event, datetime]:
    return item.event, item.time
