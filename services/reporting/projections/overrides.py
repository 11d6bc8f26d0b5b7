"""Checks whose verdict a shift leader overrode (G18)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import overrides as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.gate import CheckOverridden


class Overrides(ReadModel, name="overrides", version=1, reads=(CheckOverridden,)):
    """One row a check; a check is overridden once."""

    tables = ("override",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement."""
        rows = {
            e.check_id: (e.check_id, e.compound, e.checkpoint, e.verdict, e.reason, e.overridden_at)
            for e in batch.of(CheckOverridden)
        }
        if rows:
            await tx.execute(store.ADD_OVERRIDES, *columns(rows.values(), 6))
