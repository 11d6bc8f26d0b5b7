"""Leads at the desk: what waits longest on top, given to somebody, closed with what was found (R6.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.registry.api import leads as api
from services.registry.api.common import Running
from services.registry.api.leads import (
    AssignmentBody,
    ClosureBody,
    ErasureBody,
    LeadAnswer,
    LeadLine,
    MergeBody,
    OpenReporterBody,
    ReporterAnswer,
)
from services.registry.domain.leads import ClosingReason
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
from services.registry.pages.entered import Entered, Typed, judged, told_of
from services.registry.store import premises as premises_store
from shared.context import Context
from shared.events.policy import LeadCategory
from shared.http.access import Caller, Principal
from shared.http.paging import After
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal
from shared.pages.routes import page_router

router: APIRouter = page_router()

_SHOWN = 50
_MOST_OPEN = 200
_LAST = datetime.max.replace(tzinfo=UTC)
_ASSIGN = "POST /v1/leads/{lead_id}/assignment"
_ERASE = "POST /v1/leads/{lead_id}/erasure"


@router.get("/leads")
async def lead_list(
    *,
    request: Request,
    who: Caller,
    context: Running,
    compound: CompoundId | None = None,
    state: Annotated[Literal["open", "closed"], Query()] = "open",
    category: Annotated[LeadCategory | Literal[""], Query()] = "",
    order: Annotated[Literal["clock", "received"], Query()] = "clock",
    hidden: Hidden = None,
    after: After = None,
) -> Response:
    """List open leads by their clock, those that wait to be given to somebody first; closed ones as they came."""
    places = await places_of(context, who, compound)
    items: Sequence[LeadLine] = ()
    following = None
    if places.chosen and state == "closed":
        page = await api.list_leads(
            places.id, who, context, state="closed", category=category or None, after=after, limit=_SHOWN
        )
        items, following = page.items, page.next
    elif places.chosen:
        received = await api.list_leads(
            places.id, who, context, state="received", category=category or None, limit=_MOST_OPEN
        )
        assigned = await api.list_leads(
            places.id, who, context, state="assigned", category=category or None, limit=_MOST_OPEN
        )
        items = [*received.items, *sorted(assigned.items, key=lambda one: one.due_at or _LAST)]
        if order == "received":
            items = sorted(items, key=lambda one: one.received_at)
    given = {"state": state, "category": category, "order": order}
    return pages_of(request).render(
        request,
        "lead_list.html",
        views=await views_at(Ask(request, who, context), places),
        hidden=frozenset(hidden or ()),
        places=places,
        items=items,
        following=following,
        paged=after is not None,
        given=given,
        kept="&".join(f"{name}={value}" for name, value in given.items() if value),
        categories=get_args(LeadCategory),
        told=None,
        now=context.clock.now(),
        today=context.clock.today(),
    )


@router.get("/leads/{lead_id}")
async def lead(request: Request, lead_id: UUID, who: Caller, context: Running) -> Response:
    """Show a lead with what was told; the reading is recorded. Who told it is never shown here."""
    return await _lead(request, lead_id, who, context, Entered.of())


@router.post("/leads/{lead_id}")
async def act(request: Request, lead_id: UUID, who: Caller, context: Running, typed: Typed) -> Response:
    """Give it to somebody, close it, keep it as a duplicate; headquarters may reward, open who told it, and erase."""
    try:
        if typed["act"] == "reporter":
            cell = "POST /v1/leads/{lead_id}/reporter"
            body = judged(OpenReporterBody, {"reason": typed["reason"]})
            reporter = await api.open_reporter(lead_id, body, acting(who, cell), context)
            return await _lead(request, lead_id, who, context, typed, reporter=reporter)
        if typed["act"] == "erase":
            erasing = judged(ErasureBody, {"reason": typed["reason"]})
            await api.erase_lead(lead_id, erasing, acting(who, _ERASE), context)
        else:
            await _do(lead_id, acting(who, _ASSIGN), context, typed)
    except Refusal as refused:
        return await _lead(request, lead_id, who, context, typed, refused=refused)
    return leads_to(request, f"/leads/{lead_id}")


async def _do(lead_id: UUID, who: Principal, context: Context, typed: Entered) -> None:
    match typed["act"]:
        case "assign":
            kind, _, grid = typed["assignee"].partition(":")
            code = grid or typed["unit"]
            stated = {"kind": kind, "code": code, "complained_about": typed["complained_about"]}
            body = judged(
                AssignmentBody,
                {name: value for name, value in stated.items() if value},
                shown={"kind": "assignee", "code": "unit" if kind == "unit" else "assignee"},
            )
            await api.assign_lead(lead_id, body, who, context)
        case "close":
            stated = {name: typed[name] for name in ("valid", "reason") if typed[name]}
            await api.close_lead(lead_id, judged(ClosureBody, stated), who, context)
        case "merge":
            merge = judged(MergeBody, {"kept_lead_id": typed["kept_lead_id"]})
            await api.merge_lead(lead_id, merge, who, context)
        case "unmerge":
            await api.unmerge_lead(lead_id, who, context)
        case "reward":
            await api.reward_lead(
                lead_id, acting(who, "POST /v1/leads/{lead_id}/reward"), context, Response()
            )


async def _lead(
    request: Request,
    lead_id: UUID,
    who: Principal,
    context: Context,
    typed: Entered,
    *,
    refused: Refusal | None = None,
    reporter: ReporterAnswer | None = None,
) -> Response:
    one: LeadAnswer = await api.read_lead(lead_id, who, context)
    told = told_of(request, refused, shown={"assignee.code": "assignee"})
    async with context.database.read() as conn:
        grids = [g for g in (await premises_store.grids(conn)).values() if g.compound_id == one.compound]
        gates = [
            gate
            for gate, _ in (await premises_store.checkpoints(conn)).values()
            if gate.compound_id == one.compound
        ]
    works = may(who, _ASSIGN)
    return pages_of(request).render(
        request,
        "lead_case.html",
        status=status_of(request, told.status if told else None),
        one=one,
        grids=grids,
        gates=gates,
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
        reporter=reporter,
        reasons=get_args(ClosingReason),
        now=context.clock.now(),
        today=context.clock.today(),
        may_work=works and one.state != "closed" and one.merged_into is None,
        may_unmerge=works and one.merged_into is not None,
        may_reward=may(who, "POST /v1/leads/{lead_id}/reward")
        and one.state == "closed"
        and bool(one.valid)
        and not one.rewarded,
        may_open=may(who, "POST /v1/leads/{lead_id}/reporter"),
        may_erase=may(who, _ERASE) and one.state == "closed" and one.erased_at is None,
    )
