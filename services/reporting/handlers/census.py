"""The census from one instant to another (R7.4, H2)."""

from collections import defaultdict
from datetime import datetime

from services.reporting.domain.census import Census, Flow
from services.reporting.store import census as store
from shared.db.pool import Conn
from shared.events.policy_observation import Measure
from shared.kernel.ids import CompoundId


async def census_between(conn: Conn, starts: datetime, ends: datetime) -> Census:
    """Flows of every compound that ever had a case, measure by measure; `ends` does not belong to it."""
    found: defaultdict[CompoundId, dict[Measure, Flow]] = defaultdict(dict)
    for row in await conn.fetch(store.FLOWS, starts, ends):
        counted = dict(row)
        compound, measure = counted.pop("compound"), counted.pop("measure")
        found[compound][measure] = Flow(**counted)
    return found
