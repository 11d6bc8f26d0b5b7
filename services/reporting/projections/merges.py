"""Merges of records: a person under two pseudonyms is counted once (P10)."""

from collections.abc import Iterable
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import merges as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.people import PeopleMerged, PeopleSeparated
from shared.kernel.merges import roots


def fold(events: Iterable[Event]) -> dict[UUID, tuple[UUID, UUID, UUID, bool]]:
    """The last word of the run on each merge: its id, kept, merged, whether it is in force."""
    return {
        event.merge_id: (event.merge_id, event.kept, event.merged, isinstance(event, PeopleMerged))
        for event in events
        if isinstance(event, PeopleMerged | PeopleSeparated)
    }


class Merges(ReadModel, name="merges", version=1, reads=(PeopleMerged, PeopleSeparated)):
    """Merges are rare: who stands for whom is worked out anew from all that are in force."""

    tables = ("person_merge", "person_alias")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the merges, and what follows from them."""
        newest = fold(item.event for item in batch.received)
        await tx.execute(store.KEEP_MERGES, *columns(newest.values(), 4))
        found = roots((row["kept"], row["merged"]) for row in await tx.fetch(store.IN_FORCE))
        await tx.execute(store.CLEAR_ALIASES)
        await tx.execute(store.ADD_ALIASES, list(found), list(found.values()))
