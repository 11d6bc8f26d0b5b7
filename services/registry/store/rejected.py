"""Rejected rows of imports and watch lists' files: sealed, and gone after a while."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.pool import Conn, Tx

ADD_PART = "insert into rejected_rows (source_id, start, rows, sealed) values ($1, $2, $3, $4)"

KEEP_UNTIL = """
insert into rejected_sheet (source_id, rows, kept_until)
select source_id, sum(rows), $2 from rejected_rows where source_id = $1 group by source_id
on conflict (source_id) do nothing
"""

KEPT = "select source_id, rows, kept_until, gone from rejected_sheet where source_id = $1"

PARTS = "select start, sealed from rejected_rows where source_id = $1 order by start"

EXPIRED = """
select source_id from rejected_sheet where not gone and kept_until <= $1 order by kept_until, source_id limit 100
"""

DROP_PARTS = "delete from rejected_rows where source_id = $1"

MARK_GONE = "update rejected_sheet set gone = true where source_id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Rejected rows of one file. `gone`: they were kept, and are not any more."""

    source_id: UUID
    rows: int
    kept_until: datetime
    gone: bool


async def add(tx: Tx, source_id: UUID, start: int, rows: int, sealed: bytes) -> None:
    """Keep the rejected rows of a batch."""
    await tx.execute(ADD_PART, source_id, start, rows, sealed)


async def keep_until(tx: Tx, source_id: UUID, until: datetime) -> bool:
    """All batches are there: keep them until then; False when there are none."""
    return await tx.execute(KEEP_UNTIL, source_id, until) == "INSERT 0 1"


async def kept(conn: Conn, source_id: UUID) -> Kept | None:
    """What is kept of a file; None when nothing was rejected, or the file is not done."""
    row = await conn.fetchrow(KEPT, source_id)
    return Kept(**dict(row)) if row else None


async def parts(conn: Conn, source_id: UUID) -> list[tuple[int, bytes]]:
    """The sealed batches in their order."""
    return [(row["start"], row["sealed"]) for row in await conn.fetch(PARTS, source_id)]


async def expired(conn: Conn, now: datetime) -> list[UUID]:
    """Sources whose time is over."""
    return [row["source_id"] for row in await conn.fetch(EXPIRED, now)]


async def drop(tx: Tx, source_id: UUID) -> None:
    """Let go of a source's rows."""
    await tx.execute(DROP_PARTS, source_id)
    await tx.execute(MARK_GONE, source_id)
