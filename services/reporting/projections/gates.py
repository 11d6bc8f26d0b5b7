"""Checkpoint devices as they last said they are: which gates are away (H4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import gates as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.gate import DeviceEnrolled, DeviceRevoked, DeviceSeen
from shared.kernel.ids import CheckpointId, CompoundId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A device; without `seen_at` for what the run says nothing of."""

    compound: CompoundId
    checkpoint: CheckpointId
    seen_at: datetime | None = None
    queue_length: int | None = None
    oldest_queued_at: datetime | None = None
    list_made_at: datetime | None = None
    clock_skew_seconds: int | None = None
    revoked: bool = False


def fold(events: Iterable[Event]) -> dict[UUID, DeviceRow]:
    """What a run says of each device: its last word about itself, and whether it was stopped."""
    rows: dict[UUID, DeviceRow] = {}
    for event in events:
        match event:
            case DeviceEnrolled():
                rows.setdefault(
                    event.device_id, DeviceRow(compound=event.compound, checkpoint=event.checkpoint)
                )
            case DeviceSeen():
                before = rows.get(event.device_id)
                rows[event.device_id] = DeviceRow(
                    compound=event.compound,
                    checkpoint=event.checkpoint,
                    seen_at=event.seen_at,
                    queue_length=event.queue_length,
                    oldest_queued_at=event.oldest_queued_at,
                    list_made_at=event.list_made_at,
                    clock_skew_seconds=event.clock_skew_seconds,
                    revoked=before is not None and before.revoked,
                )
            case DeviceRevoked():
                known = rows.get(
                    event.device_id, DeviceRow(compound=event.compound, checkpoint=event.checkpoint)
                )
                rows[event.device_id] = replace(known, revoked=True)
    return rows


class Gates(ReadModel, name="gates", version=1, reads=(DeviceEnrolled, DeviceSeen, DeviceRevoked)):
    """A gate is online while one of its devices has said something lately; how lately is policy."""

    tables = ("gate_device",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement."""
        rows: list[tuple[object, ...]] = [
            (
                device_id,
                row.compound,
                row.checkpoint,
                row.seen_at,
                row.queue_length,
                row.oldest_queued_at,
                row.list_made_at,
                row.clock_skew_seconds,
                row.revoked,
            )
            for device_id, row in fold(item.event for item in batch.received).items()
        ]
        if rows:
            await tx.execute(store.PUT_DEVICES, *columns(rows, 9))
