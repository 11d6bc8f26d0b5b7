"""Exports: what was asked for, how far it is, and the sealed file; and the lines that go into one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

ADD = """
insert into export_job (export_id, kind, format, compound_id, masked, reason_index, actor, created_at, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (export_id) do nothing
"""

NEXT = """
select export_id, kind, format, compound_id, masked, reason_index, actor, state, rows_total, rows_done, error, detail,
  created_at, finished_at, kept_until
from export_job where state = 'running' order by created_at, export_id limit 1
"""

JOB = """
select export_id, kind, format, compound_id, masked, reason_index, actor, state, rows_total, rows_done, error, detail,
  created_at, finished_at, kept_until
from export_job where export_id = $1
"""

BEGIN = "update export_job set state = 'running' where export_id = $1 and state = 'asked'"

DROP = """
update export_job set state = 'failed', error = $2, detail = $3, finished_at = $4
where export_id = $1 and state = 'asked'
"""

PROGRESS = """
update export_job set rows_total = $2, rows_done = $3 where export_id = $1 and state = 'running'
"""

ADD_PART = "insert into export_file (export_id, part, sealed) values ($1, $2, $3)"

PARTS = "select part, sealed from export_file where export_id = $1 order by part"

FINISH = """
update export_job set state = 'done', rows_total = $2, rows_done = $2, finished_at = $3, kept_until = $4
where export_id = $1 and state = 'running'
"""

FAIL = """
update export_job set state = 'failed', error = $2, detail = $3, finished_at = $4
where export_id = $1 and state = 'running'
"""

EXPIRED = """
select export_id from export_job where state = 'done' and kept_until <= $1 order by kept_until, export_id limit 100
"""

DROP_PARTS = "delete from export_file where export_id = $1"

EXPIRE = "update export_job set state = 'expired' where export_id = $1 and state = 'done'"

# ---- lines

RESIDENT_COUNT = """
select count(*) from residence r join dwelling d using (dwelling_id)
where r.ended_on is null and ($1::text is null or d.compound_id = $1)
"""

RESIDENTS = """
select r.person_ref, r.dwelling_id, r.note_sealed
from residence r join dwelling d using (dwelling_id)
where d.compound_id = $1 and r.ended_on is null
order by d.building_order, d.building, d.unit_order, d.unit, d.room_order, d.room, r.registered_on, r.person_ref
"""

NOTES = """
select person_ref, dwelling_id, note_sealed from residence
where person_ref = any($1::uuid[]) and ended_on is null and note_sealed is not null
"""

WORKERS = """
select w.worker_ref, w.code, w.name_sealed, w.sex_sealed, w.phone_sealed, w.kind, w.home_unit, w.work_group,
  w.home_compound_id, p.place_kind,
  coalesce(p.checkpoint_id, p.grid_id, p.compound_id, p.neighbourhood_id) as place, p.from_day, p.until_day
from posting p join worker w using (worker_ref)
where $1::text is null or p.compound_id = $1
order by w.code, p.from_day, p.posting_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An export and how far it is. `kept_until` is real time."""

    export_id: UUID
    kind: str
    format: str
    compound_id: str | None
    masked: bool
    reason_index: bytes
    actor: str
    state: str
    rows_total: int
    rows_done: int
    error: str | None
    detail: str | None
    created_at: datetime
    finished_at: datetime | None
    kept_until: datetime | None


async def add(
    tx: Tx,
    export_id: UUID,
    *,
    kind: str,
    file_format: str,
    compound_id: str | None,
    masked: bool,
    reason_index: bytes,
    waits: bool,
) -> bool:
    """Write down what is asked for, to be made or to wait for a second person; False when the id is known."""
    asked = export_id, kind, file_format, compound_id, masked, reason_index, tx.by, tx.now
    return await tx.execute(ADD, *asked, "asked" if waits else "running") == "INSERT 0 1"


async def begin(tx: Tx, export_id: UUID) -> None:
    """Let an export that waited be made."""
    await tx.execute(BEGIN, export_id)


async def drop(tx: Tx, export_id: UUID, *, error: str, detail: str) -> None:
    """An export that waited is not made."""
    await tx.execute(DROP, export_id, error, detail, tx.now)


async def next_job(conn: Conn) -> Job | None:
    """The oldest export that is not made yet."""
    row = await conn.fetchrow(NEXT)
    return Job(**dict(row)) if row else None


async def job(conn: Conn, export_id: UUID) -> Job | None:
    """One export."""
    row = await conn.fetchrow(JOB, export_id)
    return Job(**dict(row)) if row else None


async def progress(tx: Tx, export_id: UUID, total: int, done: int) -> None:
    """Tell how far it is."""
    await tx.execute(PROGRESS, export_id, max(total, done), done)


async def finish(tx: Tx, export_id: UUID, *, rows: int, parts: Sequence[bytes], kept_until: datetime) -> None:
    """Keep the sealed file until then; nothing, when another process was faster or the export has failed."""
    if await tx.execute(FINISH, export_id, rows, tx.now, kept_until) == "UPDATE 0":
        return
    for number, part in enumerate(parts):
        await tx.execute(ADD_PART, export_id, number, part)


async def fail(tx: Tx, export_id: UUID, *, error: str, detail: str) -> None:
    """The export cannot be made."""
    await tx.execute(FAIL, export_id, error, detail, tx.now)


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


async def resident_count(conn: Conn, compound_id: str | None) -> int:
    """How many lines residents' lists have."""
    count: int = await conn.fetchval(RESIDENT_COUNT, compound_id)
    return count


async def residents(conn: Conn, compound_id: str) -> list[asyncpg.Record]:
    """Who lives at or owns which dwelling of a compound, in the order of the address list."""
    return await conn.fetch(RESIDENTS, compound_id)


async def notes(conn: Conn, refs: Sequence[UUID]) -> dict[tuple[UUID, UUID], bytes]:
    """Sealed notes on these people's dwellings, by person and dwelling."""
    rows = await conn.fetch(NOTES, list(refs))
    return {(row["person_ref"], row["dwelling_id"]): row["note_sealed"] for row in rows}


async def workers(conn: Conn, compound_id: str | None) -> list[asyncpg.Record]:
    """Every posting with its worker."""
    return await conn.fetch(WORKERS, compound_id)
