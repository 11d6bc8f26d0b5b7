"""Entering and correcting places one by one, with the version that was looked at (R4.3)."""

from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

# Whoever enters the same place at the same moment waits here, also when it is new.
LOCK_PLACE = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.place.' || $1, 0))"
NEIGHBOURHOOD_VERSION = "select version from neighbourhood where neighbourhood_id = $1 for no key update"
COMPOUND_VERSION = "select version from compound where compound_id = $1 for no key update"
GRID = """
select grid_id, compound_id, name, span, dwellings, version from grid where grid_id = $1 for no key update
"""
DWELLING_FOR_UPDATE = """
select dwelling_id, compound_id, grid_id, building, unit, room, address, occupancy, version
from dwelling where dwelling_id = $1 and removed_at is null for no key update
"""
DWELLINGS_FOR_UPDATE = """
select dwelling_id, compound_id, grid_id, building, unit, room, address, occupancy, version
from dwelling where dwelling_id = any($1::uuid[]) and removed_at is null order by dwelling_id for no key update
"""
RENAME_DWELLING = """
update dwelling set building = $2, unit = $3, room = $4, building_order = $5, unit_order = $6, room_order = $7
where dwelling_id = $1
"""
INHABITED = "select exists (select from residence where dwelling_id = $1 and ended_on is null)"
GRIDS_OF = """
select g.grid_id, g.compound_id, g.name, g.span, g.version, count(d.dwelling_id)::int as dwellings
from grid g left join dwelling d
  on d.compound_id = g.compound_id and d.grid_id = g.grid_id and d.removed_at is null
where g.compound_id = $1
group by g.grid_id
order by g.grid_id
"""
NEIGHBOURHOOD_LINES = """
select n.neighbourhood_id, n.name, n.kind, n.version, count(c.compound_id)::int as compounds
from neighbourhood n left join compound c using (neighbourhood_id)
group by n.neighbourhood_id
order by n.neighbourhood_id
"""
BUILDINGS_OF = """
select building, grid_id, occupancy, count(*)::int as dwellings from dwelling
where compound_id = $1 and removed_at is null
group by building_order, building, grid_id, occupancy order by building_order, building, grid_id, occupancy
"""
# Somebody with two dwellings in the compound is one of its people.
PEOPLE_OF = """
select d.grid_id,
  count(distinct r.person_ref)::int as people,
  count(distinct r.person_ref) filter (where r.resident)::int as residents,
  count(distinct r.person_ref) filter (where r.resident and r.relation = 'tenant')::int as tenants,
  count(distinct r.dwelling_id) filter (where r.resident)::int as households
from dwelling d join residence r using (dwelling_id)
where d.compound_id = $1 and r.ended_on is null
group by grouping sets ((d.grid_id), ())
order by d.grid_id nulls first
"""


async def lock_place(tx: Tx, kind: str, place_id: object) -> None:
    """Let one entry about a place be decided at a time."""
    await tx.execute(LOCK_PLACE, f"{kind}.{place_id}")


async def neighbourhood_version(tx: Tx, neighbourhood_id: str) -> int:
    """Its version, locked; 0 where there is none."""
    return await tx.fetchval(NEIGHBOURHOOD_VERSION, neighbourhood_id) or 0


async def compound_version(tx: Tx, compound_id: str) -> int:
    """Its version, locked; 0 where there is none."""
    return await tx.fetchval(COMPOUND_VERSION, compound_id) or 0


async def grid(tx: Tx, grid_id: str) -> asyncpg.Record | None:
    """A grid, locked."""
    return await tx.fetchrow(GRID, grid_id)


async def grids_of(conn: Conn, compound_id: str) -> list[asyncpg.Record]:
    """The grids of a compound with how many dwellings lie in each."""
    return await conn.fetch(GRIDS_OF, compound_id)


async def dwellings_for_update(tx: Tx, ids: list[UUID]) -> list[asyncpg.Record]:
    """Dwellings, locked in order."""
    return await tx.fetch(DWELLINGS_FOR_UPDATE, ids)


async def inhabited(tx: Tx, dwelling_id: UUID) -> bool:
    """Does anybody's residence name this dwelling?"""
    found: bool = await tx.fetchval(INHABITED, dwelling_id)
    return found
