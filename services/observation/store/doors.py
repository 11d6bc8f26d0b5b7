"""Devices at doors, what they told, and the tasks that follow."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.observation.domain.doors import DoorTaken, OpeningTask
from services.observation.domain.repeats import other_content
from services.observation.store.desk import Reach
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

DEVICE = """
select d.device_id, d.case_id, d.door, d.key_hash, d.registered_at, d.ended_at, c.ended_at as case_ended_at, c.compound
from door_device d join observation_case c using (case_id) where d.device_id = $1
"""
DEVICES = """
select device_id, door, registered_at, registered_by, heard_at, ended_at, ended_by
from door_device where case_id = $1 order by registered_at, device_id
"""
ADD_DEVICE = """
insert into door_device (device_id, case_id, door, key_hash, registered_at, registered_by, heard_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
END_DEVICE = """
update door_device set ended_at = coalesce(ended_at, $3), ended_by = coalesce(ended_by, $4)
where device_id = $1 and case_id = $2 returning device_id
"""
END_ALL = "update door_device set ended_at = $1, ended_by = $2 where ended_at is null"
HEARD = "update door_device set heard_at = greatest(heard_at, $2) where device_id = $1"
END_SILENCE = """
update door_task set ended_at = $2, ended_by = $3, result = 'heard_again'
where device_id = $1 and kind = 'heartbeat_lost' and ended_at is null
"""
FIND_OPENING = "select device_id, opened_at, received_at, task_id from door_opening where signal_id = $1"
ADD_OPENING = """
insert into door_opening (signal_id, device_id, opened_at, received_at, task_id) values ($1, $2, $3, $4, $5)
"""
TASKS_NEAR = """
select task_id, first_at, last_at, ended_at from door_task
where device_id = $1 and kind = 'opened' and last_at >= $2::timestamptz - make_interval(mins => $3)
  and first_at <= $2::timestamptz + make_interval(mins => $3)
order by number
"""
ADD_TASK = """
insert into door_task (task_id, device_id, case_id, kind, first_at, last_at, openings, raised_at)
values ($1, $2, $3, 'opened', $4, $4, 1, $5)
"""
EXIT_TASK = "select task_id from door_task where case_id = $1 and kind = 'at_gate' and ended_at is null"
ADD_EXIT_TASK = """
insert into door_task (task_id, case_id, kind, first_at, last_at, openings, raised_at)
values ($1, $2, 'at_gate', $3, $3, 1, $4)
"""
JOIN_TASK = """
update door_task set first_at = least(first_at, $2), last_at = greatest(last_at, $2), openings = openings + 1
where task_id = $1
"""
SILENT = """
select d.device_id, d.case_id, d.heard_at from door_device d join observation_case c using (case_id)
where d.ended_at is null and d.heard_at < $1 and d.silence_told is distinct from d.heard_at
  and c.state = 'under_observation' and c.measure = 'home_quarantine'
order by d.device_id limit $2 for update of d skip locked
"""
TELL_SILENCE = """
with told as (
  update door_device set silence_told = heard_at where device_id = any($1::uuid[]) returning device_id)
insert into door_task (task_id, device_id, case_id, kind, first_at, last_at, openings, raised_at)
select task_id, device_id, case_id, 'heartbeat_lost', $4, $4, 0, $4
from unnest($2::uuid[], $1::uuid[], $3::uuid[]) as t (task_id, device_id, case_id)
on conflict do nothing
"""
TASKS = """
select t.number, t.task_id, t.case_id, c.person_ref, c.compound, c.grid, d.door, t.kind, t.first_at, t.last_at,
  t.openings, t.raised_at, t.ended_at, t.ended_by, t.result
from door_task t left join door_device d using (device_id) join observation_case c on c.case_id = t.case_id
left join compound_place p on p.compound = c.compound
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5) and ($6::text is null or c.grid = $6)
  and case when $7::boolean then t.ended_at is null and c.ended_at is null else true end
  and ($8::text is null or t.kind = $8) and ($9::uuid is null or t.case_id = $9) and t.number > $10
order by t.number limit $11
"""
LOCK_TASK = """
select task_id, case_id, ended_at, result_id, content_index from door_task where task_id = $1 for update
"""
END_TASK = """
update door_task set ended_at = $2, ended_by = $3, result = $4, result_id = $5, note_sealed = $6, content_index = $7
where task_id = $1
"""

REJECTIONS: dict[str, Refusal] = {
    "door_device_one_per_door": DoorTaken(
        "该门已有设备。Another device watches this door.",
        field="door",
        remedy="请先停用原设备。End the other device first.",
    ),
    **{name: other_content() for name in ("door_device_pkey", "door_opening_pkey", "door_task_result_once")},
}


async def device(conn: Conn, device_id: UUID) -> asyncpg.Record | None:
    """Read a device with the end of its case."""
    return await conn.fetchrow(DEVICE, device_id)


async def devices(conn: Conn, case_id: UUID) -> list[asyncpg.Record]:
    """Tell the devices of a case, oldest first."""
    return await conn.fetch(DEVICES, case_id)


async def add_device(
    tx: Tx, device_id: UUID, *, case_id: UUID, door: int, key_hash: bytes, by: str, real_now: datetime
) -> None:
    """Keep a new device; it counts as heard when it is registered."""
    await tx.execute(ADD_DEVICE, device_id, case_id, door, key_hash, tx.now, by, real_now)


async def end_device(tx: Tx, device_id: UUID, *, case_id: UUID, by: str) -> bool:
    """Stop a device; a second time changes nothing. False: the case has no such device."""
    return await tx.fetchval(END_DEVICE, device_id, case_id, tx.now, by) is not None


async def heard(tx: Tx, device_id: UUID, *, by: str, real_now: datetime) -> None:
    """Keep that a device spoke; a task about its silence is over."""
    await tx.execute(HEARD, device_id, real_now)
    await tx.execute(END_SILENCE, device_id, tx.now, by)


async def find_opening(tx: Tx, signal_id: UUID) -> asyncpg.Record | None:
    """Read what a repeat is compared with."""
    return await tx.fetchrow(FIND_OPENING, signal_id)


async def add_opening(
    tx: Tx, signal_id: UUID, *, device_id: UUID, opened_at: datetime, task_id: UUID | None
) -> None:
    """Keep an opening with the task that it belongs to."""
    await tx.execute(ADD_OPENING, signal_id, device_id, opened_at, tx.now, task_id)


async def tasks_near(conn: Conn, device_id: UUID, at: datetime, minutes: int) -> list[OpeningTask]:
    """Tell tasks about openings of a door that lie so near to an instant."""
    return [OpeningTask(**dict(row)) for row in await conn.fetch(TASKS_NEAR, device_id, at, minutes)]


async def add_task(tx: Tx, task_id: UUID, *, device_id: UUID, case_id: UUID, at: datetime) -> None:
    """Raise a task about an opening."""
    await tx.execute(ADD_TASK, task_id, device_id, case_id, at, tx.now)


async def exit_task(tx: Tx, case_id: UUID) -> UUID | None:
    """Find the task about somebody at a gate's way out that nobody has answered for."""
    task_id: UUID | None = await tx.fetchval(EXIT_TASK, case_id)
    return task_id


async def add_exit_task(tx: Tx, task_id: UUID, *, case_id: UUID, at: datetime) -> None:
    """Raise a task about somebody at a gate's way out."""
    await tx.execute(ADD_EXIT_TASK, task_id, case_id, at, tx.now)


async def join_task(tx: Tx, task_id: UUID, at: datetime) -> None:
    """Count one more opening of a burst, or one more time at the way out."""
    await tx.execute(JOIN_TASK, task_id, at)


async def silent(tx: Tx, heard_before: datetime, limit: int) -> list[asyncpg.Record]:
    """Tell devices in use that have been silent for too long and of which that was not told, under their locks."""
    return await tx.fetch(SILENT, heard_before, limit)


async def tell_silence(tx: Tx, rows: Sequence[asyncpg.Record], task_ids: Sequence[UUID]) -> None:
    """Raise a task for each silent device."""
    await tx.execute(
        TELL_SILENCE, [row["device_id"] for row in rows], task_ids, [row["case_id"] for row in rows], tx.now
    )


async def tasks(
    conn: Conn,
    reach: Reach,
    *,
    only_open: bool,
    kind: str | None,
    case_id: UUID | None,
    after: int,
    limit: int,
) -> list[asyncpg.Record]:
    """Tell tasks within reach, oldest first."""
    return await conn.fetch(TASKS, *reach.values(), only_open, kind, case_id, after, limit)


async def lock_task(tx: Tx, task_id: UUID) -> asyncpg.Record | None:
    """Read a task under its row lock."""
    return await tx.fetchrow(LOCK_TASK, task_id)


async def end_task(
    tx: Tx,
    task_id: UUID,
    *,
    by: str,
    result: str,
    result_id: UUID,
    note_sealed: bytes | None,
    content_index: bytes,
) -> None:
    """Keep what somebody found out."""
    await tx.execute(END_TASK, task_id, tx.now, by, result, result_id, note_sealed, content_index)
