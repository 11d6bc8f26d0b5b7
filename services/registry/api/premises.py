"""Compounds, checkpoints and the address list over HTTP (R1.1, R2.1, R4.3)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import StringConstraints

from services.registry.api.common import Day, Running, cause
from services.registry.domain.checkpoints import CheckpointState, ClosedFor, TemporaryFor
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.premises import AddressKey, Checkpoint, Compound, Traffic
from services.registry.handlers import premises as handlers
from services.registry.store import checkpoints as checkpoint_store
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
    """A checkpoint; a temporary one says for whom it stands, why and until when."""

    checkpoint_id: str
    compound_id: str
    name: str
    traffic: Literal["mixed", "pedestrian"]
    opened_on: date
    open: bool
    note: str | None
    policy_version: int
    temporary_for: TemporaryFor | None
    temporary_reason: str | None
    expires_at: datetime | None
    closed_at: datetime | None
    closed_for: ClosedFor | None
    version: int


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
    return [CompoundAnswer.model_validate(told(one)) for one in found.values() if _reaches(who, one)]


@router.get("/v1/compounds/{compound_id}", summary="A compound with its checkpoints")
async def read_compound(compound_id: CompoundPath, who: Caller, context: Running) -> CompoundDetail:
    """Tell a compound and its checkpoints."""
    async with context.database.read() as conn:
        found = required(await store.compound(conn, compound_id))
        who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
        gates = await checkpoint_store.states_of(conn, compound_id)
    now = context.clock.now()
    return CompoundDetail.model_validate(
        {**told(found), "checkpoints": [checkpoint_answer(gate, now) for gate in gates]}
    )


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
        found = required(await store.compound(tx, compound_id))
        who.require_compound(found.compound_id, neighbourhood=found.neighbourhood_id)
        new = await handlers.open_checkpoint(place, tx=tx)
        gate = await checkpoint_store.state(tx, place.checkpoint_id)
    assert gate is not None  # noqa: S101 -- opened above
    response.status_code = 201 if new else 200
    return checkpoint_answer(gate, context.clock.now())


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
        found = required(await store.compound(conn, compound_id))
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


def required(found: Compound | None) -> Compound:
    """The compound. Raises `CompoundUnknown` where there is none."""
    if found is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    return found


def _reaches(who: Principal, compound: Compound) -> bool:
    return who.reaches(compound=compound.compound_id, neighbourhood=compound.neighbourhood_id)


def told(compound: Compound) -> dict[str, object]:
    """What a compound's answer says of it."""
    return {name: getattr(compound, name) for name in CompoundAnswer.model_fields}


def checkpoint_answer(gate: CheckpointState, now: datetime) -> CheckpointAnswer:
    """A checkpoint as it stands at an instant."""
    return CheckpointAnswer(
        checkpoint_id=gate.checkpoint_id,
        compound_id=gate.compound_id,
        name=gate.name,
        traffic=gate.traffic.value,
        opened_on=gate.opened_on,
        open=gate.open_at(now),
        note=gate.note,
        policy_version=gate.policy_version,
        temporary_for=gate.temporary_for,
        temporary_reason=gate.temporary_reason,
        expires_at=gate.expires_at,
        closed_at=gate.closed_at,
        closed_for=gate.closed_for,
        version=gate.version,
    )
