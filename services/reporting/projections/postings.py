"""Who serves where (R3.1, R3.2): a row a posting; the newest version holds."""

from collections.abc import Iterable
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import postings as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.places import WorkerPosted


def fold(events: Iterable[WorkerPosted]) -> dict[UUID, WorkerPosted]:
    """The newest of each posting."""
    return {event.posting_id: event for event in events}


class Postings(ReadModel, name="postings", version=1, reads=(WorkerPosted,)):
    """Postings by pseudonym."""

    tables = ("posting",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest postings."""
        newest = sorted(fold(batch.of(WorkerPosted)).items())
        rows = [
            (key, e.worker_ref, e.kind, e.compound, e.grid, e.checkpoint, e.from_day, e.until_day)
            for key, e in newest
        ]
        await tx.execute(store.PUT_POSTINGS, *columns(rows, 8))
