"""The service record: what front-line workers did in some days, by pseudonym (R7.3)."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.reporting.api.common import InContext
from services.reporting.api.service_record import service_record
from shared.http.access import Caller
from shared.http.paging import After
from shared.kernel.days import typed_day
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()

SHOWN = 100
DAYS = 14
Day = Annotated[str, Query(max_length=10, pattern=r"^$|^\d{4}-\d\d-\d\d$")]


@router.get("/service-record")
async def record_page(
    *,
    request: Request,
    who: Caller,
    context: InContext,
    first: Annotated[Day, Query(alias="from")] = "",
    last: Annotated[Day, Query(alias="to")] = "",
    after: After = None,
) -> Response:
    """Show of each worker the turns held, visits, rounds, pickups and leads closed; a fortnight where none is named."""
    pages: Pages = request.app.state.pages
    until = typed_day(last) or context.clock.today()
    since = typed_day(first) or until - timedelta(days=DAYS - 1)
    told = await service_record(
        who=who,
        context=context,
        first=since,
        last=until,
        worker=None,
        compound=None,
        limit=SHOWN,
        after=after,
    )
    here = pages.url(f"/service-record?from={since}&to={until}")
    return pages.render(
        request,
        "service_record.html",
        lines=told.items,
        since=since,
        until=until,
        next=f"{here}&after={told.next}" if told.next else None,
        first=here if after else None,
    )
