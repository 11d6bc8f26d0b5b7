"""Passes of a compound at the desk: found, printed, suspended, reinstated, revoked, each with its reason (R2.4)."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import pass_life as api
from services.registry.api import pass_paper as paper_api
from services.registry.api import passes as passes_api
from services.registry.api import vehicles as vehicles_api
from services.registry.api.common import Running
from services.registry.api.pass_life import PrintBody, ReinstateBody, RevokeBody, SuspendBody
from services.registry.api.pass_paper import SheetBody
from services.registry.domain.pass_life import CommandReason, PrintReason, ReinstatementReason
from services.registry.domain.passes import PassKind, PassState
from services.registry.handlers.pass_life import RevocationReason
from services.registry.pages.common import (
    Ask,
    Hidden,
    acting,
    leads_to,
    may,
    pages_of,
    places_of,
    status_of,
    views_at,
)
from services.registry.pages.entered import Entered, Misfilled, Typed, judged, told_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 50
_REASONS = {
    "suspend": get_args(CommandReason),
    "reinstate": get_args(ReinstatementReason),
    "revoke": get_args(RevocationReason),
    "print": get_args(PrintReason),
}


@router.get("/passes")
async def pass_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    kind: Annotated[PassKind | Literal["", "vehicle"], Query()] = "",
    state: Annotated[PassState | Literal[""], Query()] = "",
    hidden: Hidden = None,
    after: After = None,
) -> Response:
    """List passes in the order in which they were issued; nothing in the list names a person."""
    return await _list(request, who, context, compound, kind=kind, state=state, hidden=hidden, after=after)


@router.post("/passes/sheet")
async def print_sheet(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Lay the chosen passes out for printing; where one does not admit, nothing is printed and the list says so."""
    try:
        if not typed.all("pass_ids"):
            raise Misfilled({"pass_ids": "fault.choice"})
        stated = {"pass_ids": list(typed.all("pass_ids")), "format": typed["format"] or "a4"}
        return await paper_api.print_sheet(judged(SheetBody, stated), who, context)
    except Refusal as refused:
        chosen = frozenset(typed.all("pass_ids"))
        return await _list(request, who, context, typed["compound"], refused=refused, chosen=chosen)


@router.get("/passes/{pass_id}")
async def one_pass(
    request: Request, pass_id: UUID, who: Caller, context: Running, *, issued: bool = False
) -> Response:
    """Show a pass with its life; the reading of it is recorded."""
    return await _pass(request, pass_id, who, context, Entered.of(), issued=issued)


@router.post("/passes/{pass_id}")
async def act(request: Request, pass_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Suspend, reinstate or revoke a pass, or print it anew: always for a reason."""
    stated = {name: typed[name] for name in ("reason", "note") if typed[name]}
    try:
        match typed["act"]:
            case "suspend":
                await api.suspend_pass(pass_id, judged(SuspendBody, stated), who, context)
            case "reinstate":
                await api.reinstate_pass(pass_id, judged(ReinstateBody, stated), who, context)
            case "revoke":
                stated.pop("note", None)
                await api.revoke_pass(pass_id, judged(RevokeBody, stated), who, context)
            case "print":
                clerk = acting(who, "POST /v1/passes/{pass_id}/prints")
                body = judged(PrintBody, {"request_id": typed["request_id"], "reason": typed["reason"]})
                await api.print_pass(pass_id, body, clerk, context, Response())
    except Refusal as refused:
        return await _pass(request, pass_id, who, context, typed, refused=refused)
    return leads_to(request, f"/passes/{pass_id}")


async def _pass(
    request: Request,
    pass_id: UUID,
    who: Principal,
    context: Context,
    typed: Entered,
    *,
    issued: bool = False,
    refused: Refusal | None = None,
) -> Response:
    one = await passes_api.read_pass(pass_id, who, context)
    told = told_of(request, refused)
    may_act = may(who, "POST /v1/passes/{pass_id}/suspend")
    steps = None
    if may(who, "GET /v1/passes/{pass_id}/steps"):
        steps = await api.read_steps(pass_id, acting(who, "GET /v1/passes/{pass_id}/steps"), context)
    admits = one.state == "active" and context.clock.now() < one.valid_until
    return pages_of(request).render(
        request,
        "pass.html",
        status=status_of(request, told.status if told else None),
        one=one,
        steps=steps.steps if steps else [],
        issued=issued,
        typed=typed,
        told=told,
        focus="",
        admits=admits,
        expired=one.state == "active" and not admits,
        reasons=_REASONS,
        request_id=uuid7(),
        may_act=may_act and one.state != "revoked",
        may_print=may(who, "POST /v1/pass-sheets") and admits,
        may_renew=may(who, "POST /v1/passes/{pass_id}/prints") and admits,
        may_sheet=may(who, "GET /v1/people/{person_ref}/sheet"),
    )


async def _list(
    request: Request,
    who: Principal,
    context: Context,
    compound: str | None,
    *,
    kind: PassKind | Literal["", "vehicle"] = "",
    state: PassState | Literal[""] = "",
    hidden: Sequence[str] | None = None,
    after: str | None = None,
    refused: Refusal | None = None,
    chosen: frozenset[str] = frozenset(),
) -> Response:
    told = told_of(request, refused)
    places = await places_of(context, who, compound)
    page = vehicles = None
    if places.chosen and kind == "vehicle":
        wanted = state if state != "suspended" else ""
        vehicles = await vehicles_api.list_vehicle_passes(
            places.id, who, context, state=wanted or None, after=after, limit=_SHOWN
        )
    elif places.chosen:
        page = await api.list_passes(
            places.id,
            who,
            context,
            state=state or None,
            kind=kind if kind in {"resident", "temporary"} else None,
            after=after,
            limit=_SHOWN,
        )
    given = {"kind": kind, "state": state}
    dead = told.extra.get("passes", ()) if told else ()
    return pages_of(request).render(
        request,
        "pass_list.html",
        views=await views_at(Ask(request, who, context), places, page="/passes"),
        hidden=frozenset(hidden or ()),
        status=status_of(request, told.status if told else None),
        places=places,
        page=page,
        vehicles=vehicles,
        given=given,
        kept="&".join(f"{name}={value}" for name, value in given.items() if value),
        kinds=["resident", "temporary", "vehicle"],
        states=get_args(PassState),
        paged=after is not None,
        told=told,
        dead=dead,
        chosen=chosen,
        now=context.clock.now(),
        may_print=may(who, "POST /v1/pass-sheets"),
    )
