"""People and households per compound, exact under moves (R4.1).

A person has one home, the one that the registry named last, so the compounds add up to the town (H2). A household is
a dwelling where somebody lives. What a compound gains and loses is worked out in the statement that writes the person
or the dwelling. How many dwellings there are at all is told by the address list: see `addresses`.
"""

from collections.abc import Iterable

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import population as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.registry.people import HouseholdChanged, PersonRegistered, ResidenceEnded
from shared.kernel.ids import DwellingId, PersonRef


def homes(events: Iterable[Event]) -> dict[PersonRef, PersonRegistered | None]:
    """Where each person of the run lives at its end; None who died or left the town.

    A move ends a stay, too: where they live now is told by the person's own event.
    """
    found: dict[PersonRef, PersonRegistered | None] = {}
    for event in events:
        match event:
            case PersonRegistered():
                found[event.person_ref] = event
            case ResidenceEnded() if event.reason != "moved":
                found[event.person_ref] = None
    return found


def dwellings(events: Iterable[HouseholdChanged]) -> dict[DwellingId, HouseholdChanged]:
    """How each dwelling of the run stands at its end."""
    return {event.dwelling_id: event for event in events}


class Population(
    ReadModel, name="population", version=1, reads=(PersonRegistered, ResidenceEnded, HouseholdChanged)
):
    """People and households, and their numbers per compound."""

    tables = ("compound_population", "dwelling", "person_residence")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Four statements at most."""
        people = homes(item.event for item in batch.received)
        rows: list[tuple[object, ...]] = [
            (ref, e.compound, e.dwelling_id, e.relation, e.resident) for ref, e in people.items() if e
        ]
        if rows:
            await tx.execute(store.PUT_PEOPLE, *columns(rows, 5))
        if gone := sorted(ref for ref, home in people.items() if home is None):
            await tx.execute(store.DROP_PEOPLE, gone)
        if changed := dwellings(batch.of(HouseholdChanged)):
            rows = [(key, e.compound, e.grid, e.occupancy, len(e.members)) for key, e in changed.items()]
            await tx.execute(store.PUT_DWELLINGS, *columns(rows, 5))
        await tx.execute(store.FORGET_EMPTY)
