"""From a sighting at a gate to an intake: opened once, completed by the intake, or closed for a reason (R2.5, G17)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.registry.domain.errors import IntakeUnknown
from services.registry.domain.intake_tasks import (
    Cause,
    CloseReason,
    TaskUnknown,
    completes,
    decide_closing,
    decide_completion,
)
from services.registry.handlers.own_keys import destroy_things
from services.registry.store import intake_tasks as store
from services.registry.store import merges
from shared.db.pool import Conn, Tx
from shared.events.base import Event
from shared.events.gate import (
    CaseContactReported,
    FirstReturnSeen,
    FocusAreaPersonReported,
    IntakeAnswersSealed,
)
from shared.events.registry.returnees import IntakeTaskSettled
from shared.kernel.cards import CardKeys
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault

ANSWERS = "intake_answers"
"""Name of a sealed field, part of what is stored: never renamed."""
RECIPIENT = "registry"


_CAUSES: Mapping[type[Event], Cause] = {
    FirstReturnSeen: "first_return",
    FocusAreaPersonReported: "focus_area",
    CaseContactReported: "case_contact",
}


async def seen(event: FirstReturnSeen | FocusAreaPersonReported | CaseContactReported, *, tx: Tx) -> None:
    """Somebody stood at a gate coming back, or told of a contact: one task of a person however often they are seen.

    Who has an intake whose observation was not over is settled by it at once: the sighting stays visible.
    """
    cause = _CAUSES[type(event)]
    held = event.held if isinstance(event, FirstReturnSeen) else False
    person = event.person_ref
    await store.lock_seen(tx, (await merges.roots_of(tx, [person]))[person] if person else event.check_id)
    grid = await tx.fetchval(store.GRID_OF, person, event.compound) if person else None
    task_id: UUID | None = await tx.fetchval(store.TASK_OF_CHECK, event.check_id)
    if task_id is None and person is not None:
        task_id = await tx.fetchval(store.OPEN_TASK_OF, person, event.compound)
    if task_id is not None:
        await tx.execute(store.MERGE_SEEN, task_id, cause, held, person, grid)
        await tx.execute(store.ADD_CHECK, event.check_id, task_id)
        return
    task_id = uuid7()
    await tx.execute(
        store.ADD_TASK,
        task_id,
        cause,
        person,
        event.compound,
        grid,
        event.checkpoint,
        held,
        event.checked_at,
        tx.now,
    )
    await tx.execute(store.ADD_CHECK, event.check_id, task_id)
    taken = await store.latest_intake(tx, person) if person else None
    if taken is not None and completes(taken, event.checked_at):
        await store.complete(tx, task_id, taken)
        await tell_settled(tx, [task_id])


async def keep_answers(event: IntakeAnswersSealed, *, tx: Tx, vault: Vault, cards: CardKeys) -> None:
    """Keep what was answered at the gate, sealed under a key of its own; None takes it back."""
    if event.answers is None:
        key_ref: UUID | None = await tx.fetchval(store.TAKE_BACK_ANSWERS, event.check_id)
        if key_ref is not None:
            await destroy_things(tx, vault, [key_ref])
        return
    answers = cards.open_card(RECIPIENT, event.answers)
    own = uuid7()
    key = await vault.key(own, create=True)
    sealed = vault.seal(key, ANSWERS, json.dumps(answers, ensure_ascii=False))
    await tx.execute(store.PUT_ANSWERS, event.check_id, own, sealed, tx.now)


async def answers_of(conn: Conn, task_id: UUID, vault: Vault) -> list[dict[str, Any]]:
    """What was answered at each check of a task, opened: never logged."""
    rows = await conn.fetch(store.ANSWERS_OF, task_id)
    keys = await vault.keys(row["key_ref"] for row in rows)
    return [
        json.loads(Vault.open(keys[row["key_ref"]], ANSWERS, row["answers_sealed"]))
        for row in rows
        if row["key_ref"] in keys
    ]


async def answers_at(conn: Conn, check_id: UUID, vault: Vault) -> dict[str, Any] | None:
    """What was answered at one check, opened; also of a newcomer who asked for a pass there (R2.4)."""
    row = await conn.fetchrow(store.ANSWERS_AT, check_id)
    key = (await vault.keys([row["key_ref"]])).get(row["key_ref"]) if row else None
    if row is None or key is None:
        return None
    answers: dict[str, Any] = json.loads(Vault.open(key, ANSWERS, row["answers_sealed"]))
    return answers


async def found(conn: Conn, task_id: UUID) -> asyncpg.Record:
    """A task.

    Raises:
        TaskUnknown: there is none.
    """
    return _known(await store.task(conn, task_id))


async def locked(tx: Tx, task_id: UUID) -> asyncpg.Record:
    """A task, locked.

    Raises:
        TaskUnknown: there is none.
    """
    return _known(await store.locked_task(tx, task_id))


async def complete(known: asyncpg.Record, intake_id: UUID, *, tx: Tx) -> asyncpg.Record:
    """Complete a task that is locked by an intake.

    Raises:
        IntakeUnknown, IntakeOfAnother, IntakeOver, TaskSettled: as their names say.
    """
    taken = await store.taken(tx, intake_id)
    if taken is None:
        raise IntakeUnknown("没有这条登记。There is no such intake.", field="intake_id")
    if decide_completion(store.task_of(known), taken):
        await store.complete(tx, known["task_id"], taken)
        await tell_settled(tx, [known["task_id"]])
    return await found(tx, known["task_id"])


async def close(known: asyncpg.Record, reason: CloseReason, *, tx: Tx) -> asyncpg.Record:
    """Close a task that is locked without an intake.

    Raises:
        TaskSettled: it is settled otherwise.
    """
    if decide_closing(store.task_of(known), reason):
        await tx.execute(store.CLOSE, known["task_id"], reason, tx.now, tx.actor)
        await tell_settled(tx, [known["task_id"]])
    return await found(tx, known["task_id"])


async def complete_of(tx: Tx, person_ref: UUID, intake_id: UUID) -> None:
    """An intake completes whatever is open about a person."""
    await tell_settled(tx, await store.complete_of(tx, person_ref, intake_id))


async def tell_settled(tx: Tx, task_ids: Sequence[UUID]) -> None:
    """Gate and headquarters hear that what was reported has an outcome; a task is settled once."""
    for row in await tx.fetch(store.SETTLED, list(task_ids)) if task_ids else ():
        told = IntakeTaskSettled(
            task_id=row["task_id"],
            compound=row["compound_id"],
            checks=tuple(row["checks"]),
            outcome=row["outcome"],
            settled_at=row["settled_at"],
        )
        await tx.publish(told, version=1)


def _known(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise TaskUnknown("没有这个事项。There is no such task.", field="task_id")
    return row
