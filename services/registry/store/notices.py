"""Notices and their postings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.notices import Posting
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "notice_pkey": SameIdOtherContent(
        "该编号已用于另一份通告。This id was used for another notice.", field="notice_id"
    ),
}

LOCK_NOTICE = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.notice.' || $1::text, 0))"
ADD_NOTICE = """
insert into notice (notice_id, title, text, published_at, published_by) values ($1, $2, $3, $4, $5)
"""
ADD_POSTINGS = """
insert into notice_posting (notice_id, compound_id, channel)
select $1, compound_id, channel from unnest($2::text[]) as compound_id, unnest($3::text[]) as channel
order by compound_id, channel
"""
ONE = "select notice_id, title, text, published_at, published_by from notice where notice_id = $1"
LIST = """
select n.notice_id, n.title, n.published_at, count(*) as wanted, count(p.posted_at) as posted
from notice n join notice_posting p using (notice_id)
where (n.published_at, n.notice_id) > ($1, $2)
group by n.notice_id order by n.published_at, n.notice_id limit $3
"""
POSTINGS = """
select compound_id, channel, posted_at from notice_posting where notice_id = $1 order by compound_id, channel
"""
POSTED_AT = """
select posted_at from notice_posting where notice_id = $1 and compound_id = $2 and channel = $3
"""
CONFIRM = """
update notice_posting set posted_at = $4, posted_by = $5
where notice_id = $1 and compound_id = $2 and channel = $3 and posted_at is null
"""
CONFIRMED = "select count(*) from notice_posting where notice_id = $1 and posted_at is not null"
MISSING_COMPOUNDS = """
select wanted from unnest($1::text[]) as wanted where not exists (select from compound where compound_id = wanted)
order by wanted
"""


async def lock(tx: Tx, notice_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_NOTICE, str(notice_id))


async def unknown_compounds(conn: Conn, compounds: Sequence[str]) -> list[str]:
    """Which of these are in no book."""
    return [row["wanted"] for row in await conn.fetch(MISSING_COMPOUNDS, list(compounds))]


async def add(
    tx: Tx, notice_id: UUID, *, title: str, text: str, compounds: Sequence[str], channels: Sequence[str]
) -> None:
    """Write a notice and every posting that it asks for."""
    await tx.execute(ADD_NOTICE, notice_id, title, text, tx.now, tx.actor or "")
    await tx.execute(ADD_POSTINGS, notice_id, list(compounds), list(channels))


async def one(conn: Conn, notice_id: UUID) -> asyncpg.Record | None:
    """A notice."""
    return await conn.fetchrow(ONE, notice_id)


async def page(conn: Conn, *, after: tuple[datetime, UUID], limit: int) -> Sequence[asyncpg.Record]:
    """Notices in the order of their publication, with how many postings are confirmed."""
    return await conn.fetch(LIST, *after, limit)


async def postings(conn: Conn, notice_id: UUID) -> list[Posting]:
    """Where a notice is to hang, and where it does."""
    return [
        Posting(compound=row["compound_id"], channel=row["channel"], posted_at=row["posted_at"])
        for row in await conn.fetch(POSTINGS, notice_id)
    ]


async def confirm(tx: Tx, notice_id: UUID, compound: str, channel: str) -> tuple[datetime | None, int | None]:
    """Write down that it hangs there, under the notice's lock; the first who said so counts.

    Tells the first confirmation's instant (None when it was not meant to hang there), and when it is this one, how
    many of the notice's postings are confirmed with it.
    """
    tag = await tx.execute(CONFIRM, notice_id, compound, channel, tx.now, tx.actor or "unknown")
    posted_at: datetime | None = await tx.fetchval(POSTED_AT, notice_id, compound, channel)
    if tag != "UPDATE 1":
        return posted_at, None
    confirmed: int = await tx.fetchval(CONFIRMED, notice_id)
    return posted_at, confirmed
