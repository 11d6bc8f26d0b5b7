"""Checks whose verdict a shift leader overrode, and what headquarters said of it (G18)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import overrides as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.gate import CheckOverridden, OverrideReviewed


class Overrides(ReadModel, name="overrides", version=1, reads=(CheckOverridden, OverrideReviewed)):
    """One row a check; a check is overridden once and reviewed once, in this order."""

    tables = ("override",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement for what is new, one for what was reviewed."""
        rows = {
            e.check_id: (
                *(e.check_id, e.compound, e.checkpoint, e.verdict, e.reason),
                *(e.overridden_at, e.review_due_at),
            )
            for e in batch.of(CheckOverridden)
        }
        if rows:
            await tx.execute(store.ADD_OVERRIDES, *columns(rows.values(), 7))
        reviewed = [(e.check_id, e.outcome, e.objection, e.reviewed_at) for e in batch.of(OverrideReviewed)]
        if reviewed:
            await tx.execute(store.ADD_REVIEWS, *columns(reviewed, 4))
