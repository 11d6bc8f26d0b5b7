"""What people do with pickups of waste: fetched step by step, skipped, put off, listed with their rooms (R5.2, S4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

import asyncpg

from services.sanitation.domain.late import by_our_clock
from services.sanitation.domain.pickups import (
    Done,
    HouseholdUnknown,
    MissedReason,
    PickupUnknown,
    SkipReason,
    State,
    Step,
    decide_rescheduling,
    decide_skip,
    decide_step,
)
from services.sanitation.handlers.pickup_days import miss, tell_due
from services.sanitation.handlers.policy import clock_tolerance, in_force
from services.sanitation.handlers.rooms import ROOM
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import pickups as store
from services.sanitation.store import quarantine as quarantine_store
from services.sanitation.store.pickups import Act, KnownPickup
from shared.audit.noting import note_reads
from shared.db.pool import Tx
from shared.events.sanitation import WastePickupDone
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, DwellingId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import Vault
from shared.kernel.sealed_texts import same, seal

NOTE = "pickup_note"
"""Name of a sealed field, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStep:
    """A worker did the next step of a pickup. `done_at` and `sent_at` are what the worker's phone said."""

    act_id: UUID
    pickup_id: UUID
    step: Step
    done_at: datetime
    sent_at: datetime | None
    bags: int | None
    receiver: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipPickup:
    """It could not be fetched."""

    act_id: UUID
    pickup_id: UUID
    reason: SkipReason
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """It is to be fetched at another hour."""

    act_id: UUID
    pickup_id: UUID
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A pickup after an act. `fresh`: by this very command."""

    fresh: bool
    pickup_id: UUID
    compound: CompoundId
    day: date
    due_at: datetime
    state: State
    missed_reason: MissedReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPickup:
    """A pickup with its room, as far as the caller may see it, and everything done with it."""

    known: KnownPickup
    room: str | None
    acts: tuple[asyncpg.Record, ...]


async def record_step(cmd: RecordStep, *, who: Principal, tx: Tx) -> Standing:
    """Record the next step of a pickup's chain. Asked twice, answered once.

    Raises:
        PickupUnknown, OutOfScope: there is none, or it is somebody else's.
        SameIdOtherContent: the id was used for something else.
        Refusal: what `decide_step` raises.
    """
    known = await _within(tx, cmd.pickup_id, who)
    said = {"kind": cmd.step, "device_at": cmd.done_at, "bags": cmd.bags, "receiver": cmd.receiver}
    if await _said_before(tx, cmd.act_id, cmd.pickup_id, said):
        return _standing(known, fresh=False)
    tolerance = clock_tolerance((await in_force(tx, tx.today)).document)
    done = Done(
        step=cmd.step,
        at=by_our_clock(cmd.done_at, sent_at=cmd.sent_at, now=tx.now, tolerance=tolerance),
        bags=cmd.bags,
        receiver=cmd.receiver,
    )
    decide_step(known.pickup, done, now=tx.now, tolerance=tolerance)
    act = Act(
        act_id=cmd.act_id,
        pickup_id=cmd.pickup_id,
        kind=cmd.step,
        at=done.at,
        device_at=cmd.done_at,
        bags=cmd.bags,
        receiver=cmd.receiver,
    )
    await store.add_act(tx, act)
    version = await store.move(tx, cmd.pickup_id, done)
    if cmd.step == "handed_over":
        event = WastePickupDone(
            pickup_id=known.pickup_id,
            compound=known.compound,
            dwelling_id=known.dwelling_id,
            day=known.day,
            bags=known.bags or 0,
            handed_over_at=done.at,
            worker_ref=tx.worker_ref,
        )
        await tx.publish(event, version=version)
    return await _after(tx, cmd.pickup_id)


async def skip(cmd: SkipPickup, *, who: Principal, tx: Tx, vault: Vault) -> Standing:
    """Say that a pickup could not be fetched, and why: a finding at once. Asked twice, answered once.

    Raises:
        PickupUnknown, OutOfScope, SameIdOtherContent: see `record_step`.
        PickupSettled: it was collected, or is not wanted any more.
    """
    known = await _within(tx, cmd.pickup_id, who)
    said = {"kind": "skipped", "reason": cmd.reason}
    if await _said_before(tx, cmd.act_id, cmd.pickup_id, said, note=(vault, cmd.note)):
        return _standing(known, fresh=False)
    decide_skip(known.pickup)
    act = Act(
        act_id=cmd.act_id,
        pickup_id=cmd.pickup_id,
        kind="skipped",
        at=tx.now,
        device_at=tx.now,
        reason=cmd.reason,
    )
    await store.add_act(tx, act, await seal(vault, cmd.pickup_id, NOTE, cmd.note))
    if known.pickup.missed_reason is None:
        await miss(tx, known, cmd.reason)
    return await _after(tx, cmd.pickup_id)


async def put_off(cmd: PutOff, *, who: Principal, tx: Tx) -> Standing:
    """Agree on another hour, today or tomorrow; what was found about it is dealt with by that.

    Raises:
        PickupUnknown, OutOfScope, SameIdOtherContent: see `record_step`.
        PickupSettled, DueNotAhead: see `decide_rescheduling`.
    """
    known = await _within(tx, cmd.pickup_id, who)
    if await _said_before(tx, cmd.act_id, cmd.pickup_id, {"kind": "rescheduled", "due_at": cmd.due_at}):
        return _standing(known, fresh=False)
    decide_rescheduling(known.pickup, cmd.due_at, now=tx.now)
    act = Act(
        act_id=cmd.act_id,
        pickup_id=cmd.pickup_id,
        kind="rescheduled",
        at=tx.now,
        device_at=tx.now,
        due_at=cmd.due_at,
    )
    await store.add_act(tx, act)
    version = await store.put_off(tx, cmd.pickup_id, cmd.due_at)
    after = await _after(tx, cmd.pickup_id)
    await tell_due(
        tx,
        cmd.pickup_id,
        version,
        compound=known.compound,
        dwelling_id=known.dwelling_id,
        day=known.day,
        due_at=cmd.due_at,
    )
    return after


async def agree_hour(dwelling_id: DwellingId, hour: time, *, who: Principal, tx: Tx) -> None:
    """Keep the hour agreed with a household; it holds for pickups that are planned from now on.

    Raises:
        HouseholdUnknown: nobody there is or was under home quarantine.
        OutOfScope: it is somebody else's.
    """
    compound = await quarantine_store.dwelling_compound(tx, dwelling_id)
    if compound is None:
        raise HouseholdUnknown("该户没有隔离记录。No quarantine is known at this dwelling.")
    await require_compound(tx, who, compound)
    await quarantine_store.agree_hour(tx, dwelling_id, hour)


async def pickups_of_day(
    tx: Tx, compound: CompoundId, day: date, *, after: UUID, limit: int, role: str | None, vault: Vault
) -> list[ListedPickup]:
    """A compound's pickups of a day; with rooms where `role` is given: the reading is written down."""
    found = await store.pickups_of_day(tx, compound, day, after=after, limit=limit)
    acts: defaultdict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in await store.acts_of(tx, [known.pickup_id for known in found]):
        acts[row["pickup_id"]].append(row)
    rooms: Mapping[DwellingId, str] = {}
    if role is not None:
        rooms = await _rooms(tx, found, role=role, scope=f"compound:{compound}", vault=vault)
    return [
        ListedPickup(
            known=known, room=rooms.get(known.dwelling_id), acts=tuple(acts.get(known.pickup_id, ()))
        )
        for known in found
    ]


async def _rooms(
    tx: Tx, found: Sequence[KnownPickup], *, role: str, scope: str, vault: Vault
) -> dict[DwellingId, str]:
    sealed = await quarantine_store.rooms(tx, sorted({known.dwelling_id for known in found}))
    keys = await vault.keys([one.person_ref for one in sealed])
    read = [one for one in sealed if one.person_ref in keys]  # the others were erased this very moment
    if read:
        refs = [one.person_ref for one in read]
        await note_reads(tx, role=role, action="pickup_rooms", refs=refs, scope=scope)
    return {one.dwelling_id: vault.open(keys[one.person_ref], ROOM, one.room) for one in read}


async def _within(tx: Tx, pickup_id: UUID, who: Principal) -> KnownPickup:
    known = await store.pickup_for_update(tx, pickup_id)
    if known is None:
        raise PickupUnknown("没有这次收运。There is no such pickup.", field="pickup_id")
    await require_compound(tx, who, known.compound)
    return known


async def _after(tx: Tx, pickup_id: UUID) -> Standing:
    known = await store.pickup_for_update(tx, pickup_id)
    assert known is not None  # noqa: S101 -- its row is held
    return _standing(known, fresh=True)


def _standing(known: KnownPickup, *, fresh: bool) -> Standing:
    return Standing(
        fresh=fresh,
        pickup_id=known.pickup_id,
        compound=known.compound,
        day=known.day,
        due_at=known.pickup.due_at,
        state=known.pickup.state,
        missed_reason=known.pickup.missed_reason,
    )


async def _said_before(
    tx: Tx,
    act_id: UUID,
    pickup_id: UUID,
    said: Mapping[str, object],
    note: tuple[Vault, str | None] | None = None,
) -> bool:
    row = await store.act(tx, act_id)
    if row is None:
        return False
    alike = row["pickup_id"] == pickup_id and all(row[name] == value for name, value in said.items())
    if not alike or (note is not None and not same(note[0], NOTE, row["note_index"], note[1])):
        raise SameIdOtherContent("该编号已用于其他操作。This id was used for something else.", field="act_id")
    return True
