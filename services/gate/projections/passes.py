"""Entry passes as they stand."""

from datetime import datetime
from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.projections.folds import all_held, columns
from services.gate.store import copies
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)


class Passes(
    Projection,
    name="gate.passes",
    version=1,
    reads=(EntryPassIssued, EntryPassSuspended, EntryPassReinstated, EntryPassRevoked),
):
    """Entry passes as they stand. A new print is a new EntryPassIssued with a higher serial."""

    tables = ("entry_pass",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last issue of each pass in the batch, and the last state of the others."""
        issued: dict[UUID, EntryPassIssued] = {}
        printed: dict[UUID, datetime] = {}
        turned: dict[UUID, tuple[PassState, datetime, int]] = {}
        for item in batch.received:
            match item.event:
                case EntryPassIssued() as event:
                    if event.pass_id not in issued or issued[event.pass_id].serial < event.serial:
                        printed[event.pass_id] = item.time
                    issued[event.pass_id] = event
                    turned[event.pass_id] = PassState.ACTIVE, item.time, item.version
                case EntryPassSuspended() as event:
                    turned[event.pass_id] = PassState.SUSPENDED, item.time, item.version
                case EntryPassReinstated() as event:
                    turned[event.pass_id] = PassState.ACTIVE, item.time, item.version
                case EntryPassRevoked() as event:
                    turned[event.pass_id] = PassState.REVOKED, item.time, item.version
        rows = [
            (
                event.pass_id,
                event.number,
                event.serial,
                printed[event.pass_id],
                event.person_ref,
                event.compound,
                event.kind,
                event.valid_from,
                event.valid_until,
                event.purpose,
                event.daily_from,
                event.daily_until,
                *turned.pop(event.pass_id),
            )
            for event in issued.values()
        ]
        if rows:
            await tx.execute(copies.KEEP_PASSES, *columns(rows, 15))
        if turned:
            await all_held(tx, copies.PASSES_HELD, turned, "pass")
            await tx.execute(
                copies.TURN_PASSES,
                *columns(((pass_id, *state) for pass_id, state in turned.items()), 4),
            )
