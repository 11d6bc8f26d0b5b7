"""What inspectors found: inspections, orders to put something right, venues that stay closed (R5.3, R5.4, R7.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import inspections as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.sanitation import (
    InspectionRecorded,
    RectificationClosed,
    RectificationMended,
    RectificationOrdered,
    RectificationOverdue,
    VenueStatusChanged,
)
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """What a run of events says of an order at its end; None where it says nothing."""

    compound: CompoundId
    item: str | None = None
    source: str | None = None
    ordered_at: datetime | None = None
    due_at: datetime | None = None
    state: str | None = None
    level: int | None = None


def fold(events: Iterable[Event]) -> dict[UUID, OrderChange]:
    """What the run says of each order, at its end."""
    found: dict[UUID, OrderChange] = {}
    for event in events:
        match event:
            case RectificationOrdered():
                # Told again when it is not mended after all: under another deadline nothing has gone up yet.
                before = found.get(event.order_id)
                level = None
                if before is not None and before.due_at is not None:
                    level = before.level if before.due_at == event.due_at else 0
                found[event.order_id] = OrderChange(
                    compound=event.compound,
                    item=event.item,
                    source=event.source,
                    ordered_at=event.ordered_at,
                    due_at=event.due_at,
                    state="ordered",
                    level=level,
                )
            case RectificationMended():
                found[event.order_id] = replace(_known(found, event), state="mended")
            case RectificationOverdue():
                found[event.order_id] = replace(
                    _known(found, event), due_at=event.due_at, state="ordered", level=event.level
                )
            case RectificationClosed():
                found[event.order_id] = replace(_known(found, event), state=event.outcome)
    return found


def _known(
    found: dict[UUID, OrderChange], event: RectificationMended | RectificationOverdue | RectificationClosed
) -> OrderChange:
    return found.get(event.order_id) or OrderChange(compound=event.compound)


class Inspections(
    ReadModel,
    name="inspections",
    version=1,
    reads=(
        InspectionRecorded,
        RectificationOrdered,
        RectificationMended,
        RectificationOverdue,
        RectificationClosed,
    ),
):
    """One row an inspection, one an order as it was told last."""

    tables = ("inspection", "rectification")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Three statements at most; rows sorted."""
        seen = {event.inspection_id: event for event in batch.of(InspectionRecorded)}
        if seen:
            rows = [
                (key, local_day(one.inspected_at), one.compound, one.inspected, one.result)
                for key, one in sorted(seen.items())
            ]
            await tx.execute(store.ADD_INSPECTIONS, *columns(rows, 5))
        if changes := fold(item.event for item in batch.received):
            orders = columns([(key, *values(one)) for key, one in sorted(changes.items())], 8)
            await tx.execute(store.CHANGE_ORDERS, *orders)
            await tx.execute(store.PUT_ORDERS, *orders)


class Venues(ReadModel, name="venues", version=1, reads=(VenueStatusChanged,)):
    """One row a venue, as it was told last."""

    tables = ("venue",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        newest = {event.venue_id: event for event in batch.of(VenueStatusChanged)}
        rows = [
            (key, one.compound, one.kind, one.status, one.changed_at) for key, one in sorted(newest.items())
        ]
        await tx.execute(store.PUT_VENUES, *columns(rows, 5))
