"""Cases by how they stand, those that are over included: who was released, and whose sheet is to be filed."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from services.observation.api import staff
from services.observation.api.models import Running
from services.observation.domain.case import State
from services.observation.pages.case_forms import pages_of
from services.observation.pages.case_names import contacts_of
from services.observation.pages.worklist import compounds_of, places_of
from shared.http.access import Caller
from shared.http.paging import After
from shared.kernel.ids import CompoundId
from shared.pages.routes import page_router

router = page_router()
SHOWN = 50


@router.get("/cases")
async def cases(
    request: Request,
    who: Caller,
    context: Running,
    state: Annotated[str, Query(max_length=20)] = State.COMPLETED,
    *,
    compound: Annotated[str, Query(max_length=40)] = "",
    after: After = None,
) -> Response:
    """Show cases in the order in which they were opened; the released ones at first."""
    only = State(state) if state in set(State) else State.COMPLETED
    page = await staff.list_cases(
        who, context, CompoundId(compound) if compound else None, only, after=after, limit=SHOWN
    )
    async with context.database.read() as conn:
        places = await places_of(conn, who)
    kept = {"state": only.value} | ({"compound": compound} if compound else {})
    return pages_of(request).render(
        request,
        "cases.html",
        lines=page.items,
        contacts=await contacts_of(page.items, who, context, action="observation.cases"),
        states=list(State),
        state=only,
        compound=compound,
        compounds=({compound: compound} if compound else {}) | compounds_of(places),
        kept=urlencode(kept),
        following=page.next,
        paged=after is not None,
    )
