"""What front-line workers did, by pseudonym: visits, rounds, pickups, leads (R7.3). Their turns are `duty`'s."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns
from services.reporting.store import service_record as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.base import Event
from shared.events.observation import DeclarationSubmitted
from shared.events.registry.leads import LeadClosed
from shared.events.registry.surveys import HouseholdSurveyed
from shared.events.sanitation import RoundLogged, WastePickupDone
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId

Work = Literal["household_visits", "observation_visits", "rounds", "pickups", "leads_closed"]


class WorkKey(NamedTuple):
    """A worker's work of a kind in a compound on a day. Each kind comes from one channel only."""

    worker_ref: UUID
    day: date
    compound: CompoundId
    kind: Work


def fold(events: Iterable[Event]) -> Counter[WorkKey]:
    """How much a run adds. Work of whom nobody knows is nobody's; a round that does not count is none."""
    found: Counter[WorkKey] = Counter()
    for event in events:
        match event:
            case HouseholdSurveyed():
                _add(found, event.worker_ref, event.surveyed_at, event.compound, "household_visits")
            case DeclarationSubmitted(by="visit"):
                _add(found, event.worker_ref, event.submitted_at, event.compound, "observation_visits")
            case RoundLogged(counts=True):
                _add(found, event.worker_ref, event.done_at, event.compound, "rounds")
            case WastePickupDone():
                _add(found, event.worker_ref, event.handed_over_at, event.compound, "pickups")
            case LeadClosed():
                _add(found, event.worker_ref, event.closed_at, event.compound, "leads_closed")
            case _:
                pass
    return found


def _add(
    found: Counter[WorkKey], worker: UUID | None, at: datetime, compound: CompoundId, kind: Work
) -> None:
    if worker is not None:
        found[WorkKey(worker, local_day(at), compound, kind)] += 1


class ServiceRecord(
    ReadModel,
    name="service_record",
    version=1,
    reads=(HouseholdSurveyed, DeclarationSubmitted, RoundLogged, WastePickupDone, LeadClosed),
):
    """One row a worker, day, compound and kind of work."""

    tables = ("service_day",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """One statement; rows sorted."""
        if work := fold(item.event for item in batch.received):
            rows = [(*key, done) for key, done in sorted(work.items())]
            await tx.execute(store.ADD_WORK, *columns(rows, 5))
