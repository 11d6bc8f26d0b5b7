"""Who came back from where, as the intakes say now: by pseudonym, for counts by area (R2.7, R4.6 to R4.10)."""

from collections.abc import Iterable
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import returnees as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.returnees import ReturneeRegistered


def fold(events: Iterable[ReturneeRegistered]) -> dict[UUID, ReturneeRegistered]:
    """The newest telling of each intake: a correction replaces what it corrects, but not when it was registered."""
    found: dict[UUID, ReturneeRegistered] = {}
    for event in events:
        first = min(found.get(event.intake_id, event).registered_at, event.registered_at)
        found[event.intake_id] = event.replace(registered_at=first)
    return found


class Returnees(ReadModel, name="returnees", version=1, reads=(ReturneeRegistered,)):
    """One row an intake."""

    tables = ("returnee_intake",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest; when it was first registered stays."""
        newest = sorted(fold(batch.of(ReturneeRegistered)).items())
        rows = (
            (key, e.person_ref, e.compound, e.category, e.measure, e.origin_code, e.registered_at)
            for key, e in newest
        )
        await tx.execute(store.PUT_INTAKES, *columns(rows, 7))
