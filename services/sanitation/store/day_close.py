"""Days that are over."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from uuid import UUID

from services.sanitation.domain.day_close import ClosedDay
from shared.db.pool import Conn, Tx
from shared.events.policy_sanitation import SiteKind
from shared.kernel.ids import CompoundId

BEGIN_CLOSING = """
insert into day_close (compound, next_day) select compound, $2 from unnest($1::text[]) as row (compound)
order by compound on conflict (compound) do nothing
"""
# The oldest day first, and as many compounds of it as fit into one transaction.
NEXT_TO_CLOSE = """
select compound, next_day from day_close
where next_day = (select min(next_day) from day_close where next_day < $1)
order by compound limit $2 for update skip locked
"""
CLOSED_THROUGH = "select next_day - 1 from day_close where compound = $1"
ALL_CLOSED_THROUGH = "select compound, next_day - 1 as through from day_close"
ADVANCE = "update day_close set next_day = $2 where compound = any($1::text[])"
LOCK_SITES = "select site_id from site where compound = any($1::text[]) order by code for no key update"
RAISE_VERSIONS = """
update site set version = version + 1 where site_id = any($1::uuid[]) returning site_id, version
"""
PUT_DAYS = """
insert into site_day
  (day, compound, site_id, kind, on_duty, required, counted, done, on_time, shortfall, logged, outside_range)
select $1, compound, site_id, kind, on_duty, required, counted, done, on_time, shortfall, logged, outside_range
from unnest($2::text[], $3::uuid[], $4::text[], $5::boolean[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[],
            $11::int[], $12::int[])
  as row (compound, site_id, kind, on_duty, required, counted, done, on_time, shortfall, logged, outside_range)
order by compound, site_id
on conflict (day, compound, site_id) do update
  set kind = excluded.kind, on_duty = excluded.on_duty, required = excluded.required, counted = excluded.counted,
      done = excluded.done, on_time = excluded.on_time, shortfall = excluded.shortfall, logged = excluded.logged,
      outside_range = excluded.outside_range
"""
DAY = """
select on_duty, required, counted, done, on_time, shortfall, logged, outside_range from site_day
where day = $1 and compound = $2 and site_id = $3
"""
FIGURES = """
select day, compound, kind, (count(*) filter (where on_duty))::int as sites, sum(required)::int as required,
       sum(done)::int as done, sum(on_time)::int as on_time, sum(shortfall)::int as shortfall,
       sum(logged)::int as logged, sum(outside_range)::int as outside_range
from site_day where day between $1 and $2 and compound = any($3::text[])
group by day, compound, kind order by day, compound, kind
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosed:
    """A site's day as it was closed."""

    compound: CompoundId
    site_id: UUID
    kind: SiteKind
    day: ClosedDay


async def begin_closing(tx: Tx, compounds: Iterable[str]) -> None:
    """From today on, the days of these compounds are closed; where that has begun nothing changes."""
    await tx.execute(BEGIN_CLOSING, sorted(set(compounds)), tx.today)


async def next_to_close(tx: Tx, limit: int) -> tuple[date, list[CompoundId]] | None:
    """The oldest day that is over and not closed, with some of its compounds, locked; None when there is none."""
    rows = await tx.fetch(NEXT_TO_CLOSE, tx.today, limit)
    return (rows[0]["next_day"], [row["compound"] for row in rows]) if rows else None


async def is_closed(conn: Conn, compound: CompoundId, day: date) -> bool:
    """Say whether a compound's day was closed."""
    through: date | None = await conn.fetchval(CLOSED_THROUGH, compound)
    return through is not None and day <= through


async def closed_through(conn: Conn) -> dict[CompoundId, date]:
    """The last closed day of every compound that has sites."""
    return {row["compound"]: row["through"] for row in await conn.fetch(ALL_CLOSED_THROUGH)}


async def advance(tx: Tx, compounds: Sequence[CompoundId], closed: date) -> None:
    """A day of these compounds is closed."""
    await tx.execute(ADVANCE, list(compounds), closed + timedelta(days=1))


async def raise_versions(tx: Tx, sites: Sequence[UUID]) -> dict[UUID, int]:
    """The next version of each of these locked sites."""
    return {row["site_id"]: row["version"] for row in await tx.fetch(RAISE_VERSIONS, list(sites))}


async def put_days(tx: Tx, day: date, sites: Sequence[SiteClosed]) -> None:
    """Write what a day left of sites, in place of what was written before."""
    if sites:
        lines = [(one.compound, one.site_id, one.kind, *astuple(one.day)) for one in sites]
        await tx.execute(PUT_DAYS, day, *(list(column) for column in zip(*lines, strict=True)))


async def closed_day(conn: Conn, compound: CompoundId, site_id: UUID, day: date) -> ClosedDay | None:
    """What a closed day left of a site; None where the site was not known when it was closed."""
    row = await conn.fetchrow(DAY, day, compound, site_id)
    return ClosedDay(**dict(row)) if row else None
