"""Who was registered as back: a list by state, one intake with what comes next, and correcting it (R2.7, O3)."""

from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import returnee_corrections as corrections_api
from services.registry.api import returnees as api
from services.registry.api import risk as risk_api
from services.registry.api.common import Running
from services.registry.api.returnee_corrections import IntakeCorrectionBody
from services.registry.api.returnees import ReturneeProfile, State
from services.registry.domain.returnees import STRICTNESS
from services.registry.pages.common import (
    Ask,
    Hidden,
    leads_to,
    may,
    pages_of,
    places_of,
    status_of,
    views_at,
)
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from services.registry.pages.trips import CHOICES, days_back, picked, resolved, shown_as, spelled, via_rows
from shared.context import Context
from shared.http.access import Caller
from shared.http.paging import After
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()
_SHOWN = 50


@router.get("/returnees")
async def returnee_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    state: Annotated[State | Literal[""], Query()] = "",
    hidden: Hidden = None,
    after: After = None,
) -> Response:
    """List the intakes of a compound in the order of their recording, by pseudonym."""
    places = await places_of(context, who, compound)
    page = (
        await api.list_returnees(places.id, who, context, state=state or None, after=after, limit=_SHOWN)
        if places.chosen
        else None
    )
    return pages_of(request).render(
        request,
        "returnee_list.html",
        views=await views_at(Ask(request, who, context), places),
        hidden=frozenset(hidden or ()),
        places=places,
        page=page,
        state=state,
        states=get_args(State),
        paged=after is not None,
        told=None,
        may_register=may(who, "POST /v1/returnees"),
    )


@router.get("/returnees/{intake_id}")
async def returnee(
    request: Request, intake_id: UUID, who: Caller, context: Running, *, saved: bool = False
) -> Response:
    """Show an intake with its days and what comes next; the reading is recorded."""
    told = await api.read_returnee(intake_id, who, context)
    return pages_of(request).render(
        request,
        "returnee.html",
        one=told,
        saved=saved,
        rule=one_language(told.rule, language_of(request)),
        first_day=told.anchor_date + timedelta(days=1),
        places=await _names(context, [told.origin_code, *(via.code for via in told.via)]),
        today=context.clock.today(),
        may_register=may(who, "POST /v1/returnees"),
        may_correct=may(who, "POST /v1/returnees/{intake_id}/corrections"),
        may_sheet=may(who, "GET /v1/people/{person_ref}/sheet"),
    )


@router.get("/returnees/{intake_id}/correction")
async def correction_form(request: Request, intake_id: UUID, who: Caller, context: Running) -> Response:
    """Show the trip as it is stated now, to be put right."""
    told = await api.read_returnee(intake_id, who, context)
    names = await _names(context, [told.origin_code, *(via.code for via in told.via)])
    typed = Entered.of(
        correction_id=str(uuid7()),
        origin=names[told.origin_code],
        trip__arrived_on=told.arrived_on.isoformat(),
        trip__transport=told.transport,
        trip__transport_number=told.transport_number or "",
        trip__proof="yes" if told.proof else "no",
        trip__proof_kind=told.proof_kind or "",
        choice__measure="" if told.measure == told.proposed else told.measure,
        choice__approved_by=told.approved_by or "",
    )
    vias = {f"via.{nth}.place": names[via.code] for nth, via in enumerate(told.via)}
    vias |= {f"via.{nth}.last_day": via.last_day.isoformat() for nth, via in enumerate(told.via)}
    return await _correction(request, told, context, typed.but(vias))


@router.post("/returnees/{intake_id}/correction")
async def correct(request: Request, intake_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Put an intake right; measure and days are decided anew, and observation follows."""
    typed = picked(typed)
    try:
        if typed["act"] in {"more", "next"}:  # not saved yet: only shown again
            raise Misfilled({})
        trip = await resolved(context, typed)
        typed = trip.typed
        if trip.faults:
            raise Misfilled(trip.faults)
        stated: dict[str, Any] = {
            "correction_id": typed["correction_id"],
            "reason": typed["reason"],
            "trip": trip.trip,
            "choice": typed.nested("choice.") if typed["choice.measure"] else {},
        }
        body = judged(IntakeCorrectionBody, stated, shown=shown_as(typed))
        await corrections_api.correct_intake(intake_id, body, who, context, Response())
    except Refusal as refused:
        told = await api.read_returnee(intake_id, who, context)
        shown = None if isinstance(refused, Misfilled) and not refused.faults else refused
        return await _correction(request, told, context, typed, refused=shown)
    return leads_to(request, f"/returnees/{intake_id}?saved=1")


async def _correction(
    request: Request,
    one: ReturneeProfile,
    context: Context,
    typed: Entered,
    *,
    refused: Refusal | None = None,
) -> Response:
    told = told_of(request, refused, shown={"trip.origin_code": "origin"} | shown_as(typed))
    candidates = (await resolved(context, typed)).candidates
    return pages_of(request).render(
        request,
        "returnee_correction.html",
        status=status_of(request, told.status if told else None),
        one=one,
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "origin",
        candidates=candidates,
        days=days_back(context.clock.today()),
        via_rows=via_rows(typed),
        choices=CHOICES,
        measures=[measure for measure in STRICTNESS if measure != "medical"],
    )


async def _names(context: Context, codes: list[str]) -> dict[str, str]:
    """How forms show these places; a code of which no name is known stands for itself."""
    names = {}
    for code in dict.fromkeys(codes):
        page = await risk_api.find_divisions(context, code, limit=1)
        exact = [one for one in page.items if one.code == code]
        names[code] = spelled(exact[0]) if exact else code
    return names
