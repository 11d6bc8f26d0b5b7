"""Passes on paper over HTTP: the code as an image, sheets to print (R2.4)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from services.registry.api.common import Running, cause, roles_of
from services.registry.api.passes import require_reach
from services.registry.handlers import pass_life
from services.registry.handlers import pass_paper as handlers
from services.registry.papers import pass_paper as pages
from services.registry.papers.pass_paper import SheetFormat
from shared.audit.noting import note_reads
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.models import Body
from shared.pages.papers import paper

router = APIRouter(tags=["passes"])


class SheetBody(Body):
    """Which passes to print, and on what."""

    pass_ids: Annotated[list[UUID], Field(min_length=1, max_length=80)]
    format: SheetFormat = "a4"


@router.get(
    "/v1/passes/{pass_id}/code.svg",
    summary="A pass's code as SVG",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
async def code_as_svg(pass_id: UUID, who: Caller, context: Running) -> Response:
    """Draw the QR code of a pass that admits; there is no name, document or room in it."""
    token = await _token(pass_id, who, context)
    return Response(pages.code_svg_file(token), media_type="image/svg+xml")


@router.get(
    "/v1/passes/{pass_id}/code.png",
    summary="A pass's code as PNG",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
async def code_as_png(pass_id: UUID, who: Caller, context: Running) -> Response:
    """Draw the QR code of a pass that admits, for sending to the holder's phone."""
    token = await _token(pass_id, who, context)
    return Response(pages.code_png(token), media_type="image/png")


@router.post("/v1/pass-sheets", summary="Print passes", response_class=HTMLResponse)
async def print_sheet(body: SheetBody, who: Caller, context: Running) -> HTMLResponse:
    """Lay passes out on A4 (eight a sheet) or a 58 mm roll, as one page without script; the reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        wanted = [await pass_life.existing(tx, pass_id) for pass_id in dict.fromkeys(body.pass_ids)]
        for compound in {one.compound for one in wanted}:
            await require_reach(tx, compound, who)
        told = await handlers.papers(tx, wanted, vault=context.vault)
        await note_reads(tx, action="pass.sheet", role=roles_of(who), refs=[one.person_ref for one in wanted])
    css = pages.STYLES[body.format]
    return paper(pages.sheet(told), title=pages.TITLE, css=css, settings=context.settings)


async def _token(pass_id: UUID, who: Principal, context: Context) -> str:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, (await pass_life.existing(tx, pass_id)).compound, who)
        return await handlers.token_of(tx, pass_id, vault=context.vault)
