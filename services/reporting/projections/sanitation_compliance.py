"""Days of sites that closed short, as they stand after late entries (R5.1, R7.2, S1)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import sanitation_compliance as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.sanitation import RoundMissed


class SanitationCompliance(ReadModel, name="sanitation_compliance", version=1, reads=(RoundMissed,)):
    """One row a site and day that closed short; with a shortfall of 0 where late entries made it good."""

    tables = ("round_missed",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        newest = {(event.day, event.site_id): event for event in batch.of(RoundMissed)}
        rows = [
            (*key, one.compound, one.kind, one.required, one.counted, one.shortfall)
            for key, one in sorted(newest.items())
        ]
        await tx.execute(store.PUT_MISSED, *columns(rows, 7))
