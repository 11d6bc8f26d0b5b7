"""The service record of front-line workers: what is credited to whom, by pseudonym (R7.3)."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Response

from services.reporting import queries
from services.reporting.api.common import InContext, SourceAsOf, as_of
from services.reporting.store import service_record as store
from shared.db.pool import Conn
from shared.http.access import Caller, Principal
from shared.http.models import Answer
from shared.http.paging import MAX_LIMIT, After, Cursor, Limit
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import Refusal

router = APIRouter(tags=["reporting"])

_AFTER = Cursor(UUID)
_SOURCES = ("duty", "service_record")
_LONGEST = 366
_HEADER = (
    "人员代号",
    "上岗班次",
    "上岗分钟",
    "迟到分钟",
    "未签退班次",
    "入户排摸",
    "上门随访",
    "消毒轮次",
    "隔离垃圾收运",
    "线索办结",
)

_FROM, _TO = date(2000, 1, 1), date(2200, 1, 1)
First = Annotated[date, Query(alias="from", ge=_FROM, lt=_TO, description="The first day.")]
Last = Annotated[date, Query(alias="to", ge=_FROM, lt=_TO, description="The last day, included.")]
OfCompound = Annotated[CompoundId | None, Query(description="All in scope when left out.")]
OfWorker = Annotated[UUID | None, Query(description="A worker's pseudonym; all when left out.")]


class PeriodImpossible(Refusal):
    """The last day lies before the first, or more than a year behind it."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "period_impossible"


class ServiceLine(Answer):
    """What a worker did in the period. Turns count on the day on which they began, and when they are over.

    `lapsed`: turns that nobody checked out of. Visits, rounds and the like are those that were recorded under the
    worker's own sign-in; a round that came too soon after another is none.
    """

    worker_ref: UUID
    shifts: int
    minutes: int
    late_minutes: int
    lapsed: int
    household_visits: int
    observation_visits: int
    rounds: int
    pickups: int
    leads_closed: int


class ServiceAnswer(Answer):
    """A page of workers; `next` continues it and is null on the last page."""

    as_of: list[SourceAsOf]
    items: list[ServiceLine]
    next: str | None


@router.get("/v1/service-record", summary="What front-line workers did")
async def service_record(
    *,
    who: Caller,
    context: InContext,
    first: First,
    last: Last,
    worker: OfWorker = None,
    compound: OfCompound = None,
    limit: Limit = 50,
    after: After = None,
) -> ServiceAnswer:
    """Tell of each worker the turns held, visits, rounds, pickups and leads closed in the caller's compounds."""
    seen = _AFTER.read(after)[0] if after else None
    async with context.database.read() as conn:
        within = await _within(conn, who, compound)
        rows = await _record(conn, within, worker, first=first, last=last, after=seen, limit=limit + 1)
        sources = await queries.sources(conn, _SOURCES)
    items = [ServiceLine(**dict(row)) for row in rows[:limit]]
    return ServiceAnswer(
        as_of=as_of(sources),
        items=items,
        next=_AFTER.write(items[-1].worker_ref) if len(rows) > limit else None,
    )


@router.get(
    "/v1/service-record-exports",
    summary="What front-line workers did, as a sheet",
    response_class=Response,
    responses={200: {"content": {media: {} for media in tables.MEDIA_TYPES.values()}}},
)
async def export(
    *,
    who: Caller,
    context: InContext,
    first: First,
    last: Last,
    compound: OfCompound = None,
    file_format: FormatQuery = "xlsx",
) -> Response:
    """Every worker of the caller's compounds, by pseudonym; who they are, the registry knows."""
    rows: list[asyncpg.Record] = []
    async with context.database.read() as conn:
        within = await _within(conn, who, compound)
        seen: UUID | None = None
        while True:
            page = await _record(conn, within, None, first=first, last=last, after=seen, limit=MAX_LIMIT)
            rows += page
            if len(page) < MAX_LIMIT:
                break
            seen = page[-1]["worker_ref"]
    lines = [[str(row["worker_ref"]), *list(row.values())[1:]] for row in rows]
    table = tables.Table(name="工作记录", header=_HEADER, rows=lines)
    return as_file(await asyncio.to_thread(tables.write, table, file_format), "工作记录", file_format)


async def _within(conn: Conn, who: Principal, compound: CompoundId | None) -> list[str] | None:
    mine = await queries.within(conn, who)
    if compound is None:
        return mine
    if mine is not None and compound not in mine:
        who.require_compound(compound)
    return [compound]


async def _record(
    conn: Conn,
    within: Sequence[str] | None,
    worker: UUID | None,
    *,
    first: date,
    last: date,
    after: UUID | None,
    limit: int,
) -> list[asyncpg.Record]:
    if not first <= last <= first + timedelta(days=_LONGEST):
        raise PeriodImpossible(
            f"结束日期不早于开始日期，且不超过 {_LONGEST} 天。The last day is not before the first, within a year.",
            field="to",
        )
    compounds = list(within) if within is not None else None
    return await conn.fetch(
        store.RECORD, start_of(first), end_of(last), first, last, compounds, worker, after, limit
    )
