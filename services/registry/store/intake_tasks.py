"""Intakes that are due, what was answered at the gate, and which check it was (R2.5)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.intake_tasks import Taken, Task
from shared.db.pool import Conn, Tx

LOCK_SEEN = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.seen:' || $1::text, 0))"
TASK_OF_CHECK = """
select t.task_id from intake_task t join intake_task_check c using (task_id) where c.check_id = $1 for update of t
"""
OPEN_TASK_OF = """
select task_id from intake_task
where person_ref in (select pseudonyms_of($1)) and compound_id = $2 and state = 'open'
order by opened_at, task_id limit 1 for update
"""
GRID_OF = """
select d.grid_id from residence r join dwelling d using (dwelling_id)
where r.person_ref in (select pseudonyms_of($1)) and d.compound_id = $2 and r.ended_on is null
order by r.resident desc, r.registered_on, r.dwelling_id limit 1
"""
ADD_TASK = """
insert into intake_task (task_id, cause, person_ref, compound_id, grid_id, checkpoint, held, checked_at, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ADD_CHECK = (
    "insert into intake_task_check (check_id, task_id) values ($1, $2) on conflict (check_id) do nothing"
)
# A report upward outweighs a first return, a focus area a contact; and who was held once waits.
MERGE_SEEN = """
update intake_task set
  cause = case when $2 = 'focus_area' or cause = 'first_return' then $2 else cause end,
  held = held or $3, person_ref = coalesce(person_ref, $4), grid_id = coalesce(grid_id, $5)
where task_id = $1
"""
LATEST_INTAKE = """
select i.intake_id, i.person_ref, o.completed_at
from returnee_intake i left join observation_state o using (case_id)
where i.person_ref in (select pseudonyms_of($1)) order by i.recorded_at desc, i.intake_id desc limit 1
"""
# Of records that were merged the one that stands for them is told, as of tasks: so the two are the same person's.
INTAKE = """
select i.intake_id, coalesce(a.root, i.person_ref) as person_ref, o.completed_at
from returnee_intake i left join observation_state o using (case_id)
left join person_alias a on a.person_ref = i.person_ref
where i.intake_id = $1
"""
TASK = """
select t.task_id, t.cause, coalesce(a.root, t.person_ref) as person_ref, t.compound_id, c.neighbourhood_id,
  t.grid_id, t.checkpoint, t.held,
  t.checked_at, t.opened_at, t.state, t.intake_id, t.close_reason, t.settled_at
from intake_task t join compound c using (compound_id) left join person_alias a on a.person_ref = t.person_ref
where t.task_id = $1
"""
LOCK_TASK = "select task_id from intake_task where task_id = $1 for update"
TASK_PAGE = """
select t.task_id, t.cause, coalesce(a.root, t.person_ref) as person_ref, t.compound_id, c.neighbourhood_id,
  t.grid_id, t.checkpoint, t.held,
  t.checked_at, t.opened_at, t.state, t.intake_id, t.close_reason, t.settled_at
from intake_task t join compound c using (compound_id) left join person_alias a on a.person_ref = t.person_ref
where t.compound_id = $1 and ($2::text[] is null or t.grid_id = any($2)) and ($3::text is null or t.state = $3)
  and ($4::text is null or t.cause = $4) and (t.opened_at, t.task_id) > ($5, $6)
order by t.opened_at, t.task_id limit $7
"""
COMPLETE = """
update intake_task set state = 'completed', intake_id = $2, settled_at = $3, settled_by = $4,
  person_ref = coalesce(person_ref, (select i.person_ref from returnee_intake i where i.intake_id = $2))
where task_id = $1
"""
COMPLETE_OF_PERSON = """
update intake_task set state = 'completed', intake_id = $2, settled_at = $3, settled_by = $4
where person_ref in (select pseudonyms_of($1)) and state = 'open' returning task_id
"""
SETTLED = """
select t.task_id, t.compound_id, coalesce(t.close_reason, 'registered') as outcome, t.settled_at,
  array(select c.check_id from intake_task_check c where c.task_id = t.task_id order by c.check_id) as checks
from intake_task t where t.task_id = any($1::uuid[]) order by t.task_id
"""
CLOSE = """
update intake_task set state = 'closed', close_reason = $2, settled_at = $3, settled_by = $4 where task_id = $1
"""
PUT_ANSWERS = """
insert into intake_answers (check_id, key_ref, answers_sealed, received_at) values ($1, $2, $3, $4)
on conflict (check_id) do update set key_ref = excluded.key_ref, answers_sealed = excluded.answers_sealed,
  received_at = excluded.received_at
"""
ANSWERS_AT = "select key_ref, answers_sealed from intake_answers where check_id = $1"
TAKE_BACK_ANSWERS = "delete from intake_answers where check_id = $1 returning key_ref"
ANSWERS_OF = """
select a.check_id, a.key_ref, a.answers_sealed
from intake_answers a join intake_task_check c using (check_id) where c.task_id = $1 order by a.received_at, a.check_id
"""


async def lock_seen(tx: Tx, who: UUID) -> None:
    """Let one sighting of a person (or one check of somebody unknown) at a time pass."""
    await tx.execute(LOCK_SEEN, str(who))


async def task(conn: Conn, task_id: UUID) -> asyncpg.Record | None:
    """A task."""
    return await conn.fetchrow(TASK, task_id)


async def locked_task(tx: Tx, task_id: UUID) -> asyncpg.Record | None:
    """A task, locked."""
    await tx.fetchval(LOCK_TASK, task_id)
    return await task(tx, task_id)


async def tasks(
    conn: Conn,
    compound: str,
    *,
    grids: Sequence[str] | None,
    state: str | None,
    cause: str | None,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[asyncpg.Record]:
    """A compound's tasks, the one that is open longest first."""
    return await conn.fetch(
        TASK_PAGE, compound, list(grids) if grids is not None else None, state, cause, *after, limit
    )


async def taken(conn: Conn, intake_id: UUID) -> Taken | None:
    """An intake, as far as it may complete a task."""
    row = await conn.fetchrow(INTAKE, intake_id)
    return _taken(row) if row else None


async def latest_intake(conn: Conn, person_ref: UUID) -> Taken | None:
    """A person's latest intake."""
    row = await conn.fetchrow(LATEST_INTAKE, person_ref)
    return _taken(row) if row else None


async def complete(tx: Tx, task_id: UUID, taken: Taken) -> None:
    """Write that an intake completed a task."""
    await tx.execute(COMPLETE, task_id, taken.intake_id, tx.now, tx.actor)


async def complete_of(tx: Tx, person_ref: UUID, intake_id: UUID) -> list[UUID]:
    """Write that an intake completed whatever is open about a person; tells which tasks that were."""
    rows = await tx.fetch(COMPLETE_OF_PERSON, person_ref, intake_id, tx.now, tx.actor)
    return [row["task_id"] for row in rows]


def task_of(row: asyncpg.Record) -> Task:
    """A row as the rules see it."""
    return Task(
        task_id=row["task_id"],
        person_ref=row["person_ref"],
        checked_at=row["checked_at"],
        state=row["state"],
        intake_id=row["intake_id"],
        close_reason=row["close_reason"],
    )


def _taken(row: asyncpg.Record) -> Taken:
    return Taken(intake_id=row["intake_id"], person_ref=row["person_ref"], completed_at=row["completed_at"])
