"""Technical means at the doors of people in home quarantine: devices, their signals, and what follows (R4.6)."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.observation.domain.doors import (
    DoorDeviceUnknown,
    DoorTaskEnded,
    SignalKind,
    TaskResult,
    check_door,
    check_time,
    decide_opening,
)
from services.observation.domain.repeats import same_content
from services.observation.handlers import observing
from services.observation.handlers.keys import sealing_key
from services.observation.store import cases, copies
from services.observation.store import doors as store
from shared.db.pool import Database, Tx
from shared.events.gate import QuarantineExitSeen
from shared.http.problem import PolicyUnknown
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault

NAME = "observation.doors"
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A device with its key in the clear: told to whoever mounts it, kept only as a hash."""

    device_id: UUID
    key: str = field(repr=False)
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalKept:
    """What a signal is answered with; `task_id` of the task that an opening belongs to."""

    received_at: datetime
    task_id: UUID | None
    repeated: bool


async def register(
    device_id: UUID, door: int, *, case_id: UUID, by: str, real_now: datetime, tx: Tx, vault: Vault
) -> Registered:
    """Let a device watch a door of somebody in home quarantine; asked again, the same key.

    Raises:
        CaseUnknown, CaseEnded, NoHomeQuarantine, DoorTaken, SameIdOtherContent.
    """
    case = await observing.locked(tx, case_id)
    key = _key(vault, device_id)
    kept = await store.device(tx, device_id)
    if kept is not None:
        if (kept["case_id"], kept["door"]) != (case_id, door) or kept["ended_at"] is not None:
            raise store.REJECTIONS["door_device_pkey"]
        return Registered(device_id=device_id, key=key, new=False)
    check_door(case)
    await store.add_device(
        tx, device_id, case_id=case_id, door=door, key_hash=hash_key(key), by=by, real_now=real_now
    )
    return Registered(device_id=device_id, key=key, new=True)


async def take_signal(
    signal_id: UUID, kind: SignalKind, at: datetime, *, device_id: UUID, real_now: datetime, tx: Tx
) -> SignalKept:
    """Take a device's word, once per id: an opening during home quarantine raises a task, one for each burst.

    Raises:
        DoorDeviceUnknown, SignalOutOfTime, SameIdOtherContent, PolicyUnknown.
    """
    device = await store.device(tx, device_id)
    if device is None:
        raise DoorDeviceUnknown("没有这个设备。There is no such device.")
    case = await observing.locked(tx, device["case_id"])
    kept = await store.find_opening(tx, signal_id)
    if kept is not None:
        if kind != "opened" or (kept["device_id"], kept["opened_at"]) != (device_id, at):
            raise store.REJECTIONS["door_opening_pkey"]
        return SignalKept(received_at=kept["received_at"], task_id=kept["task_id"], repeated=True)
    document = (await observing.calendar_in_force(tx, tx.today)).on(tx.today).document
    rules = document.doors
    if rules is None:  # the registry's next start completes the policy; the device asks again
        raise PolicyUnknown
    check_time(
        at,
        now=tx.now,
        registered_at=device["registered_at"],
        ahead_seconds=document.gate.future_stamp_seconds,
    )
    await store.heard(tx, device_id, by=f"door:{device_id}", real_now=real_now)
    if kind == "heartbeat":
        return SignalKept(received_at=tx.now, task_id=None, repeated=False)
    follows = decide_opening(case, at, await store.tasks_near(tx, device_id, at, rules.burst_minutes), rules)
    task_id = None
    if follows is not None:
        if follows.joins is None:
            task_id = uuid7()
            await store.add_task(tx, task_id, device_id=device_id, case_id=case.case_id, at=at)
        else:
            task_id = follows.joins.task_id
            await store.join_task(tx, task_id, at)
    await store.add_opening(tx, signal_id, device_id=device_id, opened_at=at, task_id=task_id)
    return SignalKept(received_at=tx.now, task_id=task_id, repeated=False)


async def see_exit(event: QuarantineExitSeen, *, tx: Tx) -> None:
    """Somebody in home quarantine stood at a gate's way out: a task, one until somebody has answered for it.

    What a gate's list says may be older than what is known here: whoever need not stay at home is nobody's task.
    """
    case = await cases.lock_in_force(tx, event.person_ref)
    if case is None or case.measure_now != "home_quarantine":
        return
    task_id = await store.exit_task(tx, case.case_id)
    if task_id is not None:
        await store.join_task(tx, task_id, event.checked_at)
    else:
        await store.add_exit_task(tx, uuid7(), case_id=case.case_id, at=event.checked_at)


async def end_task(
    result_id: UUID,
    result: TaskResult,
    note: str,
    *,
    task: asyncpg.Record,
    person_ref: UUID,
    by: str,
    tx: Tx,
    vault: Vault,
) -> bool:
    """Keep what somebody found out about a locked task, once per id; tells whether it is new.

    Raises:
        DoorTaskEnded, SameIdOtherContent.
    """
    content = f"{task['task_id']}|{result}|{note}"
    if task["ended_at"] is not None:
        if task["result_id"] != result_id:
            raise DoorTaskEnded("该事项已处理。Somebody has answered for it.")
        same_content(task["content_index"], vault.index_all("door_result", content))
        return False
    key = await sealing_key(vault, person_ref)
    await store.end_task(
        tx,
        task["task_id"],
        by=by,
        result=result,
        result_id=result_id,
        note_sealed=vault.seal(key, "door_note", note),
        content_index=vault.index("door_result", content),
    )
    return True


async def find_silent(database: Database, *, real_now: datetime, batch: int = BATCH) -> int:
    """Raise a task for each device in use that has been silent for longer than policy allows; tells how many."""
    found = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            calendar = await copies.calendar(tx)
            rules = None if calendar is None else calendar.on(tx.today).document.doors
            if rules is None:
                return found
            rows = await store.silent(tx, real_now - timedelta(minutes=rules.heartbeat_minutes), batch)
            if not rows:
                return found
            await store.tell_silence(tx, rows, [uuid7() for _ in rows])
        found += len(rows)


def hash_key(key: str) -> bytes:
    """What is kept of a key: enough for 256 random bits, which nobody can guess through."""
    return hashlib.sha256(key.encode()).digest()


def _key(vault: Vault, device_id: UUID) -> str:
    """256 bits that only this service can make: whoever asks again gets them again, though only a hash is kept."""
    halves = (vault.index(f"door.key.{half}", str(device_id)).partition(b":")[2] for half in (1, 2))
    return base64.urlsafe_b64encode(b"".join(halves)).rstrip(b"=").decode()
