"""A compound's observation group: who is to join, who is in it, who is to leave (R2.5)."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.observation.api import groups
from services.observation.api.groups import GroupChangeBody, MemberLine
from services.observation.api.models import Running
from services.observation.domain.refusals import CaseUnknown
from services.observation.pages.case_forms import body_of, given, identifier, may, pages_of
from services.observation.pages.fever_tabs import SHOWN, tab
from services.observation.pages.worklist import compounds_of, places_of
from shared.http.access import Caller
from shared.http.paging import After
from shared.kernel.ids import CompoundId
from shared.pages.routes import page_router

router = page_router()
CHANGE = "POST /v1/cases/{case_id}/group-changes"


@router.get("/matters/groups")
async def group(
    request: Request,
    who: Caller,
    context: Running,
    compound: Annotated[str, Query(max_length=40)] = "",
    *,
    after: After = None,
) -> Response:
    """Show a compound's group; without one named, the first in which somebody is under observation."""
    async with context.database.read() as conn:
        compounds = compounds_of(await places_of(conn, who))
    shown = compound or next(iter(compounds), "")
    lines: list[MemberLine] = []
    following = None
    if shown:
        page = await groups.read_group(CompoundId(shown), who, context, after=after, limit=SHOWN)
        lines, following = page.items, page.next
    return await tab(
        request,
        "/matters/groups",
        who,
        context,
        lines=(),
        following=following,
        after=after,
        members=lines,
        compounds=compounds,
        compound=shown,
        may_change=may(who, CHANGE) is not None,
    )


@router.post("/matters/groups")
async def confirm(request: Request, who: Caller, context: Running) -> Response:
    """Keep that somebody joined or left, and go on with the same compound."""
    values = await given(request)
    case_id = identifier(values.get("case_id"))
    if case_id is None:
        raise CaseUnknown("没有这个观察个案。There is no such case.")
    asked: Mapping[str, str] = {name: values[name] for name in ("change_id", "change") if name in values}
    await groups.confirm_change(case_id, body_of(GroupChangeBody, asked), who, context, Response())
    chosen = CompoundId(values.get("compound", ""))
    return RedirectResponse(pages_of(request).url(f"/matters/groups?compound={chosen}"), 303)
