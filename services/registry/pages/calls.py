"""People who are still away: called in time, written down, and taken off the list by their intake (R4.5)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import call_list as api
from services.registry.api.call_list import ArrivalBody, CallBody, CallEntryBody
from services.registry.api.common import Running
from services.registry.domain.call_list import CallOutcome
from services.registry.pages.common import leads_to, may, pages_of, places_of, status_of
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from services.registry.pages.trips import picked, place_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 50


@router.get("/calls")
async def call_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    show: Annotated[Literal["due", "away", "arrived"], Query()] = "due",
    after: After = None,
) -> Response:
    """List whom to call, masked; the reading is recorded."""
    return await _calls(request, who, context, compound, Entered.of(), show=show, after=after)


@router.post("/calls")
async def add(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Put somebody on the list who is still away; they are not under observation by it."""
    typed = picked(typed)
    made, code = await place_of(context, typed, "place")
    typed = made.typed
    try:
        if made.faults:
            raise Misfilled(made.faults)
        stated: dict[str, Any] = {
            name: typed[name]
            for name in ("entry_id", "name", "phone", "compound", "planned_return")
            if typed[name]
        }
        if code:
            stated["present_code"] = code
        elif not typed["place"]:
            raise Misfilled({"place": "fault.missing"})
        await api.add_call_entry(judged(CallEntryBody, stated), who, context, Response())
    except Refusal as refused:
        return await _calls(
            request,
            who,
            context,
            typed["compound"],
            typed,
            refused=refused,
            candidates=made.candidates,
        )
    return leads_to(request, f"/calls?compound={typed['compound']}&show=away")


@router.get("/calls/{entry_id}")
async def entry(
    request: Request, entry_id: UUID, who: Caller, context: Running, intake: UUID | None = None
) -> Response:
    """Show name, phone and the calls made, to call them; the reading is recorded."""
    typed = Entered.of(call_id=str(uuid7()), intake_id=str(intake or ""))
    return await _entry(request, entry_id, who, context, typed)


@router.post("/calls/{entry_id}")
async def note(request: Request, entry_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Write a call down, or take somebody off the list whose intake was registered."""
    try:
        if typed["act"] == "arrive":
            stated = {"intake_id": typed["intake_id"], "confirmed": bool(typed["confirmed"])}
            await api.note_arrival(entry_id, judged(ArrivalBody, stated), who, context)
        else:
            names = ("call_id", "outcome", "next_call_on", "returns_on", "note")
            call = judged(CallBody, {name: typed[name] for name in names if typed[name]})
            await api.note_call(entry_id, call, who, context)
    except Refusal as refused:
        return await _entry(request, entry_id, who, context, typed, refused=refused)
    return leads_to(request, f"/calls/{entry_id}")


async def _calls(
    request: Request,
    who: Principal,
    context: Context,
    compound: str | None,
    typed: Entered,
    *,
    show: Literal["due", "away", "arrived"] = "due",
    after: str | None = None,
    refused: Refusal | None = None,
    candidates: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    places = await places_of(context, who, compound)
    page = figures = None
    if places.chosen:
        page = await api.list_call_entries(
            compound=places.id,
            who=who,
            context=context,
            due=show == "due",
            state="arrived" if show == "arrived" else "away",
            after=after,
            limit=_SHOWN,
        )
        if may(who, "GET /v1/call-list/figures"):
            figures = await api.read_call_figures(who, context, places.id)
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "calls.html",
        status=status_of(request, told.status if told else None),
        places=places,
        page=page,
        figures=figures,
        show=show,
        paged=after is not None,
        typed=typed if typed["entry_id"] else typed.but({"entry_id": str(uuid7())}),
        told=told,
        focus=(told.first or "") if told else "",
        today=context.clock.today(),
        candidates=candidates or {},
    )


async def _entry(
    request: Request,
    entry_id: UUID,
    who: Principal,
    context: Context,
    typed: Entered,
    *,
    refused: Refusal | None = None,
) -> Response:
    one = await api.read_call_entry(entry_id, who, context)
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "call.html",
        status=status_of(request, told.status if told else None),
        one=one,
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        outcomes=[outcome for outcome in get_args(CallOutcome) if outcome != "arrived"],
        today=context.clock.today(),
        may_register=may(who, "POST /v1/returnees"),
    )
