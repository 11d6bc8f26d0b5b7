"""Pickups of waste, and what was done with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from services.sanitation.domain.pickups import Done, MissedReason, Pickup
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.days import local_day
from shared.kernel.ids import CompoundId, DwellingId
from shared.kernel.refusal import SameIdOtherContent
from shared.kernel.sealed_texts import SealedText

REJECTIONS: Rejections = {
    "pickup_act_once": SameIdOtherContent(
        "该编号已用于其他操作。This id was used for something else.", field="act_id"
    ),
}

PLAN = """
insert into waste_pickup (pickup_id, dwelling_id, compound, day, due_at, due_day, state, version)
values ($1, $2, $3, $4, $5, $4, 'due', 1)
on conflict (dwelling_id, day) do update
  set state = 'due', due_at = excluded.due_at, due_day = excluded.due_day, version = waste_pickup.version + 1
  where waste_pickup.state = 'withdrawn'
returning pickup_id, version
"""
PICKUP_FOR_UPDATE = """
select pickup_id, dwelling_id, compound, day, due_at, state, bags, last_step_at, collected_at, missed_reason, version
from waste_pickup where pickup_id = $1 for update
"""
MOVE = """
update waste_pickup
set state = $2, last_step_at = $3, bags = coalesce($4, bags), collected_at = coalesce($5, collected_at),
    version = version + $6
where pickup_id = $1 returning version
"""
MISS = """
update waste_pickup set missed_reason = $2, missed_at = $3, version = version + 1 where pickup_id = $1 returning version
"""
PUT_OFF = """
update waste_pickup set due_at = $2, due_day = $3, missed_reason = null, missed_at = null, version = version + 1
where pickup_id = $1 returning version
"""
# Pickups that nobody began, of days that lie behind the end of every quarantine at the dwelling; also those that were
# found missed, or nobody opened, before the news came: there was nothing to fetch.
WITHDRAW = """
update waste_pickup p set state = 'withdrawn', missed_reason = null, missed_at = null, version = version + 1
where p.dwelling_id = $1 and p.state = 'due' and p.day > $2 and not exists (
  select from quarantine_spell s join quarantine_case c using (case_id)
  where c.dwelling_id = $1
    and (s.ended_at is null or ((s.ended_at - interval '1 microsecond') at time zone 'Asia/Shanghai')::date >= p.day))
returning pickup_id, compound, day, version
"""
MISSED_DUE = """
select pickup_id, dwelling_id, compound, day, due_at, state, bags, last_step_at, collected_at, missed_reason, version
from waste_pickup
where missed_at is null
  and ((state in ('due', 'sealed') and due_day < $1) or (state in ('collected', 'disinfected') and collected_at <= $2))
order by day, pickup_id limit $3 for update skip locked
"""
ADD_ACT = """
insert into pickup_act (act_id, pickup_id, kind, at, device_at, bags, reason, due_at, receiver, note_sealed, note_index,
                        recorded_at, recorded_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
ACT = """
select act_id, pickup_id, kind, at, device_at, bags, reason, due_at, receiver, note_index
from pickup_act where act_id = $1
"""
PICKUPS_OF_DAY = """
select pickup_id, dwelling_id, compound, day, due_at, state, bags, last_step_at, collected_at, missed_reason, version
from waste_pickup
where compound = $1 and due_day = $2 and state <> 'withdrawn' and pickup_id > $3
order by pickup_id limit $4
"""
ACTS = """
select act_id, pickup_id, kind, at, device_at, bags, reason, due_at, receiver, recorded_at, recorded_by
from pickup_act where pickup_id = any($1::uuid[]) order by pickup_id, nth
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPickup:
    """A pickup with its place."""

    pickup_id: UUID
    dwelling_id: DwellingId
    compound: CompoundId
    day: date
    bags: int | None
    version: int
    pickup: Pickup


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done with a pickup, as it was said."""

    act_id: UUID
    pickup_id: UUID
    kind: str
    at: datetime
    device_at: datetime
    bags: int | None = None
    reason: str | None = None
    due_at: datetime | None = None
    receiver: str | None = None


def _known(row: asyncpg.Record) -> KnownPickup:
    return KnownPickup(
        pickup_id=row["pickup_id"],
        dwelling_id=row["dwelling_id"],
        compound=row["compound"],
        day=row["day"],
        bags=row["bags"],
        version=row["version"],
        pickup=Pickup(
            state=row["state"],
            due_at=row["due_at"],
            last_step_at=row["last_step_at"],
            collected_at=row["collected_at"],
            missed_reason=row["missed_reason"],
        ),
    )


async def plan(
    tx: Tx, pickup_id: UUID, *, dwelling_id: UUID, compound: str, day: date, due_at: datetime
) -> tuple[UUID, int] | None:
    """Make a household's pickup of a day; None where there is one already. Returns its id and version."""
    row = await tx.fetchrow(PLAN, pickup_id, dwelling_id, compound, day, due_at)
    return (row["pickup_id"], row["version"]) if row else None


async def pickup_for_update(tx: Tx, pickup_id: UUID) -> KnownPickup | None:
    """A pickup, with everyone else waiting."""
    row = await tx.fetchrow(PICKUP_FOR_UPDATE, pickup_id)
    return _known(row) if row else None


async def move(tx: Tx, pickup_id: UUID, done: Done) -> int:
    """Write a step; the version rises only with the last one, which is told."""
    collected = done.step == "collected"
    version: int = await tx.fetchval(
        MOVE,
        pickup_id,
        done.step,
        done.at,
        done.bags if collected else None,
        done.at if collected else None,
        int(done.step == "handed_over"),
    )
    return version


async def miss(tx: Tx, pickup_id: UUID, reason: MissedReason) -> int:
    """Write a finding; returns the version."""
    version: int = await tx.fetchval(MISS, pickup_id, reason, tx.now)
    return version


async def put_off(tx: Tx, pickup_id: UUID, due_at: datetime) -> int:
    """Write another hour, and that nothing is missed yet; returns the version."""
    version: int = await tx.fetchval(PUT_OFF, pickup_id, due_at, local_day(due_at))
    return version


async def withdraw_after(tx: Tx, dwelling_id: UUID, day: date) -> list[asyncpg.Record]:
    """Take back what nobody began of pickups after a household's last day."""
    return await tx.fetch(WITHDRAW, dwelling_id, day)


async def missed_due(tx: Tx, *, hand_over: timedelta, limit: int) -> list[KnownPickup]:
    """Pickups of which something is to be found now, locked."""
    return [_known(row) for row in await tx.fetch(MISSED_DUE, tx.today, tx.now - hand_over, limit)]


async def add_act(tx: Tx, act: Act, note: SealedText | None = None) -> None:
    """Write what was done. An id that is in use violates `pickup_act_once`."""
    await tx.execute(
        ADD_ACT,
        act.act_id,
        act.pickup_id,
        act.kind,
        act.at,
        act.device_at,
        act.bags,
        act.reason,
        act.due_at,
        act.receiver,
        note.sealed if note else None,
        note.index if note else None,
        tx.now,
        tx.actor,
    )


async def act(conn: Conn, act_id: UUID) -> asyncpg.Record | None:
    """What was said under an id."""
    return await conn.fetchrow(ACT, act_id)


async def pickups_of_day(
    conn: Conn, compound: CompoundId, day: date, *, after: UUID, limit: int
) -> list[KnownPickup]:
    """Pickups of a compound that are due on a day."""
    return [_known(row) for row in await conn.fetch(PICKUPS_OF_DAY, compound, day, after, limit)]


async def acts_of(conn: Conn, pickups: Sequence[UUID]) -> list[asyncpg.Record]:
    """Everything done with these pickups, in order."""
    return await conn.fetch(ACTS, list(pickups))
