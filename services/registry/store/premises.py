"""Places: neighbourhoods, compounds, checkpoints, grids, dwellings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.premises import (
    AddressKey,
    BuildingType,
    Checkpoint,
    Compound,
    Dwelling,
    Grid,
    Home,
    Mode,
    Neighbourhood,
    NeighbourhoodKind,
    Occupancy,
    Traffic,
    order_of,
)
from services.registry.store import history, surveys
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CheckpointId, CompoundId, GridId, NeighbourhoodId

NEIGHBOURHOODS = "select neighbourhood_id, name, kind, version from neighbourhood order by neighbourhood_id"

SAVE_NEIGHBOURHOODS = """
insert into neighbourhood (neighbourhood_id, name, kind)
select neighbourhood_id, name, kind from unnest($1::text[], $2::text[], $3::text[])
  as fresh (neighbourhood_id, name, kind)
order by neighbourhood_id
on conflict (neighbourhood_id) do update
set name = excluded.name, kind = excluded.kind, version = neighbourhood.version + 1
"""

COMPOUNDS = """
select compound_id, neighbourhood_id, name, building_type, address, area_m2, buildings, households, mode,
  property_company, note, version
from compound order by compound_id
"""

COMPOUND = """
select compound_id, neighbourhood_id, name, building_type, address, area_m2, buildings, households, mode,
  property_company, note, version
from compound where compound_id = $1
"""

LOCK_COMPOUNDS = """
select compound_id, area_m2 from compound where compound_id = any($1::text[]) order by compound_id for no key update
"""

SAVE_COMPOUNDS = """
insert into compound (compound_id, neighbourhood_id, name, building_type, address, area_m2, buildings, households,
  mode, property_company, note)
select compound_id, neighbourhood_id, name, building_type, address, area_m2, buildings, households, mode,
  property_company, note
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::text[],
  $10::text[], $11::text[]) as fresh (compound_id, neighbourhood_id, name, building_type, address, area_m2,
  buildings, households, mode, property_company, note)
order by compound_id
on conflict (compound_id) do update
set neighbourhood_id = excluded.neighbourhood_id, name = excluded.name, building_type = excluded.building_type,
  address = excluded.address, area_m2 = excluded.area_m2, buildings = excluded.buildings,
  households = excluded.households, mode = excluded.mode, property_company = excluded.property_company,
  note = excluded.note, version = compound.version + 1
returning compound_id, version
"""

# Nothing of a compound is another thing: what was known of it stays as it was.
BUMP_COMPOUNDS = """
update compound set version = version + 1 where neighbourhood_id = any($1::text[]) returning compound_id, version
"""

CHECKPOINTS = """
select checkpoint_id, compound_id, name, traffic, opened_on, note, temporary_for, closed_at
from checkpoint order by checkpoint_id
"""

SAVE_CHECKPOINTS = """
insert into checkpoint (checkpoint_id, compound_id, name, traffic, opened_on, note, policy_version)
select checkpoint_id, compound_id, name, traffic, opened_on, note, $7
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[])
  as fresh (checkpoint_id, compound_id, name, traffic, opened_on, note)
order by checkpoint_id
on conflict (checkpoint_id) do update
set name = excluded.name, traffic = excluded.traffic, opened_on = excluded.opened_on, note = excluded.note,
  version = checkpoint.version + 1
where checkpoint.compound_id = excluded.compound_id
returning checkpoint_id, policy_version, version
"""

GRIDS = "select grid_id, compound_id, name, span, dwellings, version from grid order by grid_id"

SAVE_GRIDS = """
insert into grid (grid_id, compound_id, name, span, dwellings)
select grid_id, compound_id, name, span, dwellings
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
  as fresh (grid_id, compound_id, name, span, dwellings)
order by grid_id
on conflict (grid_id) do update
set name = excluded.name, span = excluded.span, dwellings = excluded.dwellings, version = grid.version + 1
returning grid_id, version
"""

LOCK_GRIDS = "select grid_id from grid where grid_id = any($1::text[]) order by grid_id for no key update"

BUMP_GRIDS = "update grid set version = version + 1 where grid_id = any($1::text[])"

ADDRESSES_OF_GRIDS = """
select g.grid_id, g.compound_id, g.version, count(d.dwelling_id)::int as dwellings
from grid g left join dwelling d
  on d.compound_id = g.compound_id and d.grid_id = g.grid_id and d.removed_at is null
where g.grid_id = any($1::text[])
group by g.grid_id
order by g.grid_id
"""

DWELLINGS_OF = """
select dwelling_id, compound_id, grid_id, building, unit, room, address, occupancy
from dwelling where compound_id = any($1::text[]) and removed_at is null
"""

DWELLING = """
select d.dwelling_id, d.compound_id, d.grid_id, c.neighbourhood_id, d.building, d.unit, d.room, d.address, d.occupancy,
  d.version
from dwelling d join compound c using (compound_id) where d.dwelling_id = $1 and d.removed_at is null
"""

CHANGE_DWELLINGS = """
update dwelling set grid_id = fresh.grid_id, address = fresh.address, occupancy = fresh.occupancy
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as fresh (dwelling_id, grid_id, address, occupancy)
where dwelling.dwelling_id = fresh.dwelling_id
"""

DWELLING_PAGE = """
select dwelling_id, grid_id, building, unit, room, address, occupancy, building_order, unit_order, room_order
from dwelling
where compound_id = $1 and removed_at is null and ($2::text is null or building = $2)
  and ($3::text is null or grid_id = $3)
  and (building_order, building, unit_order, unit, room_order, room) > ($4, $5, $6, $7, $8, $9)
order by building_order, building, unit_order, unit, room_order, room
limit $10
"""

DWELLING_COLUMNS = (
    *("dwelling_id", "compound_id", "grid_id", "building", "unit", "room", "building_order", "unit_order"),
    *("room_order", "address", "occupancy"),
)


async def neighbourhoods(conn: Conn) -> dict[str, Neighbourhood]:
    """All of them; a town has about ten."""
    return {
        row["neighbourhood_id"]: Neighbourhood(
            neighbourhood_id=NeighbourhoodId(row["neighbourhood_id"]),
            name=row["name"],
            kind=NeighbourhoodKind(row["kind"]),
        )
        for row in await conn.fetch(NEIGHBOURHOODS)
    }


async def compounds(conn: Conn) -> dict[str, Compound]:
    """All of them."""
    return {row["compound_id"]: _compound(row) for row in await conn.fetch(COMPOUNDS)}


async def compound(conn: Conn, compound_id: str) -> Compound | None:
    """One compound."""
    row = await conn.fetchrow(COMPOUND, compound_id)
    return _compound(row) if row else None


def _compound(row: asyncpg.Record) -> Compound:
    return Compound(
        compound_id=CompoundId(row["compound_id"]),
        neighbourhood_id=NeighbourhoodId(row["neighbourhood_id"]),
        name=row["name"],
        building_type=BuildingType(row["building_type"]),
        address=row["address"],
        area_m2=row["area_m2"],
        buildings=row["buildings"],
        households=row["households"],
        mode=Mode(row["mode"]),
        property_company=row["property_company"],
        note=row["note"],
    )


async def save_neighbourhoods(tx: Tx, places: Sequence[Neighbourhood]) -> None:
    """Add or correct neighbourhoods."""
    rows = [(place.neighbourhood_id, place.name, place.kind.value) for place in places]
    if rows:
        await history.keep_neighbourhoods(tx, [place.neighbourhood_id for place in places])
        await tx.execute(SAVE_NEIGHBOURHOODS, *_columns(rows))


async def bump_compounds(tx: Tx, neighbourhoods: Sequence[str]) -> dict[str, int]:
    """The next version of every compound of these neighbourhoods, whose names are told with it."""
    rows = await tx.fetch(BUMP_COMPOUNDS, list(neighbourhoods))
    return {row["compound_id"]: row["version"] for row in rows}


async def save_compounds(tx: Tx, places: Sequence[Compound]) -> dict[str, int]:
    """Add or correct compounds; tells their versions."""
    rows = [
        (
            *(
                place.compound_id,
                place.neighbourhood_id,
                place.name,
                place.building_type.value,
                place.address,
            ),
            *(place.area_m2, place.buildings, place.households, place.mode.value, place.property_company),
            place.note,
        )
        for place in places
    ]
    if not rows:
        return {}
    await history.keep_compounds(tx, [place.compound_id for place in places])
    saved = await tx.fetch(SAVE_COMPOUNDS, *_columns(rows))
    return {row["compound_id"]: row["version"] for row in saved}


async def lock_compounds(tx: Tx, compound_ids: Sequence[str]) -> dict[str, int]:
    """Lock compounds against another opening of a checkpoint; tells their areas."""
    return {
        row["compound_id"]: row["area_m2"] for row in await tx.fetch(LOCK_COMPOUNDS, sorted(compound_ids))
    }


async def checkpoints(conn: Conn) -> dict[str, tuple[Checkpoint, bool]]:
    """All checkpoints, each with whether it is open."""
    return {
        row["checkpoint_id"]: (
            Checkpoint(
                checkpoint_id=CheckpointId(row["checkpoint_id"]),
                compound_id=CompoundId(row["compound_id"]),
                name=row["name"],
                traffic=Traffic(row["traffic"]),
                opened_on=row["opened_on"],
                note=row["note"],
                temporary=row["temporary_for"] is not None,
            ),
            row["closed_at"] is None,
        )
        for row in await conn.fetch(CHECKPOINTS)
    }


async def save_checkpoints(
    tx: Tx, places: Sequence[Checkpoint], *, policy_version: int
) -> dict[str, tuple[int, int]]:
    """Add or correct checkpoints; tells the policy version under which each was opened, and its own version."""
    rows = [
        (place.checkpoint_id, place.compound_id, place.name, place.traffic.value, place.opened_on, place.note)
        for place in places
    ]
    if not rows:
        return {}
    await history.keep_checkpoints(tx, [place.checkpoint_id for place in places])
    saved = await tx.fetch(SAVE_CHECKPOINTS, *_columns(rows), policy_version)
    return {row["checkpoint_id"]: (row["policy_version"], row["version"]) for row in saved}


async def grids(conn: Conn) -> dict[str, Grid]:
    """All grids."""
    return {
        row["grid_id"]: Grid(
            grid_id=GridId(row["grid_id"]),
            compound_id=CompoundId(row["compound_id"]),
            name=row["name"],
            span=row["span"],
            dwellings=row["dwellings"],
        )
        for row in await conn.fetch(GRIDS)
    }


async def save_grids(tx: Tx, places: Sequence[Grid]) -> dict[str, int]:
    """Add or correct grids; tells their versions."""
    rows = [(place.grid_id, place.compound_id, place.name, place.span, place.dwellings) for place in places]
    if not rows:
        return {}
    await history.keep_grids(tx, [place.grid_id for place in places])
    saved = await tx.fetch(SAVE_GRIDS, *_columns(rows))
    return {row["grid_id"]: row["version"] for row in saved}


async def dwellings_of(conn: Conn, compound_ids: Sequence[str]) -> dict[AddressKey, tuple[UUID, Dwelling]]:
    """The address list of compounds."""
    found: dict[AddressKey, tuple[UUID, Dwelling]] = {}
    for row in await conn.fetch(DWELLINGS_OF, list(compound_ids)):
        key = _key(row)
        dwelling = Dwelling(
            key=key,
            grid_id=GridId(row["grid_id"]),
            address=row["address"],
            occupancy=Occupancy(row["occupancy"]),
        )
        found[key] = (row["dwelling_id"], dwelling)
    return found


async def homes_of(conn: Conn, compound_ids: Sequence[str]) -> dict[AddressKey, Home]:
    """The dwellings of compounds as lines about people refer to them."""
    rows = await conn.fetch(DWELLINGS_OF, list(compound_ids))
    return {(key := _key(row)): Home(row["dwelling_id"], GridId(row["grid_id"]), key) for row in rows}


def _key(row: asyncpg.Record) -> AddressKey:
    return AddressKey(CompoundId(row["compound_id"]), row["building"], row["unit"], row["room"])


async def add_dwellings(tx: Tx, dwellings: Sequence[tuple[UUID, Dwelling]]) -> None:
    """Add dwellings, also to the survey rounds that are open in their compounds (R4.1).

    Raises:
        asyncpg.UniqueViolationError: somebody added one of them at the same moment.
    """
    rows = [
        (
            *(dwelling_id, one.key.compound_id, one.grid_id, one.key.building, one.key.unit, one.key.room),
            *(order_of(one.key.building), order_of(one.key.unit), order_of(one.key.room)),
            *(one.address, one.occupancy.value),
        )
        for dwelling_id, one in dwellings
    ]
    if rows:
        await tx.copy_to_places("dwelling", DWELLING_COLUMNS, rows)
        await surveys.add_to_open_rounds(tx, [dwelling_id for dwelling_id, _ in dwellings], tx.now)


async def change_dwellings(tx: Tx, dwellings: Sequence[tuple[UUID, Dwelling]]) -> None:
    """Correct dwellings; the household's version moves with the event about it."""
    rows = [(dwelling_id, one.grid_id, one.address, one.occupancy.value) for dwelling_id, one in dwellings]
    if rows:
        await history.keep_dwellings(tx, [dwelling_id for dwelling_id, _ in dwellings])
        await tx.execute(CHANGE_DWELLINGS, *_columns(rows))


async def dwelling(conn: Conn, dwelling_id: UUID) -> asyncpg.Record | None:
    """One dwelling with the neighbourhood that its compound is in."""
    return await conn.fetchrow(DWELLING, dwelling_id)


START = (-1, "", -1, "", -1, "")
"""Before the first dwelling of a page's order."""


async def dwelling_page(
    conn: Conn,
    compound_id: str,
    *,
    building: str | None,
    grid_id: str | None,
    after: tuple[Any, ...],
    limit: int,
) -> list[asyncpg.Record]:
    """Dwellings in reading order behind a key."""
    return await conn.fetch(DWELLING_PAGE, compound_id, building, grid_id, *after, limit)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
