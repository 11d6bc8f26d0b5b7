"""Entering and correcting places one by one: what was there before is kept, and the town is told (R4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

import asyncpg

from services.registry.domain.corrections import (
    AddressTaken,
    DwellingInhabited,
    GridOfAnother,
    GridUnknown,
    NeighbourhoodUnknown,
    decide_correction,
)
from services.registry.domain.errors import CompoundUnknown, DwellingUnknown
from services.registry.domain.premises import (
    AddressKey,
    Compound,
    Dwelling,
    Grid,
    Neighbourhood,
    Occupancy,
    order_of,
)
from services.registry.handlers import addresses
from services.registry.handlers.premises_events import tell_addresses, tell_compounds, tell_households
from services.registry.store import places as store
from services.registry.store import premises as premises_store
from shared.db.pool import Rejections, Tx
from shared.events.registry.places import GridRegistered
from shared.kernel.ids import CompoundId, GridId
from shared.kernel.refusal import SameIdOtherContent

T = TypeVar("T")

REJECTIONS: Rejections = {
    "checkpoint_pkey": SameIdOtherContent(
        "该卡口编号已用于其他内容。This checkpoint is described otherwise.", field="checkpoint_id"
    ),
    "dwelling_once": AddressTaken(
        "标准地址表已有该楼栋、单元、室号。The address list has this dwelling already.", field="room"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Generic[T]):
    """A place as it is in the book now."""

    place: T
    version: int
    new: bool = False


async def save_neighbourhood(place: Neighbourhood, *, seen: int, tx: Tx) -> Kept[Neighbourhood]:
    """Enter or correct a neighbourhood.

    Raises:
        ChangedMeanwhile: see `decide_correction`.
    """
    await store.lock_place(tx, "neighbourhood", place.neighbourhood_id)
    version = await store.neighbourhood_version(tx, place.neighbourhood_id)
    held = (await premises_store.neighbourhoods(tx)).get(place.neighbourhood_id)
    if decide_correction(held, place, version=version, seen=seen):
        await premises_store.save_neighbourhoods(tx, [place])
        version += 1
        if held and held.name != place.name:
            await tell_compounds(tx, {}, renamed=[place.neighbourhood_id])
    return Kept(place=place, version=version, new=held is None)


async def save_compound(place: Compound, *, seen: int, tx: Tx) -> Kept[Compound]:
    """Enter or correct a compound.

    An area that allows fewer checkpoints than are open closes none: the compound's sheet says so.

    Raises:
        NeighbourhoodUnknown, ChangedMeanwhile: as their names say.
    """
    await store.lock_place(tx, "compound", place.compound_id)
    await store.lock_place(tx, "neighbourhood", place.neighbourhood_id)  # whose name is told with it
    if place.neighbourhood_id not in await premises_store.neighbourhoods(tx):
        raise NeighbourhoodUnknown(
            "没有这个社区（村）。There is no such neighbourhood.", field="neighbourhood_id"
        )
    version = await store.compound_version(tx, place.compound_id)
    held = await premises_store.compound(tx, place.compound_id)
    if decide_correction(held, place, version=version, seen=seen):
        saved = await premises_store.save_compounds(tx, [place])
        await tell_compounds(tx, saved)
        version = saved[place.compound_id]
    return Kept(place=place, version=version, new=held is None)


async def save_grid(place: Grid, *, seen: int, tx: Tx) -> Kept[Grid]:
    """Enter or correct a grid. How many dwellings lie in it is counted, never stated here.

    Raises:
        CompoundUnknown, GridOfAnother, ChangedMeanwhile: as their names say.
    """
    await store.lock_place(tx, "grid", place.grid_id)
    await _compound(tx, place.compound_id)
    row = await store.grid(tx, place.grid_id)
    held = _grid(row) if row else None
    if held and held.compound_id != place.compound_id:
        raise GridOfAnother("该网格属于另一小区。The grid lies in another compound.", field="grid_id")
    place = replace(place, dwellings=held.dwellings if held else 0)
    version = row["version"] if row else 0
    if decide_correction(held, place, version=version, seen=seen):
        version = (await premises_store.save_grids(tx, [place]))[place.grid_id]
        told = GridRegistered(grid=place.grid_id, compound=place.compound_id, dwellings=place.dwellings)
        await tx.publish(told, version=version)
    return Kept(place=place, version=version, new=held is None)


async def add_dwelling(dwelling_id: UUID, place: Dwelling, *, tx: Tx) -> Kept[Dwelling]:
    """Enter a dwelling into the address list; the same one again is one (R4.1).

    Raises:
        CompoundUnknown, GridUnknown: as their names say.
        SameIdOtherContent: the id was used for another dwelling.
        AddressTaken: the list has this address, by its constraint.
    """
    await store.lock_place(tx, "dwelling", dwelling_id)
    await _compound(tx, place.key.compound_id)
    held = await store.dwellings_for_update(tx, [dwelling_id])
    if held:
        if _dwelling(held[0]) != place:
            raise SameIdOtherContent(
                "该编号已用于另一房屋。This id was used for another dwelling.", field="dwelling_id"
            )
        return Kept(place=place, version=held[0]["version"])
    await _grid_of(tx, place.grid_id, place.key.compound_id)
    await premises_store.add_dwellings(tx, [(dwelling_id, place)])
    empty = [dwelling_id] if place.occupancy is Occupancy.EMPTY else []
    await tell_households(tx, fresh_and_empty=empty, changed=[])
    await tell_addresses(tx, [place.grid_id])
    return Kept(place=place, version=1, new=True)


async def correct_dwelling(dwelling_id: UUID, place: Dwelling, *, seen: int, tx: Tx) -> Kept[Dwelling]:
    """Correct a dwelling: its address, occupancy or grid; building, unit and room only where nobody lives.

    Raises:
        DwellingUnknown, GridUnknown, ChangedMeanwhile, DwellingInhabited: as their names say.
        AddressTaken: the list has this address, by its constraint.
    """
    rows = await store.dwellings_for_update(tx, [dwelling_id])
    if not rows or rows[0]["compound_id"] != place.key.compound_id:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    held, version = _dwelling(rows[0]), rows[0]["version"]
    if not decide_correction(held, place, version=version, seen=seen):
        return Kept(place=held, version=version)
    await _grid_of(tx, place.grid_id, place.key.compound_id)
    if held.key != place.key and await store.inhabited(tx, dwelling_id):
        raise DwellingInhabited(
            "已有人员登记在该房屋，楼栋、单元、室号不能改。Somebody is registered at this dwelling; its building, "
            "unit and room stay.",
            field="room",
            remedy="新增正确的地址，再办理人员迁移。Enter the right address, then move the people there.",
        )
    await premises_store.change_dwellings(tx, [(dwelling_id, place)])
    if held.key != place.key:
        key = place.key
        orders = [order_of(part) for part in (key.building, key.unit, key.room)]
        await tx.execute(store.RENAME_DWELLING, dwelling_id, key.building, key.unit, key.room, *orders)
    await tell_households(tx, fresh_and_empty=[], changed=[dwelling_id])
    if held.grid_id != place.grid_id:
        await addresses.follow_grid(tx, [dwelling_id])
        await tell_addresses(tx, sorted([held.grid_id, place.grid_id]))
    return Kept(place=place, version=version + 1)


async def move_dwellings(
    compound_id: CompoundId, grid_id: GridId, dwellings: Sequence[UUID], *, tx: Tx
) -> int:
    """Put dwellings of the compound into one of its grids; tells how many were in another (R3.2).

    Raises:
        GridUnknown, DwellingUnknown: as their names say; then none is moved.
    """
    rows = await store.dwellings_for_update(tx, sorted(set(dwellings)))
    known = {row["dwelling_id"] for row in rows if row["compound_id"] == compound_id}
    if missing := [one for one in dwellings if one not in known]:
        raise DwellingUnknown(
            "该小区没有这套房屋。The compound has no such dwelling.",
            field=f"dwelling_ids.{list(dwellings).index(missing[0])}",
        )
    await _grid_of(tx, grid_id, compound_id)
    moving = [
        (row["dwelling_id"], replace(_dwelling(row), grid_id=grid_id))
        for row in rows
        if row["grid_id"] != grid_id
    ]
    if moving:
        await premises_store.change_dwellings(tx, moving)
        await tell_households(tx, fresh_and_empty=[], changed=[dwelling_id for dwelling_id, _ in moving])
        await addresses.follow_grid(tx, [dwelling_id for dwelling_id, _ in moving])
        left = {row["grid_id"] for row in rows if row["grid_id"] != grid_id}
        await tell_addresses(tx, sorted(left | {grid_id}))
    return len(moving)


async def _compound(tx: Tx, compound_id: str) -> Compound:
    found = await premises_store.compound(tx, compound_id)
    if found is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    return found


async def _grid_of(tx: Tx, grid_id: str, compound_id: str) -> None:
    found = (await premises_store.grids(tx)).get(grid_id)
    if found is None or found.compound_id != compound_id:
        raise GridUnknown("该小区没有这个网格。The compound has no such grid.", field="grid_id")


def _grid(row: asyncpg.Record) -> Grid:
    return Grid(
        grid_id=row["grid_id"],
        compound_id=row["compound_id"],
        name=row["name"],
        span=row["span"],
        dwellings=row["dwellings"],
    )


def _dwelling(row: asyncpg.Record) -> Dwelling:
    return Dwelling(
        key=AddressKey(row["compound_id"], row["building"], row["unit"], row["room"]),
        grid_id=row["grid_id"],
        address=row["address"],
        occupancy=Occupancy(row["occupancy"]),
    )
