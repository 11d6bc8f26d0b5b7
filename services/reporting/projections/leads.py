"""Leads as they stand, without a word of what was told: open, overdue and found true per compound (R6.3, R7.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import leads as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.leads import LeadAssigned, LeadClosed, LeadMerged, LeadReceived, LeadSeparated
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadChange:
    """What a run of events says of a lead; None where it says nothing. A duplicate stands under another lead."""

    compound: CompoundId
    category: str | None = None
    received_at: datetime | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None
    valid: bool | None = None
    duplicate: bool | None = None


def fold(events: Iterable[Event]) -> dict[UUID, LeadChange]:
    """What the run says of each lead, at its end."""
    found: dict[UUID, LeadChange] = {}
    for event in events:
        match event:
            case LeadReceived():
                found[event.lead_id] = LeadChange(
                    compound=event.compound,
                    category=event.category,
                    received_at=event.received_at,
                    duplicate=False,
                )
            case LeadAssigned() | LeadClosed() | LeadMerged() | LeadSeparated():
                before = found.get(event.lead_id) or LeadChange(compound=event.compound)
                found[event.lead_id] = _changed(before, event)
    return found


def _changed(before: LeadChange, event: LeadAssigned | LeadClosed | LeadMerged | LeadSeparated) -> LeadChange:
    match event:
        case LeadAssigned():
            return replace(before, category=event.category, due_at=event.due_at)
        case LeadClosed():
            return replace(before, category=event.category, closed_at=event.closed_at, valid=event.valid)
        case LeadMerged():
            return replace(before, duplicate=True)
        case LeadSeparated():
            return replace(before, duplicate=False)


class Leads(
    ReadModel,
    name="leads",
    version=1,
    reads=(LeadReceived, LeadAssigned, LeadClosed, LeadMerged, LeadSeparated),
):
    """One row a lead; a duplicate counts with the lead that stands for the fact."""

    tables = ("lead",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        rows = sorted(fold(item.event for item in batch.received).items())
        told = (
            (
                key,
                one.compound,
                one.category,
                one.received_at,
                one.due_at,
                one.closed_at,
                one.valid,
                one.duplicate,
            )
            for key, one in rows
        )
        await tx.execute(store.PUT_LEADS, *columns(told, 8))
