"""The log of reads over HTTP, for auditors of the whole town and nobody else; every service has these routes."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request, Response

from shared.audit import browsing, reads
from shared.audit.reads import Asked
from shared.audit.reasons import Reasons
from shared.db.pool import Database
from shared.http.access import AccessTable, Caller, Principal, Role
from shared.http.models import Answer
from shared.http.paging import MAX_LIMIT, After, Cursor, Limit
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables
from shared.kernel.days import SHANGHAI
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["audit"])

AUDITORS = frozenset({Role.AUDITOR})
ACCESS: AccessTable = {
    "GET /v1/audit/reads": AUDITORS,
    "GET /v1/audit/reads/file": AUDITORS,
    "GET /v1/audit/browsing": AUDITORS,
}

MOST_IN_A_FILE = 50_000
SHOWN_FOR = timedelta(days=14)
"""For how long somebody who browsed is shown: the reads themselves stay."""
_AFTER = Cursor(int)
_HEADER = (
    "序号",
    "时间",
    "账号",
    "角色",
    "操作",
    "人员代号",
    "范围",
    "事由",
    "请求编号",
    "链上位置",
    "入链时间",
)

OfPerson = Annotated[UUID | None, Query(description="A person's reference; everybody's when left out.")]
ByActor = Annotated[
    str | None, Query(min_length=1, max_length=200, description="An account, device or link that read.")
]
OfAction = Annotated[
    str | None, Query(min_length=1, max_length=100, description="What was read, e.g. `people.sheet`.")
]
OnDay = Annotated[
    date | None, Query(ge=date(2000, 1, 1), lt=date(2200, 1, 1), description="A day in the town's time.")
]


class TooManyReads(Refusal):
    """More reads than one file takes."""

    code: ClassVar[str] = "too_many_reads"
    status: ClassVar[int] = 422


class AuditLink(Answer):
    """A read's place in the chain of this service, and when it was given."""

    pos: int
    linked_at: datetime


class AuditRead(Answer):
    """Somebody read something of somebody. `link` is null for about a second, until the read is part of the chain."""

    read_id: int
    at: datetime
    actor: str
    role: str
    action: str
    person_ref: UUID | None
    scope: str | None
    reason: str | None
    correlation_id: UUID | None
    link: AuditLink | None


class AuditPage(Answer):
    """A page of reads, the newest first; `next` continues it and is null on the last page."""

    items: list[AuditRead]
    next: str | None


class Browsing(Answer):
    """An account that opened the records of more people within an hour than usual. Once an account and hour."""

    at: datetime
    actor: str
    records: int
    usual: int


class BrowsingAnswer(Answer):
    """Who was noticed in the last fourteen days, the newest first."""

    items: list[Browsing]


@router.get("/v1/audit/browsing", summary="Who opened unusually many records")
async def browsers(request: Request, who: Caller, limit: Limit = MAX_LIMIT) -> BrowsingAnswer:
    """Tell which accounts opened more records within an hour than the policy finds usual; the asking is noted."""
    return BrowsingAnswer(items=await noticed(request.app.state.db, who, limit=limit))


async def noticed(database: Database, who: Principal, *, limit: int = MAX_LIMIT) -> list[Browsing]:
    """Accounts that browsed in the last fourteen days, the latest first.

    Raises:
        OutOfScope: the caller is no auditor of the whole town.
    """
    who.require_town()
    async with database.begin(actor=who.subject) as tx:
        rows = await browsing.noticed(tx, tx.now - SHOWN_FOR, limit=limit)
        await reads.note(tx, who, "audit.browsing_read", Asked())
    return [Browsing(**asdict(row)) for row in rows]


@router.get("/v1/audit/reads", summary="Who read whom, when and why")
async def audit_reads(
    *,
    request: Request,
    who: Caller,
    person_ref: OfPerson = None,
    actor: ByActor = None,
    action: OfAction = None,
    day: OnDay = None,
    limit: Limit = 50,
    after: After = None,
) -> AuditPage:
    """Tell who read what of whom, by pseudonym; that this was asked is noted like any other read."""
    asked = Asked(person_ref=person_ref, actor=actor, action=action, day=day)
    return await page(request, who, asked, limit=limit, after=after)


async def page(request: Request, who: Principal, asked: Asked, *, limit: int, after: str | None) -> AuditPage:
    """A page of the log for an auditor.

    Raises:
        OutOfScope: the caller is no auditor of the whole town.
        BadCursor: `after` is none of ours.
    """
    who.require_town()
    before = _AFTER.read(after)[0] if after else None
    database: Database = request.app.state.db
    async with database.begin(actor=who.subject) as tx:
        rows = await reads.find(tx, asked, before=before, limit=limit + 1)
        await reads.note(tx, who, "audit.read", asked)
    said = await Reasons.of(request.app.state.context.vault)
    items = [_answer(row, said) for row in rows[:limit]]
    return AuditPage(items=items, next=_AFTER.write(items[-1].read_id) if len(rows) > limit else None)


@router.get(
    "/v1/audit/reads/file",
    summary="Who read whom, as a file",
    response_class=Response,
    responses={200: {"content": {tables.MEDIA_TYPES[how]: {} for how in ("xlsx", "csv")}}},
)
async def audit_file(
    *,
    request: Request,
    who: Caller,
    person_ref: OfPerson = None,
    actor: ByActor = None,
    action: OfAction = None,
    day: OnDay = None,
    file_format: FormatQuery = "xlsx",
) -> Response:
    """Make the same list a file of up to 50,000 reads; that it was taken is noted."""
    who.require_town()
    asked = Asked(person_ref=person_ref, actor=actor, action=action, day=day)
    database: Database = request.app.state.db
    async with database.begin(actor=who.subject) as tx:
        rows = await reads.find(tx, asked, before=None, limit=MOST_IN_A_FILE + 1)
        if len(rows) > MOST_IN_A_FILE:
            raise TooManyReads(
                "超过五万条，请按人员、账号或日期缩小范围。More than 50,000 reads: narrow by person, account or day."
            )
        await reads.note(tx, who, "audit.export", asked)
    table = tables.Table(
        name="查阅记录", header=_HEADER, rows=_lines(rows, await Reasons.of(request.app.state.context.vault))
    )
    return as_file(await asyncio.to_thread(tables.write, table, file_format), "查阅记录", file_format)


def _answer(row: asyncpg.Record, said: Reasons) -> AuditRead:
    told = {**row, "reason": said.open(row["reason"])}
    read_id, pos, linked_at = told.pop("id"), told.pop("pos"), told.pop("linked_at")
    return AuditRead(
        read_id=read_id, link=None if pos is None else AuditLink(pos=pos, linked_at=linked_at), **told
    )


def _lines(rows: Sequence[asyncpg.Record], said: Reasons) -> list[list[str]]:
    told = ({**row, "reason": said.open(row["reason"])} for row in rows)
    return [[_cell(value) for value in row.values()] for row in told]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)
