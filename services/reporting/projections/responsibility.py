"""Who answers for what (R7.1): a row an assignment; the newest version holds."""

from collections.abc import Iterable
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import responsibility as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.places import ResponsibilityAssigned


def fold(events: Iterable[ResponsibilityAssigned]) -> dict[UUID, ResponsibilityAssigned]:
    """The newest of each assignment."""
    return {event.assignment_id: event for event in events}


class Responsibility(ReadModel, name="responsibility", version=1, reads=(ResponsibilityAssigned,)):
    """Compound and measure -> worker, role, period."""

    tables = ("responsibility",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest assignments."""
        newest = sorted(fold(batch.of(ResponsibilityAssigned)).items())
        rows = [
            (key, e.worker_ref, e.role, e.measure, e.compound, e.grid, e.from_day, e.until_day)
            for key, e in newest
        ]
        await tx.execute(store.PUT_RESPONSIBILITY, *columns(rows, 8))
