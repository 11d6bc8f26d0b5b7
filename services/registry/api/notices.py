"""Notices over HTTP (R6.1)."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from services.registry.api.common import Instant, Running, cause
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.notices import (
    CHANNEL_LABELS,
    NoticeChannel,
    NoticeUnknown,
    coverage,
    due_at,
)
from services.registry.handlers import notices as handlers
from services.registry.handlers import policy
from services.registry.handlers.notices import PublishNotice
from services.registry.store import notices as store
from services.registry.store import premises as premises_store
from shared.http.access import Caller
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.http.uploads import FormatQuery, as_file
from shared.kernel import tables
from shared.kernel.days import SHANGHAI
from shared.kernel.ids import CompoundId
from shared.kernel.tables import Table

router = APIRouter(tags=["notices"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))


class NoticeBody(Body):
    """A notice to residents. `notice_id` is made by the client and makes a repeat harmless."""

    notice_id: UUID
    title: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    channels: list[NoticeChannel] = Field(min_length=1, max_length=6, examples=[["poster", "broadcast"]])
    compounds: list[CompoundId] = Field(min_length=1, max_length=200, examples=[["lj-001"]])


class NoticeLine(Answer):
    """A notice as lists show it, with how many of its postings are confirmed."""

    notice_id: UUID
    title: str
    published_at: datetime
    wanted: int
    posted: int


class CoverageAnswer(Answer):
    """How far a notice has come in a compound."""

    compound: str
    wanted: int
    posted: int
    missing: list[NoticeChannel]
    overdue: bool | None
    """Something is missing past `due_at`; null where policy does not say when it is due."""


class NoticeAnswer(NoticeLine):
    """A notice with its text and its coverage."""

    text: str
    due_at: datetime | None
    coverage: list[CoverageAnswer]


class PostingBody(Body):
    """It hangs in this compound by this channel."""

    compound: CompoundId = Field(examples=["lj-001"])
    channel: NoticeChannel


class PostingAnswer(Answer):
    """The first confirmation counts."""

    notice_id: UUID
    compound: str
    channel: NoticeChannel
    posted_at: datetime


@router.post("/v1/notices", summary="Publish a notice", status_code=201)
async def publish_notice(body: NoticeBody, who: Caller, context: Running, response: Response) -> NoticeAnswer:
    """Publish a notice for compounds by channels. The same one again is no second (200); other content is 422."""
    who.require_town()
    cmd = PublishNotice(
        notice_id=body.notice_id,
        title=body.title,
        text=body.text,
        channels=body.channels,
        compounds=body.compounds,
    )
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        new = await handlers.publish(cmd, tx=tx)
    response.status_code = 201 if new else 200
    return await _told(body.notice_id, context)


@router.get("/v1/notices", summary="Notices")
async def list_notices(
    _who: Caller, context: Running, *, after: After = None, limit: Limit = 50
) -> Page[NoticeLine]:
    """List notices in the order of their publication."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        rows = await store.page(conn, after=(last[0], last[1]), limit=limit + 1)
    cut = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[NoticeLine(**dict(row)) for row in rows[:limit]],
        next=_AFTER.write(cut["published_at"], cut["notice_id"]) if cut else None,
    )


@router.get("/v1/notices/{notice_id}", summary="A notice and where it hangs")
async def read_notice(notice_id: UUID, _who: Caller, context: Running) -> NoticeAnswer:
    """Tell a notice with its text and its coverage per compound."""
    return await _told(notice_id, context)


@router.post("/v1/notices/{notice_id}/postings", summary="Confirm a posting")
async def confirm_posting(notice_id: UUID, body: PostingBody, who: Caller, context: Running) -> PostingAnswer:
    """Say that a notice hangs in a compound of the caller's. Saying it again changes nothing."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        place = await premises_store.compound(tx, body.compound)
        if place is None:
            raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")
        who.require_compound(body.compound, neighbourhood=place.neighbourhood_id)
        posted_at = await handlers.confirm(notice_id, body.compound, body.channel, tx=tx)
    return PostingAnswer(
        notice_id=notice_id, compound=body.compound, channel=body.channel, posted_at=posted_at
    )


@router.get(
    "/v1/notices/{notice_id}/coverage", summary="Where a notice hangs, as a file", response_class=Response
)
async def export_coverage(
    notice_id: UUID, _who: Caller, context: Running, file_format: FormatQuery = "xlsx"
) -> Response:
    """Give a line for each compound and channel: when it was confirmed, or that it is missing."""
    async with context.database.read() as conn:
        row = await store.one(conn, notice_id)
        if row is None:
            raise NoticeUnknown("没有这份通告。There is no such notice.")
        postings = await store.postings(conn, notice_id)
        places = await premises_store.compounds(conn)
    lines = [
        (
            *(one.compound, places[one.compound].name, CHANNEL_LABELS[one.channel]),
            one.posted_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if one.posted_at else "未张贴",
        )
        for one in postings
    ]
    table = Table(name="通告张贴情况", header=("小区编号", "小区", "渠道", "确认时间"), rows=lines)
    return as_file(await asyncio.to_thread(tables.write, table, file_format), table.name, file_format)


async def _told(notice_id: UUID, context: Running) -> NoticeAnswer:
    async with context.database.read() as conn:
        row = await store.one(conn, notice_id)
        if row is None:
            raise NoticeUnknown("没有这份通告。There is no such notice.")
        postings = await store.postings(conn, notice_id)
        rules = (await policy.in_force(conn, context.clock.today())).document.notices
    until = due_at(row["published_at"], rules)
    return NoticeAnswer(
        notice_id=notice_id,
        title=row["title"],
        text=row["text"],
        published_at=row["published_at"],
        due_at=until,
        wanted=len(postings),
        posted=sum(one.posted_at is not None for one in postings),
        coverage=[
            CoverageAnswer(
                compound=one.compound,
                wanted=one.wanted,
                posted=one.posted,
                missing=list(one.missing),
                overdue=one.overdue,
            )
            for one in coverage(postings, due_at=until, now=context.clock.now())
        ],
    )
