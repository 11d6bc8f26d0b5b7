"""Planning duty: badges, single shifts, patterns, imported rosters, swaps (R2.2)."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.gate.domain.devices import CheckpointIsClosed, UnknownCheckpoint
from services.gate.domain.roster import (
    BadgeTaken,
    Shift,
    ShiftBegun,
    ShiftCancelled,
    ShiftUnknown,
    WorkerBooked,
    WorkerLeft,
    WorkerUnknown,
    decide_free,
    decide_length,
    decide_open,
    decide_served,
    decide_swap,
    shift_id_of_import,
)
from services.gate.domain.roster_lines import CHECKPOINT, STAFF, UNTIL, LineFault, RosterLine, staff_key
from services.gate.handlers.duty import tell_gaps
from services.gate.sealing import BADGE, DUTY_CONTENT
from services.gate.sealing import STAFF as STAFF_INDEX
from services.gate.store import roster as store
from shared.db.pool import Conn, Tx
from shared.events.policy_gate import DutyRules
from shared.http.access import TOWN, OutOfScope, Principal
from shared.kernel.days import local_day
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import Refusal, SameIdOtherContent
from shared.kernel.sealed import Vault

RulesOn = Callable[[date], Awaitable[DutyRules]]
"""The rules of duty that hold on a business day."""

_BADGE_DIGITS = 10
_CANCELLED = LineFault(
    "",
    "shift_cancelled",
    "该班次已取消；如仍需要，请单独排班。It was taken out of the plan; plan it singly if it is wanted again.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """A line of a roster as it was read; `sheet` and `row` say where it stands."""

    sheet: str
    row: int
    line: RosterLine | None
    faults: list[LineFault]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What became of a roster."""

    accepted: int
    unchanged: int
    rejected: list[ImportedLine]


async def require_post(
    conn: Conn, who: Principal, checkpoint: str, *, field: str = "checkpoint"
) -> CompoundId:
    """Insist that a checkpoint is known and the caller's; tells its compound.

    Raises:
        UnknownCheckpoint, OutOfScope: as their names say.
    """
    compound: CompoundId = (await _post(conn, who, checkpoint, field=field))["compound"]
    return compound


async def _post(conn: Conn, who: Principal, checkpoint: str, *, field: str = "checkpoint") -> Any:
    row = await conn.fetchrow(store.PLACE_OF_POST, checkpoint)
    if row is None:
        raise UnknownCheckpoint("没有该卡口。There is no such checkpoint.", field=field)
    who.require_compound(row["compound"], neighbourhood=row["neighbourhood"], checkpoint=row["checkpoint"])
    return row


async def places_of(conn: Conn, who: Principal) -> list[str] | None:
    """The checkpoints that the caller may look at; None for all."""
    if TOWN in who.scopes_for():
        return None
    return [
        row["checkpoint"]
        for row in await conn.fetch(store.PLACES)
        if who.reaches(
            compound=row["compound"], neighbourhood=row["neighbourhood"], checkpoint=row["checkpoint"]
        )
    ]


async def require_worker(conn: Conn, who: Principal, worker_ref: UUID) -> None:
    """Insist that a worker is posted where the caller has a say.

    Raises:
        WorkerUnknown, OutOfScope: as their names say.
    """
    posts = await conn.fetch(store.WORKER_POSTS, worker_ref)
    if not posts:
        raise _worker_unknown()
    if not any(
        who.reaches(
            compound=row["compound"], neighbourhood=row["neighbourhood"], checkpoint=row["checkpoint"]
        )
        for row in posts
    ):
        raise OutOfScope("不在您的管理范围内。This is outside of what is assigned to you.")


async def issue_badge(
    badge_id: UUID, worker_ref: UUID, staff_number: str, *, who: Principal, tx: Tx, vault: Vault
) -> tuple[str, bool]:
    """Give a worker a badge; tells its number, and whether it is new. A further one makes the earlier one void.

    The number is derived from the id by gate's own key, so that a lost answer can be told again though only its keyed
    index is kept.

    Raises:
        WorkerUnknown, OutOfScope, BadgeTaken: as their names say.
        SameIdOtherContent: the id was used for another worker or staff number.
    """
    await require_worker(tx, who, worker_ref)
    number = _badge_number(vault, badge_id)
    staff = staff_key(staff_number)
    held = await tx.fetchrow(store.BADGE_OF_WORKER, worker_ref)
    if held is not None and held["badge_id"] == badge_id:
        if held["staff_index"] not in vault.index_all(STAFF_INDEX, staff):
            raise _other_content("badge_id")
        if held["badge_index"] not in vault.index_all(BADGE, number):
            raise BadgeTaken("请用新的编号重发。Issue it again under a new id.", field="badge_id")
        return number, False
    used = await tx.fetchval(store.WORKER_BY_BADGE, vault.index_all(BADGE, number))
    if used is not None:
        raise _other_content("badge_id")
    await tx.execute(
        store.PUT_BADGE,
        *(
            worker_ref,
            badge_id,
            vault.index(BADGE, number),
            vault.index(STAFF_INDEX, staff),
            who.subject,
            tx.now,
        ),
    )
    return number, True


async def plan_shift(shift: Shift, *, who: Principal, tx: Tx, rules_on: RulesOn) -> bool:
    """Plan one shift; tells whether it is new.

    Raises:
        UnknownCheckpoint, OutOfScope, CheckpointIsClosed, WorkerUnknown, WorkerLeft, ShiftLength,
            WorkerBooked, ShiftCancelled: as their names say.
        SameIdOtherContent: the id was used for another shift.
    """
    place = await _post(tx, who, shift.checkpoint)
    await store.lock_workers(tx, [shift.worker_ref])  # the same asked twice at once is planned once
    known = await tx.fetch(store.SHIFTS_BY_ID, [shift.shift_id])
    if known:
        if store.shift_of(known[0]) != shift:
            raise _other_content("shift_id")
        if known[0]["cancelled_at"] is not None:
            raise ShiftCancelled(
                "该班次已取消。The shift was taken out of the plan.",
                field="shift_id",
                remedy="如仍需要，请用新的编号重新排班。Plan it under a new id if it is wanted again.",
                cancelled_at=known[0]["cancelled_at"].isoformat(),
            )
        return False
    await _plan(tx, [shift], place, source="single", who=who, rules_on=rules_on)
    return True


async def plan_pattern(
    pattern_id: UUID,
    shifts: Sequence[Shift],
    content: str,
    *,
    checkpoint: CheckpointId,
    who: Principal,
    tx: Tx,
    rules_on: RulesOn,
    vault: Vault,
) -> bool:
    """Plan all shifts of a pattern or none; tells whether it is new.

    Raises:
        UnknownCheckpoint, OutOfScope, CheckpointIsClosed, WorkerUnknown, WorkerLeft, ShiftLength,
            WorkerBooked: as their names say.
        SameIdOtherContent: the id was used for another pattern.
    """
    place = await _post(tx, who, checkpoint)
    await store.lock_workers(tx, [shift.worker_ref for shift in shifts])
    before = await tx.fetchval(store.PATTERN_CONTENT, pattern_id)
    if before is not None:
        if before not in vault.index_all(DUTY_CONTENT, content):
            raise _other_content("pattern_id")
        return False
    await tx.execute(store.ADD_PATTERN, pattern_id, vault.index(DUTY_CONTENT, content), who.subject, tx.now)
    await _plan(tx, shifts, place, source="pattern", who=who, rules_on=rules_on)
    return True


async def swap_shifts(
    swap_id: UUID, shift_id: UUID, other_id: UUID, *, who: Principal, tx: Tx
) -> tuple[Shift, Shift]:
    """Let two workers exchange shifts that are still to come; tells the shifts as they are now.

    Raises:
        ShiftUnknown, OutOfScope, ShiftBegun, SamePerson, WorkerLeft, WorkerBooked: as their names say.
        SameIdOtherContent: the id was used for another swap.
    """
    one, other = await _two(tx, who, shift_id, other_id)
    if before := await tx.fetchrow(store.SWAP, swap_id):
        if (before["shift_id"], before["other_shift_id"]) != (shift_id, other_id):
            raise _other_content("swap_id")
        return one, other
    await store.lock_workers(tx, [one.worker_ref, other.worker_ref])
    swapped = decide_swap(one, other, now=tx.now)
    await _still_to_be_taken_up(tx, {shift_id: "shift_id", other_id: "other_shift_id"})
    whose = ("other_shift_id", "shift_id")  # of each shift, where who takes it over was named
    for shift, name in zip(swapped, whose, strict=True):
        await _require_posted(tx, [shift], field=name)
    span = min(one.starts_at, other.starts_at), max(one.ends_at, other.ends_at)
    planned = await store.shifts_of(tx, [one.worker_ref, other.worker_ref], *span)
    decide_free(swapped, [each for each in planned if each.shift_id not in {shift_id, other_id}])
    for shift in swapped:
        await tx.execute(store.GIVE_SHIFT, shift.shift_id, shift.worker_ref)
    await tx.execute(store.ADD_SWAP, swap_id, shift_id, other_id, who.subject, tx.now)
    return swapped


async def cancel_shift(shift_id: UUID, *, who: Principal, tx: Tx) -> None:
    """Take a shift that is still to come out of the plan; again, it changes nothing.

    Raises:
        ShiftUnknown, OutOfScope, ShiftBegun: as their names say.
    """
    row = await tx.fetchrow(store.SHIFT_FOR_UPDATE, shift_id)
    if row is None:
        raise _shift_unknown("shift_id")
    await require_post(tx, who, row["checkpoint"])
    if row["cancelled_at"] is not None:
        return
    if row["starts_at"] <= tx.now:
        raise ShiftBegun("班次已开始，不能取消。The shift has begun.", field="shift_id")
    await store.lock_workers(tx, [row["worker_ref"]])
    await _still_to_be_taken_up(tx, {shift_id: "shift_id"})
    await tx.execute(store.CANCEL_SHIFT, shift_id, tx.now, who.subject)


async def import_roster(
    lines: Sequence[ImportedLine], *, who: Principal, tx: Tx, rules_on: RulesOn, vault: Vault
) -> ImportOutcome:
    """Plan every good line; the same list again changes nothing. Each line that is not taken says why."""
    read = [line.line for line in lines if line.line is not None]
    places, faults = await _posts_of(tx, who, {line.checkpoint for line in read})
    workers = await _workers_of(tx, vault, {line.staff_number for line in read})
    await store.lock_workers(tx, list(workers.values()))
    until = await store.posted_until(tx, list(workers.values()))
    since = min((line.starts_at for line in read), default=tx.now)
    to = max((line.ends_at for line in read), default=tx.now) + timedelta(days=1)
    planned = await store.shifts_of(tx, list(workers.values()), since, to)
    rules = {day: await rules_on(day) for day in {local_day(line.starts_at) for line in read}}
    wanted = {_shift_of(line, worker).shift_id for line in read if (worker := workers.get(line.staff_number))}
    kept = {row["shift_id"]: row for row in await tx.fetch(store.SHIFTS_BY_ID, list(wanted))}
    fresh: list[Shift] = []
    rejected: list[ImportedLine] = []
    unchanged = 0
    for item in lines:
        line = item.line
        if line is None:
            rejected.append(item)
            continue
        if line.checkpoint not in places:
            rejected.append(_faulty(item, faults[line.checkpoint]))
            continue
        worker = workers.get(line.staff_number)
        if worker is None:
            rejected.append(_faulty(item, LineFault(STAFF, "worker_unknown", _worker_unknown().detail)))
            continue
        shift = _shift_of(line, worker)
        row = kept.get(shift.shift_id)
        if any(_same(shift, each) for each in planned) or (row and row["cancelled_at"] is None):
            unchanged += 1  # planned already, or swapped since: the plan stands
        elif row:
            rejected.append(_faulty(item, _CANCELLED))
        elif fault := _fault_of(
            shift,
            planned,
            rules[local_day(shift.starts_at)],
            places[line.checkpoint]["closed_at"],
            until[worker],
        ):
            rejected.append(_faulty(item, fault))
        else:
            planned.append(shift)
            fresh.append(shift)
    compounds = {CheckpointId(checkpoint): place["compound"] for checkpoint, place in places.items()}
    await store.add_shifts(tx, fresh, compounds=compounds, source="import", by=who.subject)
    for checkpoint in sorted({shift.checkpoint for shift in fresh}):
        await tell_gaps(tx, await rules_on(tx.today), checkpoint)
    return ImportOutcome(accepted=len(fresh), unchanged=unchanged, rejected=rejected)


def _shift_of(line: RosterLine, worker: UUID) -> Shift:
    checkpoint = CheckpointId(line.checkpoint)
    return Shift(
        shift_id=shift_id_of_import(checkpoint, worker, line.starts_at, line.ends_at),
        checkpoint=checkpoint,
        worker_ref=worker,
        starts_at=line.starts_at,
        ends_at=line.ends_at,
    )


def _same(one: Shift, other: Shift) -> bool:
    """Do two shifts, however they came into the plan, plan the same?"""
    return replace(one, shift_id=other.shift_id) == other


async def _plan(
    tx: Tx, shifts: Sequence[Shift], place: Any, *, source: str, who: Principal, rules_on: RulesOn
) -> None:
    workers = sorted({shift.worker_ref for shift in shifts})
    await _require_posted(tx, shifts)
    for shift in shifts:
        decide_open(shift, place["closed_at"])
        decide_length(shift, await rules_on(local_day(shift.starts_at)))
    since = min(shift.starts_at for shift in shifts)
    until = max(shift.ends_at for shift in shifts)
    decide_free(shifts, await store.shifts_of(tx, workers, since, until))
    checkpoint = shifts[0].checkpoint
    await store.add_shifts(
        tx, shifts, compounds={checkpoint: place["compound"]}, source=source, by=who.subject
    )
    await tell_gaps(tx, await rules_on(tx.today), checkpoint)


async def _require_posted(tx: Tx, shifts: Sequence[Shift], *, field: str = "worker_ref") -> None:
    """Insist that the workers are known, and still posted when their shifts begin."""
    known = await store.posted_until(tx, [shift.worker_ref for shift in shifts])
    for shift in shifts:
        if shift.worker_ref not in known:
            raise _worker_unknown()
        decide_served(local_day(shift.starts_at), posted_until=known[shift.worker_ref], field=field)


async def _still_to_be_taken_up(tx: Tx, names: Mapping[UUID, str]) -> None:
    """Insist that nobody has checked in to these shifts, early as they may: who stands there stays who was planned."""
    for row in await tx.fetch(store.TAKEN_UP, list(names)):
        raise ShiftBegun(
            "该班次已有人签到，不能换班或取消。Somebody has checked in to this shift.",
            field=names[row["shift_id"]],
            remedy="请先签退或交接，再排其他人。Check out or hand over first, then plan somebody else.",
        )


async def _two(tx: Tx, who: Principal, shift_id: UUID, other_id: UUID) -> tuple[Shift, Shift]:
    found: dict[UUID, Shift] = {}
    for wanted in sorted({shift_id, other_id}):
        row = await tx.fetchrow(store.SHIFT_FOR_UPDATE, wanted)
        name = "shift_id" if wanted == shift_id else "other_shift_id"
        if row is None or row["cancelled_at"] is not None:
            raise _shift_unknown(name)
        await require_post(tx, who, row["checkpoint"], field=name)
        found[wanted] = store.shift_of(row)
    return found[shift_id], found[other_id]


async def _posts_of(
    tx: Tx, who: Principal, checkpoints: set[str]
) -> tuple[dict[str, Any], dict[str, LineFault]]:
    places: dict[str, Any] = {}
    faults: dict[str, LineFault] = {}
    for checkpoint in sorted(checkpoints):
        try:
            places[checkpoint] = await _post(tx, who, checkpoint)
        except Refusal as refusal:
            faults[checkpoint] = LineFault(CHECKPOINT, refusal.code, refusal.detail)
    return places, faults


async def _workers_of(tx: Tx, vault: Vault, numbers: set[str]) -> dict[str, UUID]:
    by_index = {index: number for number in numbers for index in vault.index_all(STAFF_INDEX, number)}
    rows = await tx.fetch(store.WORKERS_BY_STAFF, list(by_index))
    return {by_index[row["staff_index"]]: row["worker_ref"] for row in rows}


def _fault_of(
    shift: Shift, planned: Sequence[Shift], rules: DutyRules, closed_at: datetime | None, posted_until: date
) -> LineFault | None:
    """Why a line cannot be planned beside the others."""
    mine = [each for each in planned if each.worker_ref == shift.worker_ref]
    try:
        decide_open(shift, closed_at)
        decide_served(local_day(shift.starts_at), posted_until=posted_until, field=STAFF)
        decide_length(shift, rules)
        decide_free([shift], mine)
    except Refusal as refusal:
        column = {CheckpointIsClosed: CHECKPOINT, WorkerLeft: STAFF, WorkerBooked: ""}.get(
            type(refusal), UNTIL
        )
        return LineFault(column, refusal.code, refusal.detail)
    return None


def _faulty(item: ImportedLine, fault: LineFault) -> ImportedLine:
    return ImportedLine(sheet=item.sheet, row=item.row, line=item.line, faults=[fault])


def _badge_number(vault: Vault, badge_id: UUID) -> str:
    """Digits that only gate can make of the id."""
    digest = hashlib.sha256(vault.index("duty.badge_number", str(badge_id))).digest()
    return str(int.from_bytes(digest[:8]) % 10**_BADGE_DIGITS).zfill(_BADGE_DIGITS)


def _worker_unknown() -> WorkerUnknown:
    return WorkerUnknown(
        "没有该人员。There is no such worker.",
        field="worker_ref",
        remedy="请先在人员表登记并发放工牌。Post the worker first, and issue a badge.",
    )


def _shift_unknown(field: str) -> ShiftUnknown:
    return ShiftUnknown("没有该班次。There is no such shift.", field=field)


def _other_content(field: str) -> SameIdOtherContent:
    return SameIdOtherContent("该编号已用于其他内容。This id was used for something else.", field=field)
