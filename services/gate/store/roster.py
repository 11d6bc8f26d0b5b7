"""Workers, badges and the roster (R2.2)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.gate.domain.roster import BadgeTaken, Shift
from shared.db.pool import Conn, Tx
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import Refusal

REJECTIONS: Mapping[str, Refusal] = {
    "duty_badge_staff": BadgeTaken(
        "该工号已属于另一人。This staff number is another worker's.", field="staff_number"
    ),
    "duty_badge_number": BadgeTaken("请用新的编号重试。Try again under a new id.", field="badge_id"),
}

PLACE_OF_POST = """
select p.checkpoint, p.compound, p.closed_at, c.neighbourhood
from checkpoint p left join compound c on c.compound = p.compound where p.checkpoint = $1
"""
PLACES = """
select p.checkpoint, p.compound, c.neighbourhood
from checkpoint p left join compound c on c.compound = p.compound order by p.checkpoint
"""
WORKER_POSTS = """
select w.compound, w.checkpoint, c.neighbourhood
from worker_posting w left join compound c on c.compound = w.compound where w.worker_ref = $1
"""
POSTED_UNTIL = """
select worker_ref, max(coalesce(until_day, date '9999-12-31')) as until_day
from worker_posting where worker_ref = any($1::uuid[]) group by worker_ref
"""
BADGE_OF_WORKER = """
select worker_ref, badge_id, badge_index, staff_index from duty_badge where worker_ref = $1 for update
"""
PUT_BADGE = """
insert into duty_badge (worker_ref, badge_id, badge_index, staff_index, issued_by, issued_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (worker_ref) do update
set badge_id = excluded.badge_id, badge_index = excluded.badge_index, staff_index = excluded.staff_index,
  issued_by = excluded.issued_by, issued_at = excluded.issued_at
"""
WORKER_BY_BADGE = "select worker_ref from duty_badge where badge_index = any($1::bytea[])"
WORKERS_BY_STAFF = "select staff_index, worker_ref from duty_badge where staff_index = any($1::bytea[])"

# Whoever plans for a worker takes turns with others who do: two plans never cross unseen.
LOCK_WORKERS = """
select pg_advisory_xact_lock(hashtextextended('duty_worker ' || worker_ref::text, 0))
from (select distinct worker_ref from unnest($1::uuid[]) as w (worker_ref) order by worker_ref) as ordered
"""
SHIFT_FOR_UPDATE = """
select shift_id, checkpoint, compound, worker_ref, starts_at, ends_at, cancelled_at
from duty_shift where shift_id = $1 for update
"""
TAKEN_UP = "select shift_id from duty_turn where shift_id = any($1::uuid[]) order by shift_id"
SHIFTS_BY_ID = """
select shift_id, checkpoint, worker_ref, starts_at, ends_at, cancelled_at from duty_shift
where shift_id = any($1::uuid[])
"""
SHIFTS_OF_WORKERS = """
select shift_id, checkpoint, worker_ref, starts_at, ends_at from duty_shift
where worker_ref = any($1::uuid[]) and starts_at < $3 and ends_at > $2 and cancelled_at is null
"""
ADD_SHIFTS = """
insert into duty_shift (shift_id, checkpoint, compound, worker_ref, starts_at, ends_at, source, planned_by, planned_at)
select shift_id, checkpoint, compound, worker_ref, starts_at, ends_at, $7, $8, $9
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
  as s (shift_id, checkpoint, compound, worker_ref, starts_at, ends_at)
order by shift_id
"""
GIVE_SHIFT = "update duty_shift set worker_ref = $2 where shift_id = $1"
CANCEL_SHIFT = "update duty_shift set cancelled_at = $2, cancelled_by = $3 where shift_id = $1"
SWAP = "select swap_id, shift_id, other_shift_id from duty_swap where swap_id = $1"
ADD_SWAP = """
insert into duty_swap (swap_id, shift_id, other_shift_id, swapped_by, swapped_at) values ($1, $2, $3, $4, $5)
"""
PATTERN_CONTENT = "select content from duty_pattern where pattern_id = $1"
ADD_PATTERN = """
insert into duty_pattern (pattern_id, content, planned_by, planned_at) values ($1, $2, $3, $4)
"""
ROSTER = """
select s.shift_id, s.checkpoint, s.worker_ref, s.starts_at, s.ends_at, s.source, t.turn_id
from duty_shift s left join duty_turn t on t.shift_id = s.shift_id
where s.checkpoint = $1 and s.starts_at < $3 and s.ends_at > $2 and s.cancelled_at is null
  and (s.starts_at, s.shift_id) > ($4, $5)
order by s.starts_at, s.shift_id limit $6
"""


async def worker_of_badge(conn: Conn, indexes: Sequence[bytes]) -> UUID | None:
    """Whose badge it is."""
    worker: UUID | None = await conn.fetchval(WORKER_BY_BADGE, indexes)
    return worker


async def posted_until(conn: Conn, workers: Sequence[UUID]) -> dict[UUID, date]:
    """Until which day each of the workers is posted somewhere, both included; who is unknown is absent."""
    rows = await conn.fetch(POSTED_UNTIL, workers)
    return {row["worker_ref"]: row["until_day"] for row in rows}


async def lock_workers(tx: Tx, workers: Sequence[UUID]) -> None:
    """Plan for these workers one after another."""
    await tx.fetch(LOCK_WORKERS, workers)


async def shifts_of(conn: Conn, workers: Sequence[UUID], since: datetime, until: datetime) -> list[Shift]:
    """What is planned for workers in a stretch of time."""
    return [shift_of(row) for row in await conn.fetch(SHIFTS_OF_WORKERS, workers, since, until)]


async def add_shifts(
    tx: Tx, shifts: Sequence[Shift], *, compounds: Mapping[CheckpointId, CompoundId], source: str, by: str
) -> None:
    """Plan them."""
    await tx.execute(
        ADD_SHIFTS,
        [shift.shift_id for shift in shifts],
        [shift.checkpoint for shift in shifts],
        [compounds[shift.checkpoint] for shift in shifts],
        [shift.worker_ref for shift in shifts],
        [shift.starts_at for shift in shifts],
        [shift.ends_at for shift in shifts],
        source,
        by,
        tx.now,
    )


def shift_of(row: Any) -> Shift:
    """A row as a shift."""
    return Shift(
        shift_id=row["shift_id"],
        checkpoint=row["checkpoint"],
        worker_ref=row["worker_ref"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )
