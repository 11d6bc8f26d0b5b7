"""Calling people who are still away, until they arrive (R4.5, P12)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from services.registry.domain.call_list import (
    CallEntryUnknown,
    CallOutcome,
    GridElsewhere,
    LeftCallList,
    decide_arrival,
    decide_next_call,
)
from services.registry.domain.intake_tasks import IntakeOfAnother
from services.registry.handlers import people_reading, returnees, risk
from services.registry.handlers.people import NAME, PHONE
from services.registry.store import call_list as store
from shared.db.pool import Conn, Tx
from shared.kernel.identities import normalise_phone
from shared.kernel.ids import CompoundId, GridId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed import PersonKey, Vault

NOTE, CONTENT = "call_note", "call_content"
"""Names of a sealed field and of a keyed index, part of what is stored: never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    """Somebody who lives here and is still away. `content` is the request as one text."""

    entry_id: UUID
    name: str
    phone: str
    compound: CompoundId
    grid: GridId | None
    present_code: str | None
    registered_origin_code: str | None
    planned_return: date | None
    next_call_on: date | None
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCall:
    """A call and its outcome. `content` is the request as one text."""

    entry_id: UUID
    call_id: UUID
    outcome: CallOutcome
    next_call_on: date | None
    returns_on: date | None
    note: str | None
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Who is to be called, opened: never logged."""

    name: str
    phone: str


async def add(cmd: AddEntry, *, tx: Tx, vault: Vault) -> tuple[asyncpg.Record, bool]:
    """Put somebody on the list, to be called today unless another day is named. The same entry twice is one.

    Raises:
        SameIdOtherContent: the id was used for somebody else.
        GridElsewhere, DivisionUnknown: as their names say.
        OnCallListAlready: the same name and phone are on the list (by its constraint).
    """
    await store.lock_id(tx, cmd.entry_id)
    if (known := await store.entry(tx, cmd.entry_id)) is not None:
        _same(vault, known, cmd.content, field="entry_id")
        return known, False
    if cmd.grid is not None and not await store.grid_is_of(tx, cmd.grid, cmd.compound):
        raise GridElsewhere("该小区没有这个网格。The compound has no such grid.", field="grid")
    codes = {"present_code": cmd.present_code, "registered_origin_code": cmd.registered_origin_code}
    present, origin = [
        await risk.one_code(tx, code, field=field) if code else None for field, code in codes.items()
    ]
    key = await vault.key(cmd.entry_id, create=True)
    await store.add_entry(
        tx,
        cmd.entry_id,
        cmd.compound,
        cmd.grid,
        vault.seal(key, NAME, cmd.name),
        vault.seal(key, PHONE, cmd.phone),
        vault.index(NAME, cmd.name),
        vault.index(PHONE, cmd.phone),
        vault.index(CONTENT, cmd.content),
        present,
        origin,
        cmd.planned_return,
        cmd.next_call_on or tx.today,
        tx.actor or "",
        tx.now,
    )
    return await entry(tx, cmd.entry_id), True


async def entry(conn: Conn, entry_id: UUID) -> asyncpg.Record:
    """An entry of the list.

    Raises:
        CallEntryUnknown: there is none.
    """
    found = await store.entry(conn, entry_id)
    if found is None:
        raise _unknown()
    return found


async def locked(tx: Tx, entry_id: UUID) -> asyncpg.Record:
    """An entry of the list, locked.

    Raises:
        CallEntryUnknown: there is none.
    """
    found = await store.locked_entry(tx, entry_id)
    if found is None:
        raise _unknown()
    return found


async def note_call(cmd: NoteCall, known: asyncpg.Record, *, tx: Tx, vault: Vault) -> asyncpg.Record:
    """Write down a call to an entry that is locked; tells the entry as it is now. The same call twice is one.

    Raises:
        SameIdOtherContent: the id was used for another call.
        LeftCallList: the person arrived already.
        CallInconsistent: the outcome and the days do not fit together.
    """
    if (before := await store.attempt(tx, cmd.call_id)) is not None:
        if before["entry_id"] != cmd.entry_id:
            raise _used_otherwise("call_id")
        _same(vault, before, cmd.content, field="call_id")
        return known
    if known["state"] == "arrived":
        raise LeftCallList("此人已到达，不在电话名单上。The person arrived and left the call list.")
    next_call = decide_next_call(
        cmd.outcome, today=tx.today, next_call_on=cmd.next_call_on, returns_on=cmd.returns_on
    )
    key = await vault.key(cmd.entry_id)
    await store.note_call(
        tx,
        cmd.call_id,
        cmd.entry_id,
        cmd.outcome,
        next_call_on=next_call,
        returns_on=cmd.returns_on,
        note_sealed=vault.seal(key, NOTE, cmd.note) if cmd.note else None,
        content_index=vault.index(CONTENT, cmd.content),
    )
    return await entry(tx, cmd.entry_id)


async def arrive(
    known: asyncpg.Record, intake_id: UUID, *, confirmed: bool, tx: Tx, vault: Vault
) -> tuple[asyncpg.Record, bool]:
    """Take somebody off the list whose intake is registered; the entry is locked.

    The intake is theirs where name or phone is the same, or where somebody `confirmed` that it is.

    Raises:
        IntakeOfAnother: neither name nor phone is the same, and nobody confirmed it.
        IntakeUnknown: there is no such intake: register the returnee first.
        LeftCallList: another intake closed the entry.
    """
    if not decide_arrival(known_intake=known["intake_id"], intake_id=intake_id):
        return known, False
    taken = await returnees.intake(tx, intake_id)
    if not confirmed:
        await _require_same(known, taken["person_ref"], tx=tx, vault=vault)
    await store.leave(tx, known["entry_id"], intake_id)
    return await entry(tx, known["entry_id"]), True


async def _require_same(known: asyncpg.Record, person_ref: UUID, *, tx: Tx, vault: Vault) -> None:
    expected = callee(known, (await vault.keys([known["entry_id"]])).get(known["entry_id"]))
    found = await people_reading.profiles(tx, [person_ref], vault)
    same = (
        expected is not None
        and found
        and (expected.name == found[0].name or expected.phone == normalise_phone(found[0].phone))
    )
    if not same:
        raise IntakeOfAnother(
            "该登记的姓名和电话都与名单不符。The intake has neither the name nor the phone of the entry.",
            field="intake_id",
            remedy="核对后如确为同一人，请注明已核实。If it is the same person after all, say confirmed.",
        )


def callee(row: asyncpg.Record, key: PersonKey | None) -> Callee | None:
    """Open name and phone; None when they were erased."""
    if key is None:
        return None
    return Callee(
        name=Vault.open(key, NAME, row["name_sealed"]), phone=Vault.open(key, PHONE, row["phone_sealed"])
    )


def _same(vault: Vault, known: asyncpg.Record, content: str, *, field: str) -> None:
    if known["content_index"] not in vault.index_all(CONTENT, content):
        raise _used_otherwise(field)


def _used_otherwise(field: str) -> SameIdOtherContent:
    return SameIdOtherContent("该编号已用于其他内容。This id was used for something else.", field=field)


def _unknown() -> CallEntryUnknown:
    return CallEntryUnknown("电话名单上没有这一条。The call list has no such entry.", field="entry_id")
