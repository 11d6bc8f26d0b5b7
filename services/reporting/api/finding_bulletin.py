"""The bulletin of findings by unit (督查通报): as a sheet, and as a text to print (screens 4.14)."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from services.reporting.api.common import InContext, cause, roles_of
from services.reporting.handlers import finding_acts, finding_lists
from shared.context import Context
from shared.http.access import Caller, Principal
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables

router = APIRouter(tags=["findings"])

OnlyOpen = Annotated[bool, Query(description="Only findings that are not closed.")]
Days = Annotated[int, Query(ge=1, le=31, description="Of closed ones, those of so many days.")]
_NAME = "督查通报"


@router.get(
    "/v1/finding-exports",
    summary="A bulletin of findings by unit, as a sheet",
    response_class=Response,
    responses={200: {"content": {media: {} for media in tables.MEDIA_TYPES.values()}}},
)
async def export(
    *,
    who: Caller,
    context: InContext,
    only_open: OnlyOpen = False,
    days: Days = 7,
    file_format: FormatQuery = "xlsx",
) -> Response:
    """Every finding in scope, by unit and compound, the oldest first; the reading is written down."""
    told = await _told(context, who, only_open=only_open, days=days)
    table = await finding_lists.bulletin_table(told, vault=context.vault)
    return as_file(await asyncio.to_thread(tables.write, table, file_format), _NAME, file_format)


@router.get(
    "/v1/finding-bulletin",
    summary="A bulletin of findings by unit, as a text",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def bulletin(
    *, who: Caller, context: InContext, only_open: OnlyOpen = False, days: Days = 7
) -> Response:
    """Tell the same as such papers are written, to be printed or pasted; the reading is written down."""
    told = await _told(context, who, only_open=only_open, days=days)
    text = await finding_lists.bulletin_text(told, vault=context.vault)
    return Response(
        text.encode("utf-8-sig"),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f"inline; filename*=UTF-8''{quote(_NAME)}.txt"},
    )


async def _told(context: Context, who: Principal, *, only_open: bool, days: int) -> finding_lists.Bulletin:
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        return await finding_lists.bulletin(
            tx,
            await finding_acts.within_scope(tx, who),
            only_open=only_open,
            days=days,
            role=roles_of(who),
            scope=",".join(sorted(str(scope) for scope in who.scopes_for())),
        )
