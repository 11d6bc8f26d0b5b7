"""Indoor venues that stay closed, and the approvals to reopen them (R5.3)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import Code, InContext, Text, cause
from services.sanitation.api.venues import approvals as approvals_of
from services.sanitation.domain.words import EXPLAINED, in_words
from services.sanitation.handlers import venues as handlers
from services.sanitation.handlers.policy import in_force, venue_rules
from services.sanitation.handlers.venues import ApproveReopening, RegisterVenue
from services.sanitation.pages.places import place_of
from services.sanitation.store import venues as store
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of

router = page_router()

MOST = 500


class VenueForm(PageForm):
    """A venue that policy wants closed."""

    id: UUID
    compound: CompoundId
    kind: Code
    name: Text
    place: Annotated[str, Field(max_length=100)] = ""


class ApprovalForm(PageForm):
    """An approval to reopen, or the end of one: then `id` is the approval's."""

    act: Literal["approve", "revoke"]
    id: UUID
    from_day: date | None = None
    last_day: date | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


@router.get("/venues")
async def venues(
    request: Request, who: Caller, context: InContext, compound: Annotated[CompoundId | None, Query()] = None
) -> Response:
    """A compound's venues with how they stand."""
    return await _list(request, who, context, compound)


@router.post("/venues")
async def register(
    request: Request, who: Caller, context: InContext, form: Annotated[VenueForm, Form()]
) -> Response:
    """Put a venue on the list of those that stay closed."""
    pages: Pages = request.app.state.pages
    cmd = RegisterVenue(
        venue_id=form.id, compound=form.compound, kind=form.kind, name=form.name, place=form.place or None
    )
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            await handlers.register(cmd, who=who, tx=tx, vault=context.vault)
    except Refusal as refused:
        entered = form.model_dump(exclude={"csrf"})
        return await _list(request, who, context, form.compound, entered=entered, refused=refused)
    return RedirectResponse(pages.url(f"/venues?compound={form.compound}"), 303)


@router.get("/venues/{venue_id}")
async def venue(request: Request, venue_id: UUID, who: Caller, context: InContext) -> Response:
    """One venue with everything that was approved."""
    return await _one(request, venue_id, who, context)


@router.post("/venues/{venue_id}")
async def decide(
    request: Request, venue_id: UUID, who: Caller, context: InContext, form: Annotated[ApprovalForm, Form()]
) -> Response:
    """Let a venue reopen for some days, or take that back."""
    pages: Pages = request.app.state.pages
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            if form.act == "approve":
                cmd = ApproveReopening(
                    approval_id=form.id,
                    venue_id=venue_id,
                    from_day=form.from_day or tx.today,
                    last_day=form.last_day or tx.today,
                    reason=in_words(form.reason, EXPLAINED, field="reason", needed=True) or "",
                )
                await handlers.approve(cmd, who=who, tx=tx, vault=context.vault)
            else:
                await handlers.revoke(venue_id, form.id, who=who, tx=tx)
    except Refusal as refused:
        entered = form.model_dump(include={"reason"})
        return await _one(request, venue_id, who, context, entered=entered, refused=refused)
    return RedirectResponse(pages.url(f"/venues/{venue_id}"), 303)


async def _list(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    entered: Mapping[str, Any] | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    today = context.clock.today()
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        found = []
        if place.compound is not None:
            found = await store.venues_of(
                conn, place.compound, kind=None, status=None, after=UUID(int=0), today=today, limit=MOST
            )
        kinds = venue_rules((await in_force(conn, today)).document).kinds
    return pages.render(
        request,
        "venues.html",
        status=refused.status if refused else 200,
        place=place,
        venues=found,
        kinds=kinds,
        may_keep=who.has(*ACCESS["POST /v1/venues"]),
        may_read=who.has(*ACCESS["GET /v1/venues/{venue_id}/approvals"]),
        new_id=uuid7(),
        entered=dict.fromkeys(("kind", "name", "place"), "") | dict(entered or {}),
        refused=told_of(request, refused),
    )


async def _one(
    request: Request,
    venue_id: UUID,
    who: Principal,
    context: Context,
    *,
    entered: Mapping[str, Any] | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    told = await approvals_of(venue_id, who, context)
    today = context.clock.today()
    async with context.database.read() as conn:
        place = await place_of(conn, who, told.venue.compound)
        rules = venue_rules((await in_force(conn, today)).document)
    return pages.render(
        request,
        "venue.html",
        status=refused.status if refused else 200,
        place=place,
        venue=told.venue,
        approvals=told.approvals,
        today=today,
        days=rules.approval_days,
        may_inspect=who.has(*ACCESS["POST /v1/inspections"]),
        may_approve=who.has(*ACCESS["POST /v1/venues/{venue_id}/approvals"]),
        new_id=uuid7,
        entered={"reason": ""} | dict(entered or {}),
        refused=told_of(request, refused),
    )
