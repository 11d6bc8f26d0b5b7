"""Vehicles and vehicle passes over HTTP (R2.3, R2.4). Lists show no plate; reading one is recorded."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import Field, StringConstraints

from services.registry import metrics
from services.registry.api.common import Running, cause, keeper_of, roles_of
from services.registry.api.passes import require_reach
from services.registry.domain.pass_life import PrintReason
from services.registry.domain.vehicles import PlateKind, VehicleRevocation, masked_plate
from services.registry.handlers import vehicles as handlers
from services.registry.handlers.vehicles import IssuedVehiclePass, RegisterVehicle
from services.registry.papers import pass_paper as pages
from services.registry.papers.pass_paper import Paper, SheetFormat
from services.registry.store import premises as premises_store
from services.registry.store import returnees as returnee_store
from services.registry.store import vehicles as store
from services.registry.store.vehicles import Vehicle, VehiclePass
from shared.audit.noting import note_reads
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId
from shared.pages.papers import paper

router = APIRouter(tags=["vehicles"])
_AFTER = Cursor(UUID)
_FIRST = UUID(int=0)

Plate = Annotated[str, StringConstraints(min_length=1, max_length=20)]


class VehicleBody(Body):
    """A vehicle of somebody who lives in a dwelling. `vehicle_ref` is made by the client."""

    vehicle_ref: UUID
    plate: Plate = Field(examples=["苏E·D12345"])
    person_ref: UUID
    dwelling_id: UUID


class PlateBody(Body):
    """A plate as it is written; blanks, dots and small letters do not matter."""

    plate: Plate


class VehicleAnswer(Answer):
    """A vehicle. `plate_kind` is `unusual` where the plate looks like none of the known kinds."""

    vehicle_ref: UUID
    plate: str
    plate_kind: PlateKind
    person_ref: UUID
    dwelling_id: UUID
    compound: str
    registered_at: datetime
    removed_at: datetime | None


class VehicleMoveBody(Body):
    """Where the owner lives now. `move_id` is made by the client and makes a repeat harmless."""

    move_id: UUID
    dwelling_id: UUID


class VehiclePassBody(Body):
    """Ask for a vehicle pass. `request_id` is made by the client."""

    request_id: UUID
    vehicle_ref: UUID
    compound: CompoundId = Field(examples=["lj-001"])


class VehiclePrintBody(Body):
    """Ask for a new print."""

    request_id: UUID
    reason: PrintReason


class VehicleRevokeBody(Body):
    """Why the pass becomes void."""

    reason: VehicleRevocation


class VehiclePassAnswer(Answer):
    """A vehicle pass; nothing in it names the plate or the owner."""

    vehicle_pass_id: UUID
    number: str
    serial: int
    vehicle_ref: UUID
    compound: str
    state: Literal["active", "revoked"]
    reason: str | None
    valid_from: datetime
    valid_until: datetime
    policy_version: int


class IssuedVehicleAnswer(VehiclePassAnswer):
    """A vehicle pass with the text of its QR code."""

    token: str = Field(description="`VP1:` and the signed pass in base45.")


@router.post("/v1/vehicles", summary="Register a vehicle", status_code=201)
async def register_vehicle(
    body: VehicleBody, who: Caller, context: Running, response: Response
) -> VehicleAnswer:
    """Enter a vehicle; whatever its plate looks like, it is kept. The same one again is no second (200)."""
    cmd = RegisterVehicle(
        vehicle_ref=body.vehicle_ref,
        plate=body.plate,
        person_ref=body.person_ref,
        dwelling_id=body.dwelling_id,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        if (place := await returnee_store.dwelling(tx, body.dwelling_id)) is not None:
            who.require_compound(place.compound, neighbourhood=place.neighbourhood, grid=place.grid)
        else:
            who.require_town()  # only whoever may see all dwellings is told that there is none
        found, new = await handlers.register(cmd, tx=tx, keeper=keeper_of(context))
        plate = await handlers.plate_of(found, context.vault)
    response.status_code = 201 if new else 200
    return vehicle_of(found, plate)


@router.post("/v1/vehicles/lookup", summary="Find a vehicle by its plate")
async def find_vehicle(body: PlateBody, who: Caller, context: Running) -> VehicleAnswer:
    """Tell whose vehicle has a plate; the reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.by_plate(tx, body.plate, context.vault)
        await require_reach(tx, found.compound, who)
        await note_reads(tx, action="vehicle.lookup", role=roles_of(who), refs=[found.person_ref])
        return vehicle_of(found, await handlers.plate_of(found, context.vault))


@router.get("/v1/vehicles/{vehicle_ref}", summary="A vehicle")
async def read_vehicle(vehicle_ref: UUID, who: Caller, context: Running) -> VehicleAnswer:
    """Tell a vehicle with its plate; the reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.existing(tx, vehicle_ref)
        await require_reach(tx, found.compound, who)
        await note_reads(tx, action="vehicle.read", role=roles_of(who), refs=[found.person_ref])
        return vehicle_of(found, await handlers.plate_of(found, context.vault))


@router.post("/v1/vehicles/{vehicle_ref}/dwelling", summary="Let a vehicle follow its owner")
async def relocate_vehicle(
    vehicle_ref: UUID, body: VehicleMoveBody, who: Caller, context: Running
) -> VehicleAnswer:
    """Put a vehicle to another dwelling of the compound where its owner lives now; its passes stay good."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, vehicle_ref)).compound, who)
        found = await handlers.relocate(vehicle_ref, body.move_id, body.dwelling_id, tx=tx)
        return vehicle_of(found, await handlers.plate_of(found, context.vault))


@router.post("/v1/vehicles/{vehicle_ref}/removal", summary="Take a vehicle out of the book")
async def remove_vehicle(vehicle_ref: UUID, who: Caller, context: Running) -> VehicleAnswer:
    """Void the passes of a sold or scrapped vehicle; a second time changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing(tx, vehicle_ref)).compound, who)
        found = await handlers.remove(vehicle_ref, tx=tx, keeper=keeper_of(context))
        return vehicle_of(found, await handlers.plate_of(found, context.vault))


@router.post("/v1/vehicle-passes", summary="Issue a vehicle pass", status_code=201)
async def issue_vehicle_pass(
    body: VehiclePassBody, who: Caller, context: Running, response: Response
) -> IssuedVehicleAnswer:
    """Issue one pass per vehicle and compound; asked twice, also at the same moment, the same pass (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, body.compound, who)
        issued = await handlers.issue(
            body.request_id, body.vehicle_ref, body.compound, tx=tx, vault=context.vault
        )
    if issued.new:
        metrics.PASSES_ISSUED.labels("vehicle").inc()
    response.status_code = 201 if issued.new else 200
    return _issued(issued)


@router.get("/v1/vehicle-passes", summary="The vehicle passes of a compound")
async def list_vehicle_passes(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    *,
    state: Annotated[Literal["active", "revoked"] | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[VehiclePassAnswer]:
    """List vehicle passes in the order in which they were issued."""
    last = _FIRST if after is None else _AFTER.read(after)[0]
    async with context.database.read() as conn:
        await require_reach(conn, compound, who)
        found = await store.page(conn, compound, state=state, after=last, limit=limit + 1)
    cut = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[VehiclePassAnswer.model_validate(vehicle_fields(one)) for one in found[:limit]],
        next=_AFTER.write(cut.vehicle_pass_id) if cut else None,
    )


@router.get("/v1/vehicle-passes/{vehicle_pass_id}", summary="A vehicle pass")
async def read_vehicle_pass(vehicle_pass_id: UUID, who: Caller, context: Running) -> VehiclePassAnswer:
    """Tell a vehicle pass and its state."""
    async with context.database.read() as conn:
        found = await handlers.existing_pass(conn, vehicle_pass_id)
        await require_reach(conn, found.compound, who)
    return VehiclePassAnswer.model_validate(vehicle_fields(found))


@router.get(
    "/v1/vehicle-passes/{vehicle_pass_id}/sheet", summary="Print a vehicle pass", response_class=HTMLResponse
)
async def print_sheet(
    vehicle_pass_id: UUID, who: Caller, context: Running, form: Annotated[SheetFormat, Query()] = "a4"
) -> HTMLResponse:
    """Lay a vehicle pass out for printing: its plate masked, the code without it."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.existing_pass(tx, vehicle_pass_id)
        await require_reach(tx, found.compound, who)
        vehicle, token = await handlers.printable(tx, found, context.vault)
        place = await premises_store.compound(tx, found.compound)
        await note_reads(tx, action="vehicle.sheet", role=roles_of(who), refs=[vehicle.person_ref])
        plate = await handlers.plate_of(vehicle, context.vault)
    printed = Paper(
        kind="vehicle",
        number=found.number,
        serial=found.serial,
        holder=masked_plate(plate),
        compound=place.name if place else found.compound,
        room="",
        starts=found.validity.starts,
        ends=found.validity.ends,
        token=token,
    )
    css = pages.STYLES[form]
    return paper(pages.sheet([printed]), title=pages.TITLE, css=css, settings=context.settings)


@router.post("/v1/vehicle-passes/{vehicle_pass_id}/prints", summary="Print again", status_code=201)
async def print_vehicle_pass(
    vehicle_pass_id: UUID, body: VehiclePrintBody, who: Caller, context: Running, response: Response
) -> IssuedVehicleAnswer:
    """Give a lost vehicle pass its next serial; every copy before it dies. Asked twice, printed once (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing_pass(tx, vehicle_pass_id)).compound, who)
        issued = await handlers.print_again(
            vehicle_pass_id, body.request_id, body.reason, tx=tx, vault=context.vault
        )
    response.status_code = 201 if issued.new else 200
    return _issued(issued)


@router.post("/v1/vehicle-passes/{vehicle_pass_id}/revoke", summary="Revoke a vehicle pass")
async def revoke_vehicle_pass(
    vehicle_pass_id: UUID, body: VehicleRevokeBody, who: Caller, context: Running
) -> VehiclePassAnswer:
    """Make a vehicle pass void for good; a second time changes nothing, also not the reason."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await handlers.existing_pass(tx, vehicle_pass_id)).compound, who)
        found = await handlers.revoke(vehicle_pass_id, body.reason, tx=tx)
    return VehiclePassAnswer.model_validate(vehicle_fields(found))


def vehicle_of(found: Vehicle, plate: str) -> VehicleAnswer:
    """A vehicle as answers show it."""
    return VehicleAnswer(
        vehicle_ref=found.vehicle_ref,
        plate=plate,
        plate_kind=found.plate_kind,
        person_ref=found.person_ref,
        dwelling_id=found.dwelling_id,
        compound=found.compound,
        registered_at=found.registered_at,
        removed_at=found.removed_at,
    )


def _issued(issued: IssuedVehiclePass) -> IssuedVehicleAnswer:
    return IssuedVehicleAnswer.model_validate({**vehicle_fields(issued.vehicle_pass), "token": issued.token})


def vehicle_fields(found: VehiclePass) -> dict[str, object]:
    """What every answer about a vehicle pass shows."""
    return {
        "vehicle_pass_id": found.vehicle_pass_id,
        "number": found.number,
        "serial": found.serial,
        "vehicle_ref": found.vehicle_ref,
        "compound": found.compound,
        "state": found.state,
        "reason": found.reason,
        "valid_from": found.validity.starts,
        "valid_until": found.validity.ends,
        "policy_version": found.policy_version,
    }
