"""The day's book of disinfection, line by line with its proof, and what residents reported at places (R5.1, R5.4)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Form, Query, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.sanitation.access import ACCESS
from services.sanitation.api.common import Day, InContext, Instant, cause, roles_of
from services.sanitation.api.reports import site_reports
from services.sanitation.domain.reports import Decision, State
from services.sanitation.domain.words import LETTERS
from services.sanitation.handlers import reports as report_handlers
from services.sanitation.handlers import rounds as round_handlers
from services.sanitation.pages.places import place_of
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.paging import After, Cursor
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of

router = page_router()

SHOWN = 100
_AFTER = Cursor(Instant, UUID)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0)


class DecisionForm(PageForm):
    """What somebody found who went to a place that was reported."""

    compound: CompoundId
    outcome: Decision
    note: Annotated[str, Field(min_length=LETTERS, max_length=500)]


@router.get("/book")
async def book(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
    after: After = None,
) -> Response:
    """What was disinfected on a day: when, with what, how strong, by whom, and why if late."""
    pages: Pages = request.app.state.pages
    today = context.clock.today()
    wanted = min(day, today) if day else today
    seen = _AFTER.read(after) if after else _FIRST
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
        found = []
        if place.compound is not None:
            found = await round_handlers.rounds_of_day(
                conn,
                place.compound,
                wanted,
                after=(seen[0], seen[1]),
                limit=SHOWN + 1,
                vault=context.vault,
            )
    lines = found[:SHOWN]
    following = _AFTER.write(lines[-1].done_at, lines[-1].round_id) if len(found) > SHOWN else None
    return pages.render(
        request,
        "book.html",
        place=place,
        day=wanted,
        before=wanted - timedelta(days=1),
        after_day=wanted + timedelta(days=1) if wanted < today else None,
        lines=lines,
        following=following,
        paged=after is not None,
        may_see=who.has(*ACCESS["GET /v1/photos/{photo_id}"]),
    )


@router.get("/site-reports")
async def reports(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    compound: Annotated[CompoundId | None, Query()] = None,
    state: Annotated[State, Query()] = "open",
    after: After = None,
) -> Response:
    """What residents reported in a compound, the oldest first."""
    return await _reports(request, who, context, compound, state=state, after=after)


@router.post("/site-reports/{report_id}")
async def decide(
    request: Request, report_id: UUID, who: Caller, context: InContext, form: Annotated[DecisionForm, Form()]
) -> Response:
    """Dismiss it, or order what is wrong to be put right."""
    pages: Pages = request.app.state.pages
    try:
        async with context.database.begin(actor=who.subject, cause=cause()) as tx:
            found = await report_handlers.decide(
                report_id, form.outcome, form.note, role=roles_of(who), who=who, tx=tx, vault=context.vault
            )
    except Refusal as refused:
        return await _reports(request, who, context, form.compound, refused=refused)
    onward = f"/orders/{found.order_id}" if found.order_id else f"/site-reports?compound={form.compound}"
    return RedirectResponse(pages.url(onward), 303)


async def _reports(
    request: Request,
    who: Principal,
    context: Context,
    compound: CompoundId | None,
    *,
    state: State = "open",
    after: str | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    async with context.database.read() as conn:
        place = await place_of(conn, who, compound)
    told = None
    if place.compound is not None:
        told = await site_reports(
            compound=place.compound, who=who, context=context, state=state, limit=SHOWN, after=after
        )
    return pages.render(
        request,
        "site_reports.html",
        status=refused.status if refused else 200,
        place=place,
        state=state,
        lines=told.items if told else [],
        following=told.next if told else None,
        paged=after is not None,
        may_decide=who.has(*ACCESS["POST /v1/site-reports/{report_id}/decision"]),
        refused=told_of(request, refused),
    )
