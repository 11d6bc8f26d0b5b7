"""Lists to take away: asked for with a reason, made in the background, fetched while they are kept (R7.1, H3)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from services.reporting import queries
from services.reporting.api import exports as api
from services.reporting.api.common import InContext
from services.reporting.domain.exports import Kind
from services.reporting.store import compounds as compound_store
from services.reporting.store import exports as store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.kernel.ids import CompoundId, uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.tables import FileFormat
from shared.pages.languages import N_
from shared.pages.rendering import Pages
from shared.pages.routes import PageForm, page_router
from shared.pages.said import told_of

router = page_router()

SHOWN = 20
KINDS: Mapping[Kind, str] = {
    "board": N_("小区看板"),
    "observation_roll": N_("观察名册（代号）"),
    "census_movements": N_("观察人数变动（代号）"),
    "entries_by_hour": N_("卡口分时人次"),
    "daily_reports": N_("日报分小区"),
}


class AskForm(PageForm):
    """What is wanted and why; the id is made with the page, so a second press is the same."""

    export_id: UUID
    kind: Kind
    format: FileFormat = "xlsx"
    compound: CompoundId | None = None
    from_day: date
    to_day: date
    reason: Annotated[str, Field(min_length=2, max_length=500)]


@router.get("/exports")
async def exports(request: Request, who: Caller, context: InContext) -> Response:
    """Show the form, and what was asked for with how far it is; the list refreshes itself while something runs."""
    async with context.database.read() as conn:
        return await _page(request, conn, who, context)


@router.post("/exports")
async def ask(
    request: Request, who: Caller, context: InContext, form: Annotated[AskForm, Form()]
) -> Response:
    """Have a list made; where it is refused, the form says why and keeps what was entered."""
    pages: Pages = request.app.state.pages
    try:
        body = api.ExportBody(**form.model_dump(exclude={"csrf"}))
        await api.ask_export(body, who, context, Response())
    except Refusal as refused:
        async with context.database.read() as conn:
            return await _page(request, conn, who, context, form=form, refused=refused)
    return RedirectResponse(pages.url("/exports"), 303)


async def _page(
    request: Request,
    conn: Conn,
    who: Principal,
    context: Context,
    *,
    form: AskForm | None = None,
    refused: Refusal | None = None,
) -> Response:
    pages: Pages = request.app.state.pages
    mine = set(await queries.compounds_in_scope(conn, who))
    today = context.clock.today()
    jobs = await store.jobs_of(conn, who.subject, limit=SHOWN)
    return pages.render(
        request,
        "export_list.html",
        status=refused.status if refused else 200,
        jobs=jobs,
        running=any(job.state == "running" for job in jobs),
        kinds=KINDS,
        compounds=[one for one in await conn.fetch(compound_store.COMPOUNDS) if one["compound"] in mine],
        export_id=uuid7(),
        entered={
            "kind": "",
            "compound": "",
            "format": "xlsx",
            "from_day": today,
            "to_day": today,
            "reason": "",
        }
        | (form.model_dump() if form else {}),
        refused=told_of(request, refused),
    )
