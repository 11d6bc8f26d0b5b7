"""Importing an office's lists over HTTP (R4.2, P6)."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.registry.api.common import Running
from services.registry.domain.faults import explained
from services.registry.handlers import imports as handlers
from services.registry.handlers.imports import Kind, ReceiveImport
from services.registry.store import imports as store
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.problem import HttpRefusal, NotFound

router = APIRouter(tags=["imports"])

MAX_BYTES = 64_000_000
_ROW_CURSOR = Cursor(int)
FILE_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "An xlsx workbook, or CSV in UTF-8 (with or without BOM), UTF-16 or GBK.",
                        }
                    },
                }
            }
        },
    }
}


class NoFile(HttpRefusal):
    """The form has no part `file`, or it is no form."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "file_missing"


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


class RowAnswer(Answer):
    """A line of the error sheet: which cell, what is wrong, what would be right; never the value itself."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str
    outcome: Literal["accepted", "accepted_unverified", "rejected", "duplicate"]


class _InMemory(MultiPartParser):
    """Keeps the upload in memory: the usual parser spools it to a file, where it would lie in the clear."""

    spool_max_size = MAX_BYTES + 1


async def uploaded_file(request: Request) -> tuple[str, bytes]:
    """The name and the bytes of the form's part `file`.

    Raises:
        NoFile: there is none.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise NoFile("请以表单字段 file 上传文件。Send the file as the form field file.", field="file")
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=1).parse()
    except MultiPartException as error:
        raise NoFile("表单无法解析。The form cannot be read.", field="file") from error
    try:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise NoFile("请以表单字段 file 上传文件。Send the file as the form field file.", field="file")
        return (part.filename or "")[:200].replace("\0", ""), await part.read()
    finally:
        await form.close()


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


async def _answer(context: Running, import_id: UUID) -> ImportAnswer:
    async with context.database.read() as conn:
        job = await store.job(conn, import_id)
    if job is None:
        raise NotFound("没有这次导入。There is no such import.")
    return ImportAnswer.model_validate(job, from_attributes=True)
