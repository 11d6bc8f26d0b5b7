"""What else a clerk gives somebody of the book: a temporary pass for a purpose, a pass for a vehicle (R2.4)."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import passes as passes_api
from services.registry.api import people as people_api
from services.registry.api import vehicles as vehicles_api
from services.registry.api.common import Running
from services.registry.api.passes import TemporaryPassBody
from services.registry.api.vehicles import VehicleBody, VehiclePassBody
from services.registry.handlers import policy
from services.registry.pages.common import Ask, leads_to, pages_of, status_of
from services.registry.pages.entered import Entered, Typed, judged, told_of
from shared.http.access import Caller, Role
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_TEMPORARY = ("request_id", "compound", "purpose", "first_day", "days", "daily_from", "daily_until", "reason")


@router.get("/people/{person_ref}/passes")
async def pass_forms(request: Request, person_ref: UUID, who: Caller, context: Running) -> Response:
    """Show what can be given; the reading of the person is recorded."""
    typed = Entered.of(
        request_id=str(uuid7()),
        vehicle_ref=str(uuid7()),
        first_day=context.clock.today().isoformat(),
        days="1",
        daily_from="08:00",
        daily_until="18:00",
    )
    return await _forms(Ask(request, who, context), person_ref, typed)


@router.post("/people/{person_ref}/passes")
async def give(request: Request, person_ref: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Issue a temporary pass, or register a vehicle and issue its pass; sent again, neither is a second one."""
    try:
        if typed["act"] == "temporary":
            stated = {name: typed[name] for name in _TEMPORARY if typed[name]}
            body = judged(TemporaryPassBody, stated | {"person_ref": person_ref})
            issued = await passes_api.issue_temporary_pass(body, who, context, Response())
            return leads_to(request, f"/passes/{issued.pass_id}?issued=1")
        stated = {name: typed[name] for name in ("vehicle_ref", "plate", "dwelling_id") if typed[name]}
        vehicle = judged(VehicleBody, stated | {"person_ref": person_ref})
        kept = await vehicles_api.register_vehicle(vehicle, who, context, Response())
        asked = VehiclePassBody.model_validate(
            {"request_id": vehicle.vehicle_ref, "vehicle_ref": kept.vehicle_ref, "compound": kept.compound}
        )
        await vehicles_api.issue_vehicle_pass(asked, who, context, Response())
    except Refusal as refused:
        return await _forms(Ask(request, who, context), person_ref, typed, refused=refused)
    return leads_to(request, f"/passes?compound={kept.compound}&kind=vehicle")


async def _forms(ask: Ask, person_ref: UUID, typed: Entered, *, refused: Refusal | None = None) -> Response:
    context = ask.context
    person = await people_api.read_person(person_ref, ask.who, context)
    async with context.database.read() as conn:
        rules = (await policy.in_force(conn, context.clock.today())).document.temporary_passes
    told = told_of(ask.request, refused)
    return pages_of(ask.request).render(
        ask.request,
        "person_passes.html",
        status=status_of(ask.request, told.status if told else None),
        person=person,
        kinds=[kind for kind in rules.kinds if Role.COMMUNITY_CLERK in kind.roles] if rules else [],
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
    )
