"""Questionnaire platforms' lists over HTTP: hand in, try out, look how far it is, correct what was rejected (R4.2)."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request, Response

from services.observation.api.models import Running, cause
from services.observation.api.scope import roles_of
from services.observation.domain.questionnaires import NAMES, explained
from services.observation.domain.sheets import CANNOT, SYMPTOMS
from services.observation.handlers import questionnaires as handlers
from services.observation.handlers.questionnaires import QuestionnaireUnknown
from services.observation.store import questionnaires as store
from shared.audit.noting import note_reads
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.models import Answer
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.uploads import FILE_FORM, FormatQuery, as_file, uploaded_file
from shared.kernel import tables
from shared.kernel.sheets import plain
from shared.kernel.tables import Table

router = APIRouter(tags=["questionnaires"])
_AFTER = Cursor(int)
LAST = 20
_NOTES = (
    "姓名及证件号码，或姓名及手机号",
    "11 位手机号",
    "18 位身份证号码，设为文本",
    "36.5",
    "、".join(dict.fromkeys(CANNOT.values())),
    "无，或：" + "、".join(SYMPTOMS.values()),
    "2020-02-24 07:30",
)


class QuestionnaireAnswer(Answer):
    """A list and how far it is: `rows_done` = accepted + unchanged + rejected.

    `failed`: it could not be worked off to its end; hand it in again, what was taken stays as it is.
    """

    import_id: UUID
    file_name: str
    dry_run: bool
    sent_at: datetime
    state: Literal["running", "done", "failed"]
    rows_total: int
    rows_done: int
    rows_accepted: int
    rows_unchanged: int
    rows_rejected: int
    finished_at: datetime | None
    kept_until: datetime | None


class RejectedRow(Answer):
    """A line of the error sheet: which cell, what is wrong, what would be right; never the value itself."""

    sheet: str
    row: int
    column: str
    code: str
    detail: str


@router.get(
    "/v1/declaration-imports/template",
    summary="An empty list, with what each column takes",
    response_class=Response,
)
async def read_template(_who: Caller, file_format: FormatQuery = "xlsx") -> Response:
    """Give the columns; the line below says what each takes, and is to be overwritten."""
    table = Table(name="健康申报", header=list(NAMES), rows=[list(_NOTES)] if file_format == "xlsx" else [])
    return as_file(await asyncio.to_thread(tables.write, table, file_format), "健康申报-模板", file_format)


@router.post(
    "/v1/declaration-imports",
    summary="Hand in a questionnaire platform's list",
    status_code=202,
    openapi_extra=FILE_FORM,
    responses={200: {"model": QuestionnaireAnswer, "description": "It is being worked off already."}},
)
async def hand_in(
    *,
    request: Request,
    response: Response,
    who: Caller,
    context: Running,
    dry_run: Annotated[bool, Query(description="Judge every row, change nothing.")] = False,
) -> QuestionnaireAnswer:
    """Keep the list sealed and turn its rows into declarations in the background, by the rules of every other one.

    People are found by document, or by name and phone, within the sender's scope. Good rows are taken, each bad one
    is a line of the error sheet. What was taken before stays as it is, so a list may be sent again.
    """
    name, content = await uploaded_file(request)
    told, new = await taken(name, content, dry_run=dry_run, who=who, context=context)
    if not new:
        response.status_code = 200
    return told


async def taken(
    name: str, content: bytes, *, dry_run: bool, who: Principal, context: Context
) -> tuple[QuestionnaireAnswer, bool]:
    """Take a list that came in; tells how far it is, and whether it is new.

    Raises:
        What the file is refused for.
    """
    import_id, new = await handlers.receive(
        content,
        plain(name)[:200],
        dry_run=dry_run,
        who=who,
        cause=cause(),
        database=context.database,
        vault=context.vault,
    )
    async with context.database.read() as conn:
        return _answer(await _own(conn, import_id, who)), new


@router.get("/v1/declaration-imports", summary="The lists that I sent")
async def list_questionnaires(who: Caller, context: Running) -> list[QuestionnaireAnswer]:
    """Tell the last lists that the caller sent, the newest first."""
    async with context.database.read() as conn:
        return [_answer(row) for row in await store.last_of(conn, who.subject, LAST)]


@router.get("/v1/declaration-imports/{import_id}", summary="How far a list is")
async def read_questionnaire(import_id: UUID, who: Caller, context: Running) -> QuestionnaireAnswer:
    """Tell state, progress and counts, to whoever sent the list."""
    async with context.database.read() as conn:
        return _answer(await _own(conn, import_id, who))


@router.get("/v1/declaration-imports/{import_id}/rows", summary="The error sheet of a list")
async def read_rows(
    import_id: UUID, who: Caller, context: Running, after: After = None, limit: Limit = 100
) -> Page[RejectedRow]:
    """Tell every row that was rejected, in the file's order: its number as the reader sees it, the cell, and why."""
    start = -1 if after is None else int(_AFTER.read(after)[0])
    async with context.database.read() as conn:
        await _own(conn, import_id, who)
        rows = await store.rows(conn, import_id, after=start, limit=limit + 1)
    items = [
        RejectedRow(
            sheet=row["sheet"],
            row=row["row_number"],
            column=row["column_name"],
            code=row["code"],
            detail=explained(row["code"]),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=_AFTER.write(rows[limit - 1]["nth"]) if len(rows) > limit else None)


@router.get(
    "/v1/declaration-imports/{import_id}/rejected",
    summary="The rejected rows as a file",
    response_class=Response,
)
async def read_rejected(
    import_id: UUID, who: Caller, context: Running, file_format: FormatQuery = "xlsx"
) -> Response:
    """Give the rejected rows in the columns of the upload, with where and what is wrong behind them.

    Correct the cells and hand the file in again. Kept for some days (410 after). The reading is recorded.
    """
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await _own(tx, import_id, who)
        table = await handlers.rejected(import_id, tx=tx, vault=context.vault)
        await note_reads(
            tx,
            role=roles_of(who),
            action="observation.questionnaire_rejected",
            refs=[],
            scope=f"questionnaire:{import_id}",
        )
    return as_file(await asyncio.to_thread(tables.write, table, file_format), "健康申报-退回", file_format)


async def _own(conn: Conn, import_id: UUID, who: Principal) -> asyncpg.Record:
    row = await store.find(conn, import_id)
    if row is None or row["sent_by"] != who.subject:
        raise QuestionnaireUnknown("没有这次导入。There is no such import of yours.")
    return row


def _answer(row: asyncpg.Record) -> QuestionnaireAnswer:
    return QuestionnaireAnswer(**{name: row[name] for name in QuestionnaireAnswer.model_fields})
