"""Entry passes as they stand."""

from datetime import datetime
from uuid import UUID

from services.gate import metrics
from services.gate.domain.entry import PassState
from services.gate.projections.folds import Statements, keep_and_turn
from services.gate.store import copies, figures
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.passes import (
    EntryPassIssued,
    EntryPassReinstated,
    EntryPassRevoked,
    EntryPassSuspended,
)

_STATEMENTS = Statements(
    keep=copies.KEEP_PASSES, turn=copies.TURN_PASSES, held=copies.PASSES_HELD, what="pass"
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
        turned: dict[UUID, tuple[object, ...]] = {}
        revoked_at: list[datetime] = []
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
                    revoked_at.append(item.time)
        facts = {
            pass_id: (
                *(event.number, event.serial, printed[pass_id], event.person_ref, event.compound, event.kind),
                *(event.valid_from, event.valid_until, event.purpose, event.daily_from, event.daily_until),
            )
            for pass_id, event in issued.items()
        }
        await keep_and_turn(tx, facts, turned, _STATEMENTS)
        if revoked_at:
            here: float = await tx.fetchval(
                figures.SECONDS_IN_TRANSACTION
            )  # behind somebody's lock, for instance
            for at in revoked_at:
                taken = (tx.now - at).total_seconds() + here
                metrics.REVOKED_AFTER.labels("online").observe(max(0.0, taken))
