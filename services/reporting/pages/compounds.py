"""One compound, from the general to the particular: its facts, and a part for each thing that is done there."""

from typing import Literal

from fastapi import Request
from starlette.responses import Response

from services.reporting import queries
from services.reporting.api.board import CompoundUnknown
from services.reporting.api.common import InContext
from services.reporting.domain.evidence_texts import SITES
from services.reporting.pages import compound_parts
from services.reporting.pages.compound_parts import TABS
from shared.http.access import Caller
from shared.kernel.ids import CompoundId
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()

Tab = Literal["gate", "observation", "survey", "sanitation", "duty", "leads", "supervision"]


@router.get("/compounds/{compound}")
async def compound_page(
    request: Request, who: Caller, context: InContext, compound: CompoundId, tab: Tab = "gate"
) -> Response:
    """Show a compound's line and one part of it."""
    pages: Pages = request.app.state.pages
    clock = context.clock
    async with context.database.read() as conn:
        found = await queries.board(conn, who, now=clock.now(), real_now=clock.real_now(), day=clock.today())
        line = next((line for line in found.lines if line.compound == compound), None)
        if line is None:
            who.require_compound(compound)  # whoever sees everything may know that there is none
            raise CompoundUnknown("没有这个小区。There is no such compound.")
        part = await compound_parts.read(conn, context, who, tab, line)
    return pages.render(
        request,
        "compound.html",
        line=line,
        figures=line.figures,
        day=found.day,
        sources=found.sources,
        tabs=TABS,
        tab=tab,
        part=part,
        sites=SITES,
    )
