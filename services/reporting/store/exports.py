"""Exports: what was asked for, the pages that are made, the sealed file; and the lines that go into one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.reporting.domain.exports import Kind
from shared.db.pool import Conn, Tx
from shared.kernel.tables import FileFormat

ADD = """
insert into export_job (export_id, kind, format, compound, from_day, to_day, within, reason_sealed, content_index,
                        actor, role, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (export_id) do nothing
"""
JOB = """
select export_id, kind, format, compound, from_day, to_day, within, content_index, actor, role, state, rows_total,
       rows_done, error, detail, created_at, finished_at, kept_until
from export_job where export_id = $1
"""
NEXT = """
select export_id, kind, format, compound, from_day, to_day, within, content_index, actor, role, state, rows_total,
       rows_done, error, detail, created_at, finished_at, kept_until
from export_job where state = 'running' order by created_at, export_id limit 1
"""
JOBS_OF = """
select export_id, kind, format, compound, from_day, to_day, within, content_index, actor, role, state, rows_total,
       rows_done, error, detail, created_at, finished_at, kept_until
from export_job where actor = $1 order by created_at desc, export_id desc limit $2
"""
ADD_PAGE = """
insert into export_page (export_id, nth, rows, after, sealed)
select $1, $2, $3, $4, $5 from export_job where export_id = $1 and state = 'running'
on conflict (export_id, nth) do nothing
"""
LAST_PAGE = """
select nth, after, (select sum(rows) from export_page where export_id = $1)::int as rows_done
from export_page where export_id = $1 order by nth desc limit 1
"""
PAGE = "select sealed from export_page where export_id = $1 and nth = $2"
PROGRESS = (
    "update export_job set rows_total = greatest($2::int, $3::int), rows_done = $3 where export_id = $1"
)
DROP_PAGES = "delete from export_page where export_id = $1"
ADD_PART = "insert into export_file (export_id, part, sealed) values ($1, $2, $3)"
PARTS = "select sealed from export_file where export_id = $1 order by part"
FINISH = """
update export_job set state = 'done', rows_total = $2, rows_done = $2, finished_at = $3, kept_until = $4
where export_id = $1 and state = 'running'
"""
FAIL = """
update export_job set state = 'failed', error = $2, detail = $3, finished_at = $4
where export_id = $1 and state = 'running'
"""
EXPIRED = (
    "select export_id from export_job where state = 'done' and kept_until <= $1 order by kept_until limit 100"
)
DROP_PARTS = "delete from export_file where export_id = $1"
EXPIRE = "update export_job set state = 'expired' where export_id = $1 and state = 'done'"

# ---- lines

CASES_COUNT = "select count(*) from observation_case where $1::text[] is null or compound = any($1)"
MOVEMENTS_COUNT = """
select count(*) from census_movement
where recorded_at >= $1 and recorded_at < $2 and ($3::text[] is null or compound = any($3))
"""
MOVEMENTS = """
select recorded_at, happened_at, case_id, compound, measure, kind, ending, number
from census_movement
where recorded_at >= $1 and recorded_at < $2 and ($3::text[] is null or compound = any($3))
  and (recorded_at, case_id, number) > ($4::timestamptz, $5::uuid, $6::int)
order by recorded_at, case_id, number limit $7
"""
HOURS_COUNT = """
select count(*) from entry_flow where day between $1 and $2 and ($3::text[] is null or compound = any($3))
"""
HOURS = """
select day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline
from entry_flow
where day between $1 and $2 and ($3::text[] is null or compound = any($3))
  and (day, compound, hour) > ($4::date, $5::text, $6::int)
order by day, compound, hour limit $7
"""
REPORT_DAYS = "select day from daily_report where day between $1 and $2 and day > $3 order by day limit $4"
REPORT_DAYS_COUNT = "select count(*) from daily_report where day between $1 and $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An export and how far it is. `within`: the asker's compounds, None for the town; `kept_until` is real time."""

    export_id: UUID
    kind: Kind
    format: FileFormat
    compound: str | None
    from_day: date
    to_day: date
    within: tuple[str, ...] | None
    content_index: bytes = field(repr=False)
    actor: str
    role: str
    state: str = "running"
    rows_total: int = 0
    rows_done: int = 0
    error: str | None = None
    detail: str | None = None
    created_at: datetime
    finished_at: datetime | None = None
    kept_until: datetime | None = None


async def add(tx: Tx, job: Job, *, reason_sealed: bytes) -> bool:
    """Write down what is asked for; False when the id is known."""
    tag = await tx.execute(
        ADD,
        job.export_id,
        job.kind,
        job.format,
        job.compound,
        job.from_day,
        job.to_day,
        None if job.within is None else list(job.within),
        reason_sealed,
        job.content_index,
        job.actor,
        job.role,
        job.created_at,
    )
    return tag == "INSERT 0 1"


async def job(conn: Conn, export_id: UUID) -> Job | None:
    """One export."""
    row = await conn.fetchrow(JOB, export_id)
    return _job(dict(row)) if row else None


async def jobs_of(conn: Conn, actor: str, *, limit: int) -> list[Job]:
    """Somebody's exports, newest first."""
    return [_job(dict(row)) for row in await conn.fetch(JOBS_OF, actor, limit)]


async def next_job(conn: Conn) -> Job | None:
    """The oldest export that is not made yet."""
    row = await conn.fetchrow(NEXT)
    return _job(dict(row)) if row else None


async def last_page(conn: Conn, export_id: UUID) -> tuple[int, str | None, int] | None:
    """The last page that is made: its number, where it ended, and how many rows there are up to it."""
    row = await conn.fetchrow(LAST_PAGE, export_id)
    return (row["nth"], row["after"], row["rows_done"]) if row else None


async def add_page(
    tx: Tx, export_id: UUID, nth: int, *, rows: int, after: str | None, sealed: bytes, total: int, done: int
) -> bool:
    """Keep a page, and tell how far the export is; False when another process was faster."""
    if await tx.execute(ADD_PAGE, export_id, nth, rows, after, sealed) == "INSERT 0 0":
        return False
    await tx.execute(PROGRESS, export_id, total, done)
    return True


async def page(conn: Conn, export_id: UUID, nth: int) -> bytes:
    """A sealed page."""
    sealed: bytes = await conn.fetchval(PAGE, export_id, nth)
    return sealed


async def finish(
    tx: Tx, export_id: UUID, *, rows: int, parts: Sequence[bytes], finished_at: datetime, kept_until: datetime
) -> None:
    """Keep the sealed file until then, and its pages no more; nothing, when another process was faster."""
    if await tx.execute(FINISH, export_id, rows, finished_at, kept_until) == "UPDATE 0":
        return
    for number, part in enumerate(parts):
        await tx.execute(ADD_PART, export_id, number, part)
    await tx.execute(DROP_PAGES, export_id)


async def fail(tx: Tx, export_id: UUID, *, error: str, detail: str) -> None:
    """The export cannot be made."""
    if await tx.execute(FAIL, export_id, error, detail, tx.now) != "UPDATE 0":
        await tx.execute(DROP_PAGES, export_id)


async def parts(conn: Conn, export_id: UUID) -> list[bytes]:
    """The sealed file."""
    return [row["sealed"] for row in await conn.fetch(PARTS, export_id)]


async def expired(conn: Conn, now: datetime) -> list[UUID]:
    """Exports whose time is over."""
    return [row["export_id"] for row in await conn.fetch(EXPIRED, now)]


async def expire(tx: Tx, export_id: UUID) -> None:
    """Let go of an export's file."""
    await tx.execute(DROP_PARTS, export_id)
    await tx.execute(EXPIRE, export_id)


def _job(row: dict[str, object]) -> Job:
    within = row["within"]
    return Job(**row | {"within": tuple(within) if isinstance(within, list) else None})  # type: ignore[arg-type]  # the table's columns
