"""Lists of sites."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Query, UploadFile
from pydantic import Field

from services.sanitation.api.common import InContext, cause
from services.sanitation.handlers import imports as imports_handlers
from services.sanitation.store import imports as imports_store
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import NotFound
from shared.kernel.sheets import plain

router = APIRouter(tags=["sanitation"])

_LINES_AFTER = Cursor(Annotated[int, Field(ge=0, lt=2**31)])


class ImportAccepted(Answer):
    """A list was taken; ask for its progress under its id."""

    import_id: UUID


class ImportProgress(Answer):
    """How far an import is. `rows_done` = accepted + unchanged + duplicate + rejected."""

    import_id: UUID
    kind: Literal["sites"]
    file: str
    state: Literal["running", "done"]
    rows_total: int
    rows_done: int
    rows_accepted: int
    rows_unchanged: int
    rows_duplicate: int
    rows_rejected: int
    requested_at: datetime
    finished_at: datetime | None


class ImportLine(Answer):
    """A row that was not simply taken. Row 1 is the header; `column` is "" where the whole row is meant."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["rejected", "duplicate"]


@router.post("/v1/imports", status_code=202, summary="Send a list of sites")
async def send_list(
    kind: Annotated[Literal["sites"], Query(description="What the list holds.")],
    file: Annotated[UploadFile, File(description="CSV (UTF-8, BOM, GBK) or xlsx, columns found by header.")],
    who: Caller,
    context: InContext,
) -> ImportAccepted:
    """Take a list and work it off in the background: good rows go in, rows with faults on the error sheet.

    A file that cannot be read, or lacks a column, is refused at once. The same file again changes nothing.
    """
    who.require_town()
    content = await file.read()
    rows = await asyncio.to_thread(imports_handlers.readable_rows, content)
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        name = plain(file.filename or "")[:200]
        return ImportAccepted(
            import_id=await imports_handlers.accept_import(
                tx, rows=rows, content=content, file=name, kind=kind
            )
        )


@router.get("/v1/imports/{import_id}", summary="How far an import is")
async def import_progress(import_id: UUID, who: Caller, context: InContext) -> ImportProgress:
    """Tell the progress of an import."""
    who.require_town()
    async with context.database.read() as conn:
        row = await conn.fetchrow(imports_store.IMPORT, import_id)
    if row is None:
        raise NotFound("没有这次导入。There is no such import.")
    return ImportProgress(**dict(row))


@router.get("/v1/imports/{import_id}/rows", summary="The error sheet of an import")
async def import_rows(
    import_id: UUID, who: Caller, context: InContext, limit: Limit = 100, after: After = None
) -> Page[ImportLine]:
    """List the rows that were rejected or stand there twice, in the order of the file."""
    who.require_town()
    seen = _LINES_AFTER.read(after)[0] if after else -1
    async with context.database.read() as conn:
        if await conn.fetchrow(imports_store.IMPORT, import_id) is None:
            raise NotFound("没有这次导入。There is no such import.")
        rows = await conn.fetch(imports_store.IMPORT_ROWS, import_id, seen, limit + 1)
    return Page(
        items=[
            ImportLine(**{name: value for name, value in dict(row).items() if name != "nth"})
            for row in rows[:limit]
        ],
        next=_LINES_AFTER.write(rows[limit - 1]["nth"]) if len(rows) > limit else None,
    )
