"""Lists out of the book: asked for with a reason, watched while they are made, fetched once they are there (H3)."""

from typing import get_args
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry.api import exports as api
from services.registry.api.common import Running
from services.registry.api.exports import ExportBody
from services.registry.domain.list_columns import Kind
from services.registry.pages.common import leads_to, pages_of, places_of, status_of
from services.registry.pages.entered import Entered, Typed, judged, told_of
from shared.context import Context
from shared.http.access import TOWN, Caller, Principal
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.tables import FileFormat
from shared.pages.languages import language_of, one_language
from shared.pages.routes import page_router

router: APIRouter = page_router()


@router.get("/exports")
async def export_form(request: Request, who: Caller, context: Running) -> Response:
    """Show the form."""
    return await _form(request, who, context, Entered.of(export_id=str(uuid7()), format="xlsx"))


@router.post("/exports")
async def ask(request: Request, who: Caller, context: Running, typed: Typed) -> Response:
    """Ask for a list; who asked and why is recorded."""
    stated = {name: typed[name] for name in ("export_id", "kind", "format", "compound", "reason")}
    try:
        body = judged(ExportBody, {name: value for name, value in stated.items() if value})
        await api.ask_export(body, who, context, Response())
    except Refusal as refused:
        return await _form(request, who, context, typed, refused=refused)
    return leads_to(request, f"/exports/{body.export_id}")


@router.get("/exports/{export_id}")
async def one_export(request: Request, export_id: UUID, who: Caller, context: Running) -> Response:
    """Show how far an export is, and where it is fetched; the page looks again while it runs."""
    told = await api.read_export(export_id, who, context)
    return pages_of(request).render(
        request,
        "export.html",
        one=told,
        detail=one_language(told.detail, language_of(request)) if told.detail else None,
    )


async def _form(
    request: Request, who: Principal, context: Context, typed: Entered, *, refused: Refusal | None = None
) -> Response:
    told = told_of(request, refused)
    return pages_of(request).render(
        request,
        "export_new.html",
        status=status_of(request, told.status if told else None),
        places=await places_of(context, who, typed["compound"]),
        whole_town=TOWN in who.scopes_for(),
        kinds=get_args(Kind),
        formats=get_args(FileFormat),
        typed=typed,
        told=told,
        focus=(told.first or "") if told else "",
    )
