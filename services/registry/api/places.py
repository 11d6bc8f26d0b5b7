"""Entering and correcting places over HTTP, and what they were before (R1.1, R3.2, R4.3)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Instant, Running, cause
from services.registry.api.premises import CompoundAnswer, CompoundPath, DwellingAnswer, PlaceCode, required
from services.registry.domain.corrections import PlaceKind
from services.registry.domain.errors import DwellingUnknown
from services.registry.domain.premises import (
    AddressKey,
    BuildingType,
    Compound,
    Dwelling,
    Grid,
    Mode,
    Neighbourhood,
    NeighbourhoodKind,
    Occupancy,
    building_name,
    room_name,
)
from services.registry.handlers import places as handlers
from services.registry.store import history
from services.registry.store import places as store
from services.registry.store import premises as premises_store
from shared.db.pool import Conn, Tx
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.cells import compact
from shared.kernel.ids import CompoundId, GridId, NeighbourhoodId

router = APIRouter(tags=["premises"])
_AFTER = Cursor(Instant, str, str, int)
_START = (datetime.fromisoformat("2000-01-01T00:00:00+00:00"), "", "", 0)

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Part = Annotated[str, StringConstraints(max_length=30)]
NamedPart = Annotated[str, StringConstraints(min_length=1, max_length=30)]
Count = Annotated[int, Field(ge=0, lt=1_000_000)]
Seen = Annotated[int, Field(ge=0, lt=2**31, description="The version that was looked at; 0 for a new entry.")]
NeighbourhoodPath = Annotated[PlaceCode, Path(examples=["yq"])]
GridPath = Annotated[PlaceCode, Path(examples=["lj-001-w01"])]


class NeighbourhoodBody(Body):
    """A neighbourhood: 社区 or 村."""

    version: Seen
    name: Name
    kind: NeighbourhoodKind


class NeighbourhoodAnswer(Answer):
    """A neighbourhood, and how many compounds it has."""

    neighbourhood_id: str
    name: str
    kind: NeighbourhoodKind
    version: int
    compounds: int


class CompoundBody(Body):
    """A compound. `area_m2` is the floor area that decides how many checkpoints it may have."""

    version: Seen
    neighbourhood_id: PlaceCode
    name: Name
    building_type: BuildingType
    address: Text
    area_m2: Annotated[int, Field(ge=1, lt=100_000_000)]
    buildings: Count | None = None
    households: Count | None = None
    mode: Mode
    property_company: Name | None = None
    note: Text | None = None


class CompoundKept(CompoundAnswer):
    """A compound as it is in the book now, with its version."""

    note: str | None
    version: int


class GridBody(Body):
    """A grid of the compound. How many dwellings lie in it is counted."""

    version: Seen
    name: Name
    span: Text | None = None


class GridAnswer(Answer):
    """A grid with the dwellings that lie in it."""

    grid_id: str
    compound_id: str
    name: str
    span: str | None
    dwellings: int
    version: int


class DwellingMoveBody(Body):
    """Dwellings of the compound that belong to this grid from now on."""

    dwelling_ids: Annotated[list[UUID], Field(min_length=1, max_length=2_000)]


class MovedAnswer(Answer):
    """How many of them were in another grid, and how many lie in this one now."""

    moved: int
    dwellings: int


class NewDwellingBody(Body):
    """A line of the address list. `dwelling_id` is made by the client and makes a repeat harmless."""

    dwelling_id: UUID
    grid_id: PlaceCode
    building: NamedPart
    unit: Part = ""
    room: NamedPart
    address: Text
    occupancy: Occupancy


class DwellingBody(Body):
    """A corrected dwelling. Building, unit and room can be corrected while nobody is registered there."""

    version: Seen
    grid_id: PlaceCode
    building: NamedPart
    unit: Part = ""
    room: NamedPart
    address: Text
    occupancy: Occupancy


class DwellingKept(DwellingAnswer):
    """A dwelling as it is in the address list now, with its version."""

    version: int


class HistoryLine(Answer):
    """A change to a place of the compound: what it was until then, and who changed it."""

    kind: PlaceKind
    place_id: str
    version: int
    until: datetime
    changed_by: str
    was: dict[str, Any]


@router.get("/v1/neighbourhoods", summary="The neighbourhoods of the town")
async def list_neighbourhoods(_who: Caller, context: Running) -> list[NeighbourhoodAnswer]:
    """List them all, by number; a town has about ten."""
    async with context.database.read() as conn:
        rows = await conn.fetch(store.NEIGHBOURHOOD_LINES)
    return [NeighbourhoodAnswer(**dict(row)) for row in rows]


@router.put("/v1/neighbourhoods/{neighbourhood_id}", summary="Enter or correct a neighbourhood")
async def save_neighbourhood(
    neighbourhood_id: NeighbourhoodPath,
    body: NeighbourhoodBody,
    who: Caller,
    context: Running,
    response: Response,
) -> NeighbourhoodAnswer:
    """Enter it (201) or correct it (200). 409 `changed_meanwhile`: somebody else did, look at theirs first."""
    who.require_town()
    place = Neighbourhood(neighbourhood_id=NeighbourhoodId(neighbourhood_id), name=body.name, kind=body.kind)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        kept = await handlers.save_neighbourhood(place, seen=body.version, tx=tx)
        rows = await tx.fetch(store.NEIGHBOURHOOD_LINES)
    response.status_code = 201 if kept.new else 200
    return next(
        NeighbourhoodAnswer(**dict(row)) for row in rows if row["neighbourhood_id"] == neighbourhood_id
    )


@router.put("/v1/compounds/{compound_id}", summary="Enter or correct a compound")
async def save_compound(
    compound_id: CompoundPath, body: CompoundBody, who: Caller, context: Running, response: Response
) -> CompoundKept:
    """Enter it (201) or correct it (200), and tell every service. Checkpoints stay as they are."""
    place = Compound(
        compound_id=CompoundId(compound_id),
        neighbourhood_id=NeighbourhoodId(body.neighbourhood_id),
        **body.model_dump(exclude={"version", "neighbourhood_id"}),
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        held = await premises_store.compound(tx, compound_id)
        for one in (place, held) if held else (place,):
            who.require_compound(one.compound_id, neighbourhood=one.neighbourhood_id)
        kept = await handlers.save_compound(place, seen=body.version, tx=tx)
    response.status_code = 201 if kept.new else 200
    told = {name: getattr(kept.place, name) for name in CompoundKept.model_fields if name != "version"}
    return CompoundKept(**told, version=kept.version)


@router.get("/v1/compounds/{compound_id}/grids", summary="The grids of a compound")
async def list_grids(compound_id: CompoundPath, who: Caller, context: Running) -> list[GridAnswer]:
    """List them with the dwellings that lie in each; every dwelling lies in exactly one (R3.2)."""
    async with context.database.read() as conn:
        await reached(conn, compound_id, who)
        rows = await store.grids_of(conn, compound_id)
    return [GridAnswer(**dict(row)) for row in rows]


@router.put("/v1/compounds/{compound_id}/grids/{grid_id}", summary="Enter or correct a grid")
async def save_grid(
    *,
    compound_id: CompoundPath,
    grid_id: GridPath,
    body: GridBody,
    who: Caller,
    context: Running,
    response: Response,
) -> GridAnswer:
    """Enter it (201) or correct it (200)."""
    place = Grid(
        grid_id=GridId(grid_id),
        compound_id=CompoundId(compound_id),
        name=body.name,
        span=body.span,
        dwellings=0,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        kept = await handlers.save_grid(place, seen=body.version, tx=tx)
        told = await _grid(tx, compound_id, grid_id)
    response.status_code = 201 if kept.new else 200
    return told


@router.post("/v1/compounds/{compound_id}/grids/{grid_id}/dwellings", summary="Move dwellings into a grid")
async def move_dwellings(
    compound_id: CompoundPath, grid_id: GridPath, body: DwellingMoveBody, who: Caller, context: Running
) -> MovedAnswer:
    """Put dwellings into this grid and out of the one they were in; all of them or none. Repeats move nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        moved = await handlers.move_dwellings(
            CompoundId(compound_id), GridId(grid_id), body.dwelling_ids, tx=tx
        )
        told = await _grid(tx, compound_id, grid_id)
    return MovedAnswer(moved=moved, dwellings=told.dwellings)


@router.post("/v1/compounds/{compound_id}/dwellings", summary="Enter a dwelling", status_code=201)
async def add_dwelling(
    compound_id: CompoundPath, body: NewDwellingBody, who: Caller, context: Running, response: Response
) -> DwellingKept:
    """Enter a standard address: surveys count it from now on. The same one again is no second (200)."""
    place = _stated(compound_id, body)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        kept = await handlers.add_dwelling(body.dwelling_id, place, tx=tx)
    response.status_code = 201 if kept.new else 200
    return _dwelling(body.dwelling_id, kept)


@router.put("/v1/compounds/{compound_id}/dwellings/{dwelling_id}", summary="Correct a dwelling")
async def correct_dwelling(
    compound_id: CompoundPath, dwelling_id: UUID, body: DwellingBody, who: Caller, context: Running
) -> DwellingKept:
    """Correct a standard address, its use (自住, 出租, 空置) or its grid."""
    place = _stated(compound_id, body)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await reached(tx, compound_id, who)
        kept = await handlers.correct_dwelling(dwelling_id, place, seen=body.version, tx=tx)
    return _dwelling(dwelling_id, kept)


@router.get("/v1/compounds/{compound_id}/dwellings/{dwelling_id}", summary="A dwelling")
async def read_dwelling(
    compound_id: CompoundPath, dwelling_id: UUID, who: Caller, context: Running
) -> DwellingKept:
    """Tell a line of the address list with its version, for correcting it. Who lives there is not part of it."""
    async with context.database.read() as conn:
        await reached(conn, compound_id, who)
        row = await premises_store.dwelling(conn, dwelling_id)
    if row is None or row["compound_id"] != compound_id:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    key = AddressKey(row["compound_id"], row["building"], row["unit"], row["room"])
    place = Dwelling(
        key=key, grid_id=row["grid_id"], address=row["address"], occupancy=Occupancy(row["occupancy"])
    )
    return _dwelling(dwelling_id, handlers.Kept(place=place, version=row["version"]))


@router.get("/v1/compounds/{compound_id}/history", summary="What the places of a compound were before")
async def read_history(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    kind: Annotated[PlaceKind | None, Query()] = None,
    place_id: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[HistoryLine]:
    """List every version that was overwritten, the oldest first: what it said, until when, and who changed it."""
    at, of_kind, of_place, version = _AFTER.read(after) if after else _START
    async with context.database.read() as conn:
        await reached(conn, compound_id, who)
        rows = await history.of_compound(
            conn,
            compound_id,
            kind=kind,
            place_id=place_id,
            after=(at, of_kind, of_place, version),
            limit=limit + 1,
        )
    items = [
        HistoryLine(
            kind=row["kind"],
            place_id=row["place_id"],
            version=row["version"],
            until=row["changed_at"],
            changed_by=row["changed_by"],
            was=row["state"],
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(items=items, next=_AFTER.write(last.until, last.kind, last.place_id, last.version))


async def reached(conn: Conn, compound_id: str, who: Principal) -> Compound:
    """The compound, when the caller may touch it.

    Raises:
        CompoundUnknown, OutOfScope: as their names say.
    """
    found = required(await premises_store.compound(conn, compound_id))
    who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
    return found


async def _grid(tx: Tx, compound_id: str, grid_id: str) -> GridAnswer:
    rows = await store.grids_of(tx, compound_id)
    return next(GridAnswer(**dict(row)) for row in rows if row["grid_id"] == grid_id)


def _stated(compound_id: str, body: NewDwellingBody | DwellingBody) -> Dwelling:
    # As lists and intakes are read.
    building, unit, room = map(compact, (body.building, body.unit, body.room))
    key = AddressKey(CompoundId(compound_id), building_name(building), unit, room_name(room))
    return Dwelling(key=key, grid_id=GridId(body.grid_id), address=body.address, occupancy=body.occupancy)


def _dwelling(dwelling_id: UUID, kept: handlers.Kept[Dwelling]) -> DwellingKept:
    key = kept.place.key
    return DwellingKept(
        dwelling_id=dwelling_id,
        compound_id=key.compound_id,
        grid_id=kept.place.grid_id,
        building=key.building,
        unit=key.unit,
        room=key.room,
        shown=key.shown(),
        address=kept.place.address,
        occupancy=kept.place.occupancy.value,
        version=kept.version,
    )
