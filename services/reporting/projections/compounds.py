"""The compounds as the registry has them (R1.1)."""

from collections.abc import Iterable

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import compounds as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.places import CompoundRegistered
from shared.kernel.ids import CompoundId


def fold(events: Iterable[CompoundRegistered]) -> dict[CompoundId, CompoundRegistered]:
    """The newest entry of each compound."""
    return {event.compound: event for event in events}


class Compounds(ReadModel, name="compounds", version=1, reads=(CompoundRegistered,)):
    """Names, neighbourhoods with theirs, and modes."""

    tables = ("compound",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest entries."""
        newest = sorted(fold(batch.of(CompoundRegistered)).items())
        rows = [(key, e.name, e.neighbourhood, e.neighbourhood_name, e.mode, e.area_m2) for key, e in newest]
        await tx.execute(store.PUT_COMPOUNDS, *columns(rows, 6))
