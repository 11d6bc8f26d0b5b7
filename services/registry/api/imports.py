"""Importing an office's lists over HTTP (R4.2, P6)."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.registry.api.common import Running, cause, roles_of
from services.registry.domain.faults import explained
from services.registry.domain.list_columns import GUIDES, Kind
from services.registry.handlers import imports as handlers
from services.registry.handlers import list_files, rejected_rows
from services.registry.handlers.imports import ReceiveImport
from services.registry.store import imports as store
from services.registry.store import rejected
from shared.audit.noting import note_reads
from shared.http.access import IDENTIFIED, Caller, Role
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import NotFound
from shared.http.uploads import FILE_FORM, FormatQuery, as_file, uploaded_file
from shared.kernel import tables

router = APIRouter(tags=["imports"])

_ROW_CURSOR = Cursor(int)
TemplateKind = Literal["compounds", "checkpoints", "grids", "addresses", "residents", "workers", "watch_list"]


class ImportAnswer(Answer):
    """An import and how far it is: `rows_done` is the sum of the five counts behind it."""

    import_id: UUID
    kind: Kind
    state: Literal["running", "done", "failed"]
    file_name: str
    dry_run: bool
    rows_total: int
    rows_done: int
    rows_accepted: int
    rows_unchanged: int
    rows_unverified: int
    rows_rejected: int
    rows_duplicate: int
    error: str | None
    detail: str | None
    created_at: datetime
    finished_at: datetime | None
    remarks: list["RemarkAnswer"]
    rejected_until: datetime | None
    """Until when the rejected rows can be had as a file; nothing when there are none or no more."""


class RemarkAnswer(Answer):
    """Something of the file that was left out. `place`: a column's letter, or a number of rows."""

    sheet: str
    place: str
    code: str
    detail: str


class RowAnswer(Answer):
    """A line of the error sheet: which cell, what is wrong, what would be right; never the value itself."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["accepted", "accepted_unverified", "rejected", "duplicate"]


@router.post("/v1/imports", summary="Import a list", status_code=202, openapi_extra=FILE_FORM)
async def begin_import(
    *,
    request: Request,
    response: Response,
    who: Caller,
    context: Running,
    kind: Annotated[Kind, Query(description="What the list holds.")],
    dry_run: Annotated[bool, Query(description="Judge every row, change nothing.")] = False,
) -> ImportAnswer:
    """Keep the file sealed and work it off in the background; ask `GET /v1/imports/{import_id}` for progress.

    Good rows are taken, each bad one becomes a line of the error sheet. A second import of the same list changes
    nothing. The same file again while it is being worked off is the same import (200).
    """
    who.require_town()
    file_name, content = await uploaded_file(request)
    cmd = ReceiveImport(kind=kind, file_name=file_name, content=content, dry_run=dry_run, actor=who.subject)
    import_id, new = await handlers.receive(cmd, database=context.database, vault=context.vault)
    response.status_code = 202 if new else 200
    return await _answer(context, import_id)


@router.get("/v1/imports/{import_id}", summary="How far an import is")
async def read_import(import_id: UUID, who: Caller, context: Running) -> ImportAnswer:
    """Tell state, progress and counts."""
    who.require_town()
    return await _answer(context, import_id)


@router.get("/v1/imports/{import_id}/rows", summary="The error sheet of an import")
async def read_rows(
    *,
    import_id: UUID,
    who: Caller,
    context: Running,
    outcome: Annotated[
        Literal["accepted", "accepted_unverified", "rejected", "duplicate"] | None, Query()
    ] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[RowAnswer]:
    """List every row that is not plain, in the file's order; a row with several faults has several lines.

    Rows that are not listed were accepted, or were in the book already as stated.
    """
    who.require_town()
    start = int(_ROW_CURSOR.read(after)[0]) if after else 0
    async with context.database.read() as conn:
        if await store.job(conn, import_id) is None:
            raise NotFound("没有这次导入。There is no such import.")
        rows = await store.rows(conn, import_id, after=start, outcome=outcome, limit=limit + 1)
    items = [
        RowAnswer(
            sheet=row["sheet"],
            row=row["row_number"],
            column=row["column_name"],
            code=row["code"],
            detail=explained(row["code"]),
            outcome=row["outcome"],
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=_ROW_CURSOR.write(rows[limit - 1]["nth"]) if len(rows) > limit else None)


@router.get(
    "/v1/imports/templates/{kind}",
    summary="An empty list to fill in",
    response_class=Response,
    dependencies=IDENTIFIED,
)
async def read_template(kind: TemplateKind, file_format: FormatQuery = "xlsx") -> Response:
    """Give the list with its titles; the workbook explains each column and offers the allowed values.

    Required columns end in `*`. Handed in as it is, it is an empty list without a fault.
    """
    content = await asyncio.to_thread(list_files.template, kind, file_format)
    return as_file(content, f"{GUIDES[kind].name}-模板", file_format)


@router.get(
    "/v1/imports/{import_id}/rejected", summary="The rejected rows as a file", response_class=Response
)
async def read_rejected(
    import_id: UUID, who: Caller, context: Running, file_format: FormatQuery = "xlsx"
) -> Response:
    """Give the rejected rows in the columns of the upload, with where and what is wrong behind them.

    Correct the cells and hand the file in again: the added columns are left out. Kept for some days (410 after);
    for whoever handed the list in, and for clerks. The reading is recorded.
    """
    who.require_town()
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        job = await store.job(tx, import_id)
        if job is None or not (job.actor == who.subject or who.has(Role.COMMUNITY_CLERK)):
            raise NotFound("没有这次导入。There is no such import.")
        kept = await rejected.kept(tx, import_id)
        keys = await context.vault.keys([import_id])
        name = f"{GUIDES[job.kind].name}-退回"
        table = await rejected_rows.sheet(tx, keys.get(import_id), kept, name)
        await note_reads(
            tx, action="import.rejected", role=roles_of(who), refs=[], scope=f"import:{import_id}"
        )
    return as_file(await asyncio.to_thread(tables.write, table, file_format), name, file_format)


async def _answer(context: Running, import_id: UUID) -> ImportAnswer:
    async with context.database.read() as conn:
        job = await store.job(conn, import_id)
        if job is None:
            raise NotFound("没有这次导入。There is no such import.")
        remarks = await store.remarks(conn, import_id)
        kept = await rejected.kept(conn, import_id)
    counted = {name: getattr(job, name) for name in ImportAnswer.model_fields if hasattr(job, name)}
    return ImportAnswer(
        **counted,
        remarks=[RemarkAnswer(**dict(one), detail=explained(one["code"])) for one in remarks],
        rejected_until=kept.kept_until if kept and not kept.gone else None,
    )
