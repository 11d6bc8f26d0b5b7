"""Assignments of responsibility (R7.1)."""

from uuid import UUID

import asyncpg

from services.registry.domain.posts import Period
from services.registry.domain.responsibility import Assignment
from shared.db.pool import Conn, Tx

ASSIGNMENT = """
select assignment_id, worker_ref, role, measure, compound_id, grid_id, from_day, until_day, policy_version, version
from responsibility where assignment_id = $1
"""
OF_WORKER = """
select assignment_id, worker_ref, role, measure, compound_id, grid_id, from_day, until_day, policy_version, version
from responsibility where worker_ref = $1 order by from_day, assignment_id
"""
# Those of a compound, and those for the whole town, which hold in every compound.
OF_COMPOUND = """
select r.assignment_id, r.worker_ref, w.code, w.kind, r.role, r.measure, r.compound_id, r.grid_id, r.from_day,
  r.until_day, r.policy_version, r.version
from responsibility r join worker w using (worker_ref)
where (r.compound_id = $1 or r.compound_id is null)
order by r.compound_id nulls first, r.grid_id nulls first, r.measure, r.from_day, r.assignment_id
"""
OF_TOWN = """
select r.assignment_id, r.worker_ref, w.code, w.kind, r.role, r.measure, r.compound_id, r.grid_id, r.from_day,
  r.until_day, r.policy_version, r.version
from responsibility r join worker w using (worker_ref)
where r.compound_id is null order by r.measure, r.from_day, r.assignment_id
"""
ADD = """
insert into responsibility (assignment_id, worker_ref, role, measure, compound_id, grid_id, from_day, until_day,
  policy_version, assigned_by, assigned_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
CHANGE_END = """
update responsibility set until_day = $2, version = version + 1 where assignment_id = $1 returning version
"""


async def one(conn: Conn, assignment_id: UUID) -> asyncpg.Record | None:
    """An assignment."""
    return await conn.fetchrow(ASSIGNMENT, assignment_id)


async def of_worker(conn: Conn, worker_ref: UUID) -> list[Assignment]:
    """What a worker answers for, now, before and later."""
    return [assignment(row) for row in await conn.fetch(OF_WORKER, worker_ref)]


async def of_compound(conn: Conn, compound_id: str) -> list[asyncpg.Record]:
    """Who answers in a compound, with those who answer for the whole town."""
    return await conn.fetch(OF_COMPOUND, compound_id)


async def of_town(conn: Conn) -> list[asyncpg.Record]:
    """Who answers for the whole town."""
    return await conn.fetch(OF_TOWN)


async def add(tx: Tx, new: Assignment, *, policy_version: int) -> None:
    """Write an assignment."""
    await tx.execute(
        ADD,
        new.assignment_id,
        new.worker_ref,
        new.role,
        new.measure,
        new.compound_id,
        new.grid_id,
        new.period.from_day,
        new.period.until_day,
        policy_version,
        tx.actor,
        tx.now,
    )


async def change_end(tx: Tx, assignment_id: UUID, period: Period) -> int:
    """Give an assignment another last day; tells its version."""
    version: int = await tx.fetchval(CHANGE_END, assignment_id, period.until_day)
    return version


def assignment(row: asyncpg.Record) -> Assignment:
    """An assignment from its row."""
    return Assignment(
        assignment_id=row["assignment_id"],
        worker_ref=row["worker_ref"],
        role=row["role"],
        measure=row["measure"],
        compound_id=row["compound_id"],
        grid_id=row["grid_id"],
        period=Period(from_day=row["from_day"], until_day=row["until_day"]),
    )
