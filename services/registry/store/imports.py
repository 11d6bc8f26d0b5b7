"""Imports: the sealed upload, progress, the error sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

ADD = """
insert into import_job (import_id, kind, file_name, sha256, dry_run, actor, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (kind, sha256, dry_run) where state = 'running' do nothing
returning import_id
"""

RUNNING = """
select import_id from import_job where kind = $1 and sha256 = $2 and dry_run = $3 and state = 'running'
"""

ADD_PART = "insert into import_file (import_id, part, sealed) values ($1, $2, $3)"

PARTS = "select part, sealed from import_file where import_id = $1 order by part"

DROP_PARTS = "delete from import_file where import_id = $1"

NEXT = """
select import_id, kind, file_name, dry_run, actor, state, rows_total, rows_done, rows_accepted, rows_unchanged,
  rows_unverified, rows_rejected, rows_duplicate, error, detail, created_at, finished_at
from import_job where state = 'running' order by created_at, import_id limit 1
"""

JOB = """
select import_id, kind, file_name, dry_run, actor, state, rows_total, rows_done, rows_accepted, rows_unchanged,
  rows_unverified, rows_rejected, rows_duplicate, error, detail, created_at, finished_at
from import_job where import_id = $1
"""

SET_TOTAL = "update import_job set rows_total = $2 where import_id = $1 and state = 'running'"

ADVANCE = """
update import_job set rows_done = rows_done + $3, rows_accepted = rows_accepted + $4,
  rows_unchanged = rows_unchanged + $5, rows_unverified = rows_unverified + $6, rows_rejected = rows_rejected + $7,
  rows_duplicate = rows_duplicate + $8
where import_id = $1 and rows_done = $2 and state = 'running'
"""

LOCK = "select rows_done from import_job where import_id = $1 and state = 'running' for update"

FINISH = """
update import_job set state = 'done', finished_at = $2
where import_id = $1 and state = 'running' and rows_done = rows_total
"""

FAIL = """
update import_job set state = 'failed', error = $2, detail = $3, finished_at = $4
where import_id = $1 and state = 'running'
"""

ROWS = """
select nth, sheet, row_number, column_name, code, outcome from import_row
where import_id = $1 and nth > $2 and ($3::text is null or outcome = $3)
order by nth limit $4
"""

LAST_ROW = "select coalesce(max(nth), 0) from import_row where import_id = $1"

ADD_REMARKS = """
insert into import_remark (import_id, nth, sheet, place, code)
select $1, nth, sheet, place, code from unnest($2::text[], $3::text[], $4::text[])
  with ordinality as remark (sheet, place, code, nth)
on conflict (import_id, nth) do nothing
"""

REMARKS = "select sheet, place, code from import_remark where import_id = $1 order by nth"

ROW_COLUMNS = ("import_id", "nth", "sheet", "row_number", "column_name", "code", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An import and how far it is."""

    import_id: UUID
    kind: str
    file_name: str
    dry_run: bool
    actor: str
    state: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the rows of a batch."""

    accepted: int
    unchanged: int
    unverified: int
    rejected: int
    duplicate: int

    @property
    def all(self) -> int:
        """How many rows that is."""
        return self.accepted + self.unchanged + self.unverified + self.rejected + self.duplicate


async def add(
    tx: Tx,
    *,
    import_id: UUID,
    kind: str,
    file_name: str,
    sha256: bytes,
    dry_run: bool,
    parts: Sequence[bytes],
) -> UUID | None:
    """Keep an upload; returns the running import of the same content where there is one.

    None: there was one when this began and it has finished since; ask again.
    """
    added: UUID | None = await tx.fetchval(
        ADD, import_id, kind, file_name, sha256, dry_run, tx.actor or "unknown", tx.now
    )
    if added is None:
        running: UUID | None = await tx.fetchval(RUNNING, kind, sha256, dry_run)
        return running
    for number, part in enumerate(parts):  # one by one: a part is a megabyte
        await tx.execute(ADD_PART, import_id, number, part)
    return added


async def parts(conn: Conn, import_id: UUID) -> list[bytes]:
    """The sealed upload."""
    return [row["sealed"] for row in await conn.fetch(PARTS, import_id)]


async def next_job(conn: Conn) -> Job | None:
    """The oldest import that is not finished."""
    row = await conn.fetchrow(NEXT)
    return _job(row) if row else None


async def job(conn: Conn, import_id: UUID) -> Job | None:
    """One import."""
    row = await conn.fetchrow(JOB, import_id)
    return _job(row) if row else None


async def set_total(tx: Tx, import_id: UUID, total: int) -> None:
    """Tell how many rows the file has."""
    await tx.execute(SET_TOTAL, import_id, total)


async def lock(tx: Tx, import_id: UUID) -> int | None:
    """Lock an import for a batch; tells how many rows are done, None when it is no longer running."""
    done: int | None = await tx.fetchval(LOCK, import_id)
    return done


async def advance(tx: Tx, import_id: UUID, done: int, counts: Counts) -> bool:
    """Move progress on from `done`; False when it is not there any more."""
    tag = await tx.execute(
        ADVANCE,
        *(import_id, done, counts.all, counts.accepted, counts.unchanged),
        *(counts.unverified, counts.rejected, counts.duplicate),
    )
    return tag == "UPDATE 1"


async def finish(tx: Tx, import_id: UUID) -> None:
    """All rows are done: the upload goes."""
    await tx.execute(FINISH, import_id, tx.now)
    await tx.execute(DROP_PARTS, import_id)


async def fail(tx: Tx, import_id: UUID, *, error: str, detail: str) -> None:
    """The import cannot go on: the upload goes."""
    await tx.execute(FAIL, import_id, error, detail, tx.now)
    await tx.execute(DROP_PARTS, import_id)


async def last_row(conn: Conn, import_id: UUID) -> int:
    """The number of the error sheet's last line."""
    number: int = await conn.fetchval(LAST_ROW, import_id)
    return number


async def add_rows(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    """Add lines to the error sheet, in the order of ROW_COLUMNS."""
    if rows:
        await tx.copy("import_row", ROW_COLUMNS, rows)


async def rows(
    conn: Conn, import_id: UUID, *, after: int, outcome: str | None, limit: int
) -> list[asyncpg.Record]:
    """A page of the error sheet."""
    return await conn.fetch(ROWS, import_id, after, outcome, limit)


async def add_remarks(tx: Tx, import_id: UUID, remarks: Sequence[tuple[str, str, str]]) -> None:
    """Say what was left out of the file: sheet, place, code. Once, also when the import is taken up again."""
    if remarks:
        await tx.execute(ADD_REMARKS, import_id, *[list(column) for column in zip(*remarks, strict=True)])


async def remarks(conn: Conn, import_id: UUID) -> list[asyncpg.Record]:
    """What was left out of the file."""
    return await conn.fetch(REMARKS, import_id)


def _job(row: asyncpg.Record) -> Job:
    return Job(**dict(row))
