"""How many dwellings the address list has: the denominator of surveys (R4.1)."""

from collections.abc import Iterable

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import addresses as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.registry.places import AddressesRegistered
from shared.kernel.ids import GridId


def fold(events: Iterable[AddressesRegistered]) -> dict[GridId, AddressesRegistered]:
    """The newest count of each grid."""
    return {event.grid: event for event in events}


class Addresses(ReadModel, name="addresses", version=1, reads=(AddressesRegistered,)):
    """One row a grid; a compound's dwellings are the sum over its grids."""

    tables = ("grid_addresses",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Write the newest counts."""
        newest = sorted(fold(batch.of(AddressesRegistered)).items())
        await tx.execute(
            store.PUT_ADDRESSES, *columns(((key, e.compound, e.dwellings) for key, e in newest), 3)
        )
