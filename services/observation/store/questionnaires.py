"""Questionnaire platforms' lists: the sealed file, how far it is, and the lines of its error sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from services.observation.domain.questionnaires import Fault
from shared.db.pool import Conn, Tx

ADD = """
insert into questionnaire (import_id, file_name, sha256, dry_run, sent_by, scopes, correlation_id, sent_at, rows_total)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (sha256, dry_run, sent_by) where state = 'running' do nothing returning import_id
"""
RUNNING = """
select import_id from questionnaire where sha256 = $1 and dry_run = $2 and sent_by = $3 and state = 'running'
"""
ADD_PARTS = """
insert into questionnaire_part (import_id, number, content_sealed)
select $1, nth, part from unnest($2::bytea[]) with ordinality as p (part, nth)
"""
PARTS = "select content_sealed from questionnaire_part where import_id = $1 order by number"
FIND = """
select import_id, file_name, dry_run, sent_by, sent_at, state, rows_total, rows_done, rows_accepted, rows_unchanged,
  rows_rejected, finished_at, kept_until
from questionnaire where import_id = $1
"""
LAST_OF = """
select import_id, file_name, dry_run, sent_by, sent_at, state, rows_total, rows_done, rows_accepted, rows_unchanged,
  rows_rejected, finished_at, kept_until
from questionnaire where sent_by = $1 order by sent_at desc, import_id desc limit $2
"""
NEXT_JOB = """
select import_id, dry_run, sent_by, scopes, correlation_id, rows_total, rows_done
from questionnaire where state = 'running' order by sent_at, import_id limit 1
"""
CLAIM = """
select import_id from questionnaire where import_id = $1 and rows_done = $2 and state = 'running' for update
"""
ADVANCE = """
update questionnaire set rows_done = rows_done + $2 + $3 + $4,
  rows_accepted = rows_accepted + $2, rows_unchanged = rows_unchanged + $3, rows_rejected = rows_rejected + $4
where import_id = $1
"""
ADD_ROWS = """
insert into questionnaire_row (import_id, nth, sheet, row_number, column_name, code, row_sealed)
select $1, nth, sheet, row_number, column_name, code, row_sealed
from unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::text[], $7::bytea[])
  as row (nth, sheet, row_number, column_name, code, row_sealed)
"""
FINISH = """
update questionnaire set state = 'done', finished_at = $2, kept_until = $3
where import_id = $1 and state = 'running' and rows_done = rows_total
"""
FAIL = """
update questionnaire set state = 'failed', finished_at = $2, kept_until = $3
where import_id = $1 and state = 'running'
"""
DROP_PARTS = "delete from questionnaire_part where import_id = $1"
ROWS = """
select nth, sheet, row_number, column_name, code from questionnaire_row
where import_id = $1 and nth > $2 order by nth limit $3
"""
SEALED_ROWS = """
select nth, sheet, row_number, column_name, code, row_sealed from questionnaire_row where import_id = $1 order by nth
"""
EXPIRED = """
select import_id from questionnaire where kept_until < $1 order by kept_until limit $2 for update skip locked
"""
FORGET_ROWS = """
update questionnaire_row set row_sealed = null where import_id = any($1::uuid[]) and row_sealed is not null
"""
FORGOTTEN = "update questionnaire set kept_until = null where import_id = any($1::uuid[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A list that is being worked off."""

    import_id: UUID
    dry_run: bool
    sent_by: str
    scopes: tuple[str, ...]
    correlation_id: UUID
    rows_total: int
    rows_done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line of the error sheet: where the row stands, what is wrong, and how it stood, sealed."""

    nth: int
    sheet: str
    number: int
    fault: Fault
    sealed: bytes = field(repr=False)


async def add(
    tx: Tx, import_id: UUID, *, file_name: str, sha256: bytes, dry_run: bool, scopes: Sequence[str], rows: int
) -> UUID | None:
    """Keep a list to be worked off; tells the one that is being worked off already, or None when that just ended."""
    found: UUID | None = await tx.fetchval(
        ADD,
        import_id,
        file_name,
        sha256,
        dry_run,
        tx.actor,
        list(scopes),
        tx.cause.correlation,
        tx.now,
        rows,
    )
    return found or await tx.fetchval(RUNNING, sha256, dry_run, tx.actor)


async def add_parts(tx: Tx, import_id: UUID, parts: Sequence[bytes]) -> None:
    """Keep the sealed file."""
    await tx.execute(ADD_PARTS, import_id, list(parts))


async def parts(conn: Conn, import_id: UUID) -> list[bytes]:
    """Read the sealed file."""
    return [row["content_sealed"] for row in await conn.fetch(PARTS, import_id)]


async def find(conn: Conn, import_id: UUID) -> asyncpg.Record | None:
    """Tell how far a list is."""
    return await conn.fetchrow(FIND, import_id)


async def last_of(conn: Conn, sent_by: str, limit: int) -> list[asyncpg.Record]:
    """Tell the lists that somebody sent, the newest first."""
    return await conn.fetch(LAST_OF, sent_by, limit)


async def next_job(conn: Conn) -> Job | None:
    """Tell the oldest list that is not worked off."""
    row = await conn.fetchrow(NEXT_JOB)
    return None if row is None else Job(**{**row, "scopes": tuple(row["scopes"])})


async def claim(tx: Tx, import_id: UUID, done: int) -> bool:
    """Hold a list of which so many rows are done; False when somebody else goes on with it."""
    return await tx.fetchval(CLAIM, import_id, done) is not None


async def advance(tx: Tx, import_id: UUID, *, accepted: int, unchanged: int, rejected: int) -> None:
    """Go behind rows of a list that is held, with what became of them."""
    await tx.execute(ADVANCE, import_id, accepted, unchanged, rejected)


async def add_rows(tx: Tx, import_id: UUID, rejected: Sequence[Rejected]) -> None:
    """Keep lines of the error sheet."""
    await tx.execute(
        ADD_ROWS,
        import_id,
        [one.nth for one in rejected],
        [one.sheet for one in rejected],
        [one.number for one in rejected],
        [one.fault.column for one in rejected],
        [one.fault.code for one in rejected],
        [one.sealed for one in rejected],
    )


async def finish(tx: Tx, import_id: UUID, kept_until: datetime) -> None:
    """It is worked off; the file goes, rejected rows stay for a while."""
    await tx.execute(FINISH, import_id, tx.now, kept_until)
    await tx.execute(DROP_PARTS, import_id)


async def fail(tx: Tx, import_id: UUID, kept_until: datetime) -> None:
    """It cannot be worked off; what was done of it stays."""
    await tx.execute(FAIL, import_id, tx.now, kept_until)
    await tx.execute(DROP_PARTS, import_id)


async def rows(conn: Conn, import_id: UUID, *, after: int, limit: int) -> list[asyncpg.Record]:
    """Tell lines of the error sheet, in the file's order."""
    return await conn.fetch(ROWS, import_id, after, limit)


async def sealed_rows(conn: Conn, import_id: UUID) -> list[asyncpg.Record]:
    """Read the rejected rows as they stood, sealed."""
    return await conn.fetch(SEALED_ROWS, import_id)


async def expired(tx: Tx, at: datetime, limit: int) -> list[UUID]:
    """Tell lists whose rejected rows are kept long enough, under their row locks."""
    return [row["import_id"] for row in await tx.fetch(EXPIRED, at, limit)]


async def forget(tx: Tx, imports: Sequence[UUID]) -> None:
    """Forget the rejected rows; which cells were wrong stays."""
    await tx.execute(FORGET_ROWS, list(imports))
    await tx.execute(FORGOTTEN, list(imports))
