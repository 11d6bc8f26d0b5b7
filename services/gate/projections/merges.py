"""Which pseudonyms are one person: what is known of either counts for both (P10)."""

from services.gate.projections.folds import columns
from services.gate.store import copies
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.people import PeopleMerged, PeopleSeparated
from shared.kernel.merges import roots


class Merges(Projection, name="gate.merges", version=1, reads=(PeopleMerged, PeopleSeparated)):
    """Merges are rare: who stands for whom is worked out anew from all that are in force."""

    tables = ("person_merge", "person_alias")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """The last word on each merge, and what follows from them."""
        newest = {
            item.event.merge_id: (
                *(item.event.merge_id, item.event.kept, item.event.merged),
                *(isinstance(item.event, PeopleMerged), item.version),
            )
            for item in batch.received
            if isinstance(item.event, PeopleMerged | PeopleSeparated)
        }
        await tx.execute(copies.KEEP_MERGES, *columns(newest.values(), 5))
        rows = await tx.fetch(copies.MERGES_IN_FORCE)
        found = roots((row["kept"], row["merged"]) for row in rows)
        await tx.execute(copies.CLEAR_ALIASES)
        await tx.execute(copies.ADD_ALIASES, list(found), list(found.values()))
