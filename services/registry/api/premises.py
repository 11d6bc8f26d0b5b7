"""Compounds, checkpoints and the address list over HTTP (R1.1, R2.1, R4.3)."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import StringConstraints

from services.registry.api.common import Day, Running, cause
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.premises import AddressKey, Checkpoint, Compound, Traffic
from services.registry.handlers import premises as handlers
from services.registry.store import premises as store
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import PLACE_CODE, CheckpointId, CompoundId

router = APIRouter(tags=["premises"])

PlaceCode = Annotated[str, StringConstraints(pattern=PLACE_CODE)]
CompoundPath = Annotated[PlaceCode, Path(examples=["lj-001"])]
_DWELLING_CURSOR = Cursor(int, str, int, str, int, str)


class CheckpointAnswer(Answer):
    """A checkpoint."""

    checkpoint_id: str
    compound_id: str
    name: str
    traffic: Literal["mixed", "pedestrian"]
    opened_on: date
    open: bool


class CompoundAnswer(Answer):
    """A compound. Nothing in it is personal."""

    compound_id: str
    neighbourhood_id: str
    name: str
    building_type: str
    address: str
    area_m2: int
    buildings: int | None
    households: int | None
    mode: Literal["closed", "staffed"]
    property_company: str | None


class CompoundDetail(CompoundAnswer):
    """A compound with its checkpoints."""

    checkpoints: list[CheckpointAnswer]


class CheckpointBody(Body):
    """A checkpoint to open. `checkpoint_id` is the office's own number, so a repeat is the same checkpoint."""

    checkpoint_id: PlaceCode
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    traffic: Traffic
    opened_on: Day


class DwellingAnswer(Answer):
    """A line of the address list: who lives there is not part of it."""

    dwelling_id: UUID
    compound_id: str
    grid_id: str
    building: str
    unit: str
    room: str
    shown: str
    address: str
    occupancy: Literal["owner_occupied", "let", "empty"]


@router.get("/v1/compounds", summary="The compounds of the town")
async def list_compounds(who: Caller, context: Running) -> list[CompoundAnswer]:
    """List the compounds within the caller's scope, by number; a town has some fifty."""
    async with context.database.read() as conn:
        found = await store.compounds(conn)
    return [CompoundAnswer.model_validate(_told(one)) for one in found.values() if _reaches(who, one)]


@router.get("/v1/compounds/{compound_id}", summary="A compound with its checkpoints")
async def read_compound(compound_id: CompoundPath, who: Caller, context: Running) -> CompoundDetail:
    """Tell a compound and its checkpoints."""
    async with context.database.read() as conn:
        found = _required(await store.compound(conn, compound_id))
        who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
        checkpoints = await store.checkpoints(conn, compound_id)
    told = [_checkpoint(place, is_open=is_open) for place, is_open in checkpoints.values()]
    return CompoundDetail.model_validate({**_told(found), "checkpoints": told})


@router.post("/v1/compounds/{compound_id}/checkpoints", summary="Open a checkpoint", status_code=201)
async def open_checkpoint(
    compound_id: CompoundPath, body: CheckpointBody, who: Caller, context: Running, response: Response
) -> CheckpointAnswer:
    """Open a checkpoint within the limit in force; the same one again is no second (200).

    409 `checkpoint_limit` names the rule (`town` or `city`) and its number.
    """
    place = Checkpoint(
        checkpoint_id=CheckpointId(body.checkpoint_id),
        compound_id=CompoundId(compound_id),
        name=body.name,
        traffic=body.traffic,
        opened_on=body.opened_on,
        note=None,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = _required(await store.compound(tx, compound_id))
        who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
        new = await handlers.open_checkpoint(place, tx=tx)
    response.status_code = 201 if new else 200
    return _checkpoint(place, is_open=True)


@router.get("/v1/compounds/{compound_id}/dwellings", summary="The address list of a compound")
async def list_dwellings(
    *,
    compound_id: CompoundPath,
    who: Caller,
    context: Running,
    building: Annotated[str | None, Query(max_length=50, examples=["3幢"])] = None,
    grid_id: Annotated[PlaceCode | None, Query()] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[DwellingAnswer]:
    """List dwellings in reading order (2幢 before 10幢), for choosing one at the counter."""
    start = _DWELLING_CURSOR.read(after) if after else store.START
    async with context.database.read() as conn:
        found = _required(await store.compound(conn, compound_id))
        who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
        rows = await store.dwelling_page(
            conn, compound_id, building=building, grid_id=grid_id, after=start, limit=limit + 1
        )
    items = [
        DwellingAnswer(
            dwelling_id=row["dwelling_id"],
            compound_id=compound_id,
            grid_id=row["grid_id"],
            building=row["building"],
            unit=row["unit"],
            room=row["room"],
            shown=AddressKey(found.compound_id, row["building"], row["unit"], row["room"]).shown(),
            address=row["address"],
            occupancy=row["occupancy"],
        )
        for row in rows[:limit]
    ]
    if len(rows) <= limit:
        return Page(items=items)
    last = rows[limit - 1]
    order = ("building_order", "building", "unit_order", "unit", "room_order", "room")
    return Page(items=items, next=_DWELLING_CURSOR.write(*(last[part] for part in order)))


def _required(found: Compound | None) -> Compound:
    if found is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    return found


def _reaches(who: Principal, compound: Compound) -> bool:
    return who.reaches(compound=compound.compound_id, neighbourhood=compound.neighbourhood_id)


def _told(compound: Compound) -> dict[str, object]:
    return {name: getattr(compound, name) for name in CompoundAnswer.model_fields}


def _checkpoint(place: Checkpoint, *, is_open: bool) -> CheckpointAnswer:
    return CheckpointAnswer(
        checkpoint_id=place.checkpoint_id,
        compound_id=place.compound_id,
        name=place.name,
        traffic=place.traffic.value,
        opened_on=place.opened_on,
        open=is_open,
    )
