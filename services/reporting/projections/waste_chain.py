"""Isolation waste: what is to be fetched, what was handed over, what was missed; and mask bins (R5.2, S4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import waste_chain as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.sanitation import (
    MaskBinEmptied,
    WastePickupDone,
    WastePickupDue,
    WastePickupMissed,
    WastePickupWithdrawn,
)
from shared.kernel.ids import CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupChange:
    """What a run of events says of a pickup at its end. `due_at`, `bags`: None where it says nothing.

    `missed`: the finding that stands; another hour that is agreed, or a hand-over, deals with it.
    """

    compound: CompoundId
    day: date
    state: str
    due_at: datetime | None = None
    bags: int | None = None
    missed: str | None = None


def fold(events: Iterable[Event]) -> dict[UUID, PickupChange]:
    """What the run says of each pickup, at its end."""
    found: dict[UUID, PickupChange] = {}
    for event in events:
        match event:
            case WastePickupDue() | WastePickupMissed() | WastePickupDone() | WastePickupWithdrawn():
                before = found.get(event.pickup_id) or PickupChange(
                    compound=event.compound, day=event.day, state="due"
                )
                found[event.pickup_id] = _changed(before, event)
    return found


def _changed(
    before: PickupChange,
    event: WastePickupDue | WastePickupMissed | WastePickupDone | WastePickupWithdrawn,
) -> PickupChange:
    match event:
        case WastePickupDue():
            return replace(before, state="due", due_at=event.due_at, missed=None)
        case WastePickupMissed():
            return replace(before, state="missed", missed=event.reason)
        case WastePickupDone():
            return replace(before, state="done", bags=event.bags, missed=None)
        case WastePickupWithdrawn():
            return replace(before, state="withdrawn", missed=None)


class WasteChain(
    ReadModel,
    name="waste_chain",
    version=1,
    reads=(WastePickupDue, WastePickupMissed, WastePickupDone, WastePickupWithdrawn, MaskBinEmptied),
):
    """One row a pickup, and one a mask bin with its newest collection."""

    tables = ("waste_pickup", "mask_bin")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Two statements at most; rows sorted."""
        if changes := fold(item.event for item in batch.received):
            rows = [
                (key, one.compound, one.day, one.state, one.due_at, one.bags, one.missed)
                for key, one in sorted(changes.items())
            ]
            await tx.execute(store.PUT_PICKUPS, *columns(rows, 7))
        newest: dict[UUID, MaskBinEmptied] = {}
        for event in batch.of(MaskBinEmptied):
            if event.site_id not in newest or newest[event.site_id].emptied_at < event.emptied_at:
                newest[event.site_id] = event
        if newest:
            bins = [(key, one.compound, one.emptied_at) for key, one in sorted(newest.items())]
            await tx.execute(store.PUT_BINS, *columns(bins, 3))
