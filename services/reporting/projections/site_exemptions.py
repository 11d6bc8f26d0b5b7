"""Days on which sites owe no rounds (R5.1, S2)."""

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import site_exemptions as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.sanitation import SiteExempted


class SiteExemptions(ReadModel, name="site_exemptions", version=1, reads=(SiteExempted,)):
    """One row a closure, as it was told last."""

    tables = ("site_exemption",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        newest = {event.closure_id: event for event in batch.of(SiteExempted)}
        rows = sorted((key, one.site_id, one.from_day, one.last_day) for key, one in newest.items())
        await tx.execute(store.PUT_EXEMPTIONS, *columns(rows, 4))
