"""Codes of sites to print."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from services.sanitation.api.common import InContext
from services.sanitation.handlers import sites as handlers
from services.sanitation.papers import site_sheet as page
from services.sanitation.store import copies as copies_store
from services.sanitation.store import sites as sites_store
from shared.http.access import Caller
from shared.http.paging import Limit
from shared.kernel.ids import CompoundId
from shared.pages.papers import paper

router = APIRouter(tags=["sanitation"])


@router.get("/v1/site-sheets", response_class=HTMLResponse, summary="Codes of a compound's sites, to print")
async def site_sheets(
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: InContext,
    limit: Limit = 200,
    after_code: Annotated[str, Query(max_length=32, pattern=r"^[a-z0-9-]*$")] = "",
) -> Response:
    """Print sites in use, eight on a page of A4: code, place, and what policy asks for at it."""
    async with context.database.read() as conn:
        await handlers.require_compound(conn, who, compound)
        name = await copies_store.compound_name(conn, compound)
        policy = await copies_store.policy_of(conn, context.clock.today())
        found = await sites_store.sites_of(conn, compound, after=after_code, limit=limit)
    rules = {rule.kind: rule for rule in policy.document.sanitation.rounds} if policy else {}
    printed = [
        page.PrintedSite(known=known, rule=rules.get(known.site.kind)) for known in found if known.site.active
    ]
    return paper(
        page.sheet(printed, compound_name=name or compound, page=context.settings.site_page),
        title=page.TITLE,
        css=page.STYLE,
        settings=context.settings,
        headers={"Cache-Control": "no-store"},
    )
