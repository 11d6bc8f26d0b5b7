"""Sites and what was disinfected at each of them per day (R5.1)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.reporting.projections.read_model import ReadModel, columns, values
from services.reporting.store import site_rounds as store
from shared.bus.projection import EventBatch
from shared.db.pool import Tx
from shared.events.sanitation import RoundLogged, SiteRegistered
from shared.kernel.days import local_day


@dataclass(slots=True)
class SiteDay:
    """What a run of rounds adds to one site's day. `counted` adds up to the day's true number of rounds."""

    logged: int = 0
    counted: int = 0
    outside_range: int = 0


def sites(events: Iterable[SiteRegistered]) -> dict[UUID, SiteRegistered]:
    """The newest entry of each site."""
    return {event.site_id: event for event in events}


def rounds(events: Iterable[RoundLogged]) -> dict[tuple[date, UUID], SiteDay]:
    """What a run of rounds adds, by the Shanghai day on which it was done."""
    found: defaultdict[tuple[date, UUID], SiteDay] = defaultdict(SiteDay)
    for event in events:
        day = found[local_day(event.done_at), event.site_id]
        day.logged += 1
        day.counted += event.counts
        day.outside_range += not event.within_range
    return dict(found)


class SiteRounds(ReadModel, name="site_rounds", version=1, reads=(SiteRegistered, RoundLogged)):
    """One row a site, and one a site and day with rounds."""

    tables = ("site", "site_day")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Two statements at most."""
        if known := sites(batch.of(SiteRegistered)):
            rows: list[tuple[object, ...]] = [
                (key, e.compound, e.kind, e.rounds_per_day, e.since, e.active, e.on_duty_from)
                for key, e in known.items()
            ]
            await tx.execute(store.PUT_SITES, *columns(rows, 7))
        if added := rounds(batch.of(RoundLogged)):
            rows = [(site, day, *values(figures)) for (day, site), figures in added.items()]
            await tx.execute(store.ADD_ROUNDS, *columns(rows, 5))
