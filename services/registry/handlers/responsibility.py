"""Assigning who answers for what, and ending it (R7.1). Told each time, so that HQ shows it beside every finding."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.corrections import decide_correction
from services.registry.domain.posts import PlaceUnknown, WorkerUnknown, decide_end
from services.registry.domain.responsibility import Assignment, AssignmentUnknown, decide_assignment
from services.registry.handlers import policy
from services.registry.store import premises, staff
from services.registry.store import responsibility as store
from shared.db.pool import Rejections, Tx
from shared.events.registry.places import ResponsibilityAssigned
from shared.kernel.ids import CompoundId, GridId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "responsibility_pkey": SameIdOtherContent(
        "该编号已用于另一安排。This id was used for another assignment.", field="assignment_id"
    ),
}


async def assign(new: Assignment, *, tx: Tx) -> tuple[asyncpg.Record, bool]:
    """Make a worker answer for something from a day on; the same assignment again is one.

    Raises:
        WorkerUnknown, PlaceUnknown, SameIdOtherContent, AssignedAlready, PolicyUnknown: as their names say.
    """
    if await staff.lock_worker(tx, new.worker_ref) is None:
        raise WorkerUnknown("没有这名工作人员。There is no such worker.", field="worker_ref")
    held = await store.one(tx, new.assignment_id)
    if held is not None:
        if store.assignment(held) != new:
            raise SameIdOtherContent(
                "该编号已用于另一安排。This id was used for another assignment.", field="assignment_id"
            )
        return held, False
    await _check_place(new, tx=tx)
    decide_assignment(new, await store.of_worker(tx, new.worker_ref))
    rules = await policy.in_force(tx, tx.today)
    await store.add(tx, new, policy_version=rules.version)
    await tx.publish(_assigned(new), version=1)
    return await _read(new.assignment_id, tx=tx), True


async def end(assignment_id: UUID, until_day: date | None, *, seen: int, tx: Tx) -> asyncpg.Record:
    """Give an assignment another last day; days on which somebody answered are not taken back.

    Raises:
        AssignmentUnknown, ChangedMeanwhile, PostingEndsTooEarly, AssignedAlready: as their names say.
    """
    row = await store.one(tx, assignment_id)
    if row is None:
        raise AssignmentUnknown("没有这项安排。There is no such assignment.", field="assignment_id")
    await staff.lock_worker(tx, row["worker_ref"])
    row = await _read(assignment_id, tx=tx)
    if not decide_correction(row["until_day"], until_day, version=row["version"], seen=seen):
        return row
    held = store.assignment(row)
    ended = replace(held, period=decide_end(held.period, until_day, today=tx.today))
    decide_assignment(ended, await store.of_worker(tx, held.worker_ref))
    version = await store.change_end(tx, assignment_id, ended.period)
    await tx.publish(_assigned(ended), version=version)
    return await _read(assignment_id, tx=tx)


async def _check_place(new: Assignment, *, tx: Tx) -> None:
    if new.compound_id and await premises.compound(tx, new.compound_id) is None:
        raise PlaceUnknown("没有这个小区。There is no such compound.", field="compound")
    if new.grid_id:
        grid = (await premises.grids(tx)).get(new.grid_id)
        if grid is None or grid.compound_id != new.compound_id:
            raise PlaceUnknown("该小区没有这个网格。The compound has no such grid.", field="grid")


async def _read(assignment_id: UUID, *, tx: Tx) -> asyncpg.Record:
    row = await store.one(tx, assignment_id)
    assert row is not None  # noqa: S101 -- assignments are never deleted
    return row


def _assigned(one: Assignment) -> ResponsibilityAssigned:
    return ResponsibilityAssigned(
        assignment_id=one.assignment_id,
        worker_ref=one.worker_ref,
        role=one.role,
        measure=one.measure,
        compound=CompoundId(one.compound_id) if one.compound_id else None,
        grid=GridId(one.grid_id) if one.grid_id else None,
        from_day=one.period.from_day,
        until_day=one.period.until_day,
    )
