"""Intakes that are due over HTTP: the worklist from the gates (R2.5, G17)."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from services.registry.api.common import Instant, Running, cause, roles_of
from services.registry.api.surveys import grids_within
from services.registry.domain.intake_tasks import Cause, CloseReason, TaskState
from services.registry.domain.people import masked_name
from services.registry.handlers import intake_tasks as handlers
from services.registry.handlers import people_reading
from services.registry.store import intake_tasks as store
from shared.audit.noting import note_reads
from shared.http.access import Caller, Principal
from shared.http.models import Answer, Body
from shared.http.paging import After, Cursor, Limit, Page
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["intake tasks"])
_AFTER = Cursor(Instant, UUID)
_FIRST = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))


class CompletionBody(Body):
    """The intake that was taken."""

    intake_id: UUID


class TaskClosureBody(Body):
    """Why no intake is due."""

    reason: CloseReason


class TaskLine(Answer):
    """An intake that is due. `opened_at` tells since when the loop is open; `held`: they wait for transfer."""

    task_id: UUID
    cause: Cause
    state: TaskState
    compound: str
    grid: str | None
    checkpoint: str
    person_ref: UUID | None
    held: bool
    checked_at: datetime
    opened_at: datetime
    intake_id: UUID | None
    close_reason: CloseReason | None
    settled_at: datetime | None


class TaskAnswer(TaskLine):
    """The same with the masked name and what was answered at the gate. Reading it is recorded."""

    name: str | None
    answers: list[dict[str, JsonValue]] = Field(description="Of each check; empty where nothing was sent.")


@router.get("/v1/intake-tasks", summary="Intakes that are due")
async def list_tasks(
    *,
    compound: Annotated[CompoundId, Query()],
    who: Caller,
    context: Running,
    state: Annotated[TaskState | None, Query()] = "open",
    why: Annotated[Cause | None, Query(alias="cause")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[TaskLine]:
    """List tasks by pseudonym, the one that is open longest first; a grid worker sees those of their grid."""
    last = _FIRST if after is None else _AFTER.read(after)
    async with context.database.read() as conn:
        grids = await grids_within(conn, who, compound)
        rows = await store.tasks(
            conn,
            compound,
            grids=grids,
            state=state,
            cause=why,
            after=(last[0], last[1]),
            limit=limit + 1,
        )
    more = (
        _AFTER.write(rows[limit - 1]["opened_at"], rows[limit - 1]["task_id"]) if len(rows) > limit else None
    )
    return Page(items=[TaskLine(**_line(row)) for row in rows[:limit]], next=more)


@router.get("/v1/intake-tasks/{task_id}", summary="An intake that is due")
async def read_task(task_id: UUID, who: Caller, context: Running) -> TaskAnswer:
    """Tell a task with what was answered at the gate. The reading is recorded."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        row = await handlers.found(tx, task_id)
        _require(who, row)
        refs = [row["person_ref"]] if row["person_ref"] else []
        profiles = await people_reading.profiles(tx, refs, context.vault)
        answers = await handlers.answers_of(tx, task_id, context.vault)
        await note_reads(
            tx,
            action="intake_task.read",
            role=roles_of(who),
            refs=refs,
            scope=f"compound:{row['compound_id']}",
        )
    name = masked_name(profiles[0].name) if profiles else None
    return TaskAnswer(**_line(row), name=name, answers=answers)


@router.post("/v1/intake-tasks/{task_id}/completion", summary="Complete a task by an intake")
async def complete_task(task_id: UUID, body: CompletionBody, who: Caller, context: Running) -> TaskLine:
    """Link the intake that `POST /v1/returnees` made; an intake of the person completes their tasks by itself."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        known = await handlers.locked(tx, task_id)
        _require(who, known)
        row = await handlers.complete(known, body.intake_id, tx=tx)
    return TaskLine(**_line(row))


@router.post("/v1/intake-tasks/{task_id}/closure", summary="Close a task without an intake")
async def close_task(task_id: UUID, body: TaskClosureBody, who: Caller, context: Running) -> TaskLine:
    """Say why no intake is due."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        known = await handlers.locked(tx, task_id)
        _require(who, known)
        row = await handlers.close(known, body.reason, tx=tx)
    return TaskLine(**_line(row))


def _require(who: Principal, row: asyncpg.Record) -> None:
    who.require_compound(row["compound_id"], neighbourhood=row["neighbourhood_id"], grid=row["grid_id"])


def _line(row: asyncpg.Record) -> dict[str, Any]:
    kept = (
        *("task_id", "cause", "state", "checkpoint", "person_ref", "held", "checked_at", "opened_at"),
        *("intake_id", "close_reason", "settled_at"),
    )
    return {
        **{name: row[name] for name in kept},
        "compound": row["compound_id"],
        "grid": row["grid_id"],
    }
