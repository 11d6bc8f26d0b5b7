"""Whom gates reported and what became of them, by pseudonym: a loop is closed when there is an outcome (R2.5)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import report_loops as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.gate import (
    CaseContactReported,
    FeverSeen,
    FeverWithdrawn,
    FirstReturnSeen,
    FocusAreaPersonReported,
)
from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationClosed,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy_supervision import Reported
from shared.events.registry.passes import HoldSettled
from shared.events.registry.returnees import IntakeTaskSettled, ReturneeRegistered
from shared.kernel.ids import CheckpointId, CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """Somebody whom a gate reported; without a person while nobody knows who it is."""

    person_ref: UUID | None
    compound: CompoundId
    checkpoint: CheckpointId
    reported_at: datetime


@dataclass(slots=True, kw_only=True)
class Loops:
    """What a run of events says: who was reported, which fevers were mistyped, who has an outcome by what and when.

    `settled`: when it was found out by the report what became of somebody, whether or not the gate knew them.
    """

    reports: dict[tuple[UUID, Reported], ReportRow] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    settled: dict[UUID, datetime] = field(default_factory=dict)
    answers: set[tuple[UUID, str, datetime]] = field(default_factory=set)


def fold(events: Iterable[Event]) -> Loops:
    """The run's reports and answers."""
    found = Loops()
    for event in events:
        match event:
            case FeverSeen():
                found.reports[event.check_id, "fever"] = _report(event)
            case FocusAreaPersonReported():
                found.reports[event.check_id, "focus_person"] = _report(event)
            case FirstReturnSeen():
                found.reports[event.check_id, "first_return"] = _report(event)
            case CaseContactReported():
                found.reports[event.check_id, "case_contact"] = _report(event)
            case FeverWithdrawn():
                found.withdrawn.add(event.corrects)
            case IntakeTaskSettled():
                for check_id in event.checks:
                    found.settled.setdefault(check_id, event.settled_at)
            case HoldSettled() if event.kind != "fever":
                pass
            case _:
                found.answers.add(_answer(event))
    return found


def _report(
    event: FeverSeen | FocusAreaPersonReported | FirstReturnSeen | CaseContactReported,
) -> ReportRow:
    return ReportRow(
        person_ref=event.person_ref,
        compound=event.compound,
        checkpoint=event.checkpoint,
        reported_at=event.checked_at,
    )


def _answer(event: Event) -> tuple[UUID, str, datetime]:
    """Each word for an outcome comes from one channel only."""
    match event:
        case ReturneeRegistered():
            said = event.person_ref, "intake", event.registered_at
        case ObservationStarted():
            said = event.person_ref, "started", event.started_at
        case ObservationRestarted():
            said = event.person_ref, "restarted", event.restarted_at
        case ObservationResumed():
            said = event.person_ref, "resumed", event.resumed_at
        case ObservationClosed():
            said = event.person_ref, "closed", event.closed_at
        case FeverCleared():
            said = event.person_ref, "cleared", event.cleared_at
        case HoldSettled():
            said = event.person_ref, "settled", event.settled_at
        case CaseConfirmed():
            said = event.person_ref, "confirmed", event.confirmed_at
        case _:
            raise TypeError(f"{event.event_name} is no outcome")
    return said


class ReportLoops(
    ReadModel,
    name="report_loops",
    version=1,
    reads=(
        FeverSeen,
        FeverWithdrawn,
        FocusAreaPersonReported,
        FirstReturnSeen,
        CaseContactReported,
        ReturneeRegistered,
        IntakeTaskSettled,
        ObservationStarted,
        ObservationRestarted,
        ObservationResumed,
        ObservationClosed,
        FeverCleared,
        HoldSettled,
        CaseConfirmed,
    ),
):
    """Reports come from one channel and outcomes from others: they meet when somebody reads."""

    tables = ("gate_report", "report_answer", "report_settled")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Four statements at most; rows sorted."""
        found = fold(item.event for item in batch.received)
        if found.reports:
            rows: list[tuple[object, ...]] = [
                (check_id, kind, row.person_ref, row.compound, row.checkpoint, row.reported_at)
                for (check_id, kind), row in found.reports.items()
            ]
            await tx.execute(store.ADD_REPORTS, *columns(rows, 6))
        if found.withdrawn:
            await tx.execute(store.WITHDRAW_FEVERS, sorted(found.withdrawn))
        if found.settled:
            await tx.execute(store.ADD_SETTLED, *columns(sorted(found.settled.items()), 2))
        if found.answers:
            await tx.execute(store.ADD_ANSWERS, *columns(sorted(found.answers), 3))
