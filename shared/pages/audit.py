"""The page of who read whom in a service, for auditors."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from shared.audit import api
from shared.audit.reads import Asked
from shared.http.access import AccessTable, Caller
from shared.http.paging import After
from shared.kernel.days import typed_day
from shared.pages.rendering import Pages
from shared.pages.routes import page_router

router = page_router()
ACCESS: AccessTable = {**api.ACCESS, "GET /audit": api.AUDITORS}
SHOWN = 100


@router.get("/audit")
async def audit_page(
    request: Request,
    who: Caller,
    person_ref: Annotated[str, Query(max_length=40)] = "",
    actor: Annotated[str, Query(max_length=200)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    *,
    after: After = None,
) -> Response:
    """Show reads, the newest first, of somebody, by somebody, of a day; looking at them is noted too."""
    pages: Pages = request.app.state.pages
    person, on = _person(person_ref), typed_day(day)
    asked = Asked(person_ref=person, actor=actor.strip().replace("\0", "") or None, day=on)
    unclear = {"person_ref": bool(person_ref.strip()) and person is None, "day": bool(day) and on is None}
    browsers = [] if after else await api.noticed(request.app.state.db, who)
    told = await api.page(request, who, asked, limit=SHOWN, after=after)
    wanted = {"person_ref": person, "actor": asked.actor, "day": on}
    kept = urlencode({name: str(value) for name, value in wanted.items() if value})
    here = pages.url(f"/audit?{kept}")
    return pages.render(
        request,
        "audit.html",
        lines=told.items,
        browsers=browsers,
        asked={"person_ref": person_ref, "actor": actor, "day": day},
        unclear=[name for name, found in unclear.items() if found],
        narrowed=bool(kept),
        file=pages.url(f"/v1/audit/reads/file?{kept}"),
        next=f"{here}&{urlencode({'after': told.next})}" if told.next else None,
        first=here if after else None,
    )


def _person(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
