"""Exports: a person's sheet and the long table. Each names a reason; each reading is recorded (Data and law)."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.observation.api.models import Day, Running, cause
from services.observation.api.scope import place_within, roles_of
from services.observation.domain.sheets import person_sheet
from services.observation.domain.worklists import check_range
from services.observation.handlers import exports as handlers
from services.observation.handlers import observing
from services.observation.papers import person_sheet as pages
from services.observation.store.desk import Reach
from shared.audit import reasons
from shared.audit.noting import note_reads
from shared.http.access import Caller, Principal, Role
from shared.http.models import Body
from shared.kernel import tables
from shared.kernel.ids import CompoundId, GridId
from shared.kernel.tables import FileFormat, Table
from shared.pages.papers import paper

router = APIRouter(tags=["exports"])
Reason = Annotated[str, Field(min_length=2, max_length=200, examples=["期满解除归档"])]


class SheetBody(Body):
    """Why the sheet is needed: kept in the log of readings, so it names nobody."""

    reason: Reason


class TableBody(Body):
    """The windows of a range of days, of everybody within reach."""

    reason: Reason
    first: Day = Field(alias="from")
    last: Day = Field(alias="to", description="At most 31 days later.")
    compound: CompoundId | None = None
    grid: GridId | None = None


def _masked(who: Principal) -> bool:
    """Only a clerk, who files the sheets, sees whole names and phones."""
    return not who.has(Role.COMMUNITY_CLERK)


@router.post(
    "/v1/cases/{case_id}/sheet",
    summary="A person's sheet",
    response_class=Response,
    responses={200: {"content": {"text/html": {}, tables.MEDIA_TYPES["xlsx"]: {}}}},
)
async def read_sheet(
    case_id: UUID,
    body: SheetBody,
    who: Caller,
    context: Running,
    as_: Annotated[Literal["html", "xlsx"], Query(alias="as", description="html: to print.")] = "html",
) -> Response:
    """Lay a person's declarations out day by day, morning and evening; masked unless the caller files them."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await place_within(tx, case_id, who)
        one = await handlers.sheet_of(
            tx,
            case_id,
            calendar=await observing.calendar_in_force(tx, tx.today),
            now=tx.now,
            masked=_masked(who),
            vault=context.vault,
        )
        await note_reads(
            tx,
            role=roles_of(who),
            action="observation.sheet",
            refs=[place["person_ref"]],
            scope=f"compound:{place['compound']}",
            reason=await reasons.sealed(context.vault, body.reason),
        )
    days = person_sheet(one.case, one.cells, one.said)
    if as_ == "html":
        return paper(
            pages.page(one, days),
            title=pages.TITLE,
            css=pages.STYLE,
            settings=context.settings,
            headers={"Cache-Control": "no-store"},
        )
    table = Table(
        name="健康观察登记表",
        header=pages.HEADER,
        rows=[(str(day.number), day.day.isoformat(), day.morning, day.evening) for day in days],
    )
    return await _file(table, "xlsx")


@router.post(
    "/v1/declaration-tables",
    summary="All declarations of a range of days",
    response_class=Response,
    responses={200: {"content": {media: {} for media in tables.MEDIA_TYPES.values()}}},
)
async def read_table(
    body: TableBody,
    who: Caller,
    context: Running,
    as_: Annotated[FileFormat, Query(alias="as", description="xlsx, or CSV in UTF-8 with a BOM.")] = "xlsx",
) -> Response:
    """List every due window of everybody within reach, with each entry; the first row of each counts as the window."""
    check_range(body.first, body.last)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        found = await handlers.sheets_between(
            tx,
            Reach(scopes=who.scopes_for(), compound=body.compound, grid=body.grid),
            first=body.first,
            last=body.last,
            calendar=await observing.calendar_in_force(tx, tx.today),
            now=tx.now,
            masked=_masked(who),
            vault=context.vault,
        )
        await note_reads(
            tx,
            role=roles_of(who),
            action="observation.table",
            refs=[one.case.person_ref for one in found],
            scope=body.grid or body.compound,
            reason=await reasons.sealed(context.vault, body.reason),
        )
    return await _file(await asyncio.to_thread(handlers.long_table, found), as_)


async def _file(table: Table, how: FileFormat) -> Response:
    content = await asyncio.to_thread(tables.write, table, how)
    return Response(
        content,
        media_type=tables.MEDIA_TYPES[how],
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(table.name)}.{how}",
        },
    )
