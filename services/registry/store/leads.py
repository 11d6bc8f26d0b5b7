"""Leads, who told them (apart), and rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.registry.domain.leads import (
    AssignedToTheAccused,
    Assignee,
    ClosingReason,
    Lead,
    LeadChannel,
    RewardedAlready,
)
from shared.db.pool import Conn, Rejections, Tx
from shared.events.policy import LeadCategory
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "lead_pkey": SameIdOtherContent(
        "该编号已用于另一条线索。This id was used for another lead.", field="lead_id"
    ),
    "lead_not_to_the_accused": AssignedToTheAccused(
        "不能交给被反映的一方办理。Those complained about do not look into it.", field="assignee.code"
    ),
    "lead_reward_pkey": RewardedAlready("此事已奖励过。This fact was rewarded."),
    "lead_reward_once_a_lead": RewardedAlready("此线索已奖励过。This lead was rewarded."),
}

LOCK_LEAD_ID = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.lead.' || $1::text, 0))"
# Whatever touches more than one lead holds its compound first, so that nobody waits in a circle.
LOCK_COMPOUND = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.leads_of.' || $1::text, 0))"
ADD_LEAD = """
insert into lead (lead_id, compound_id, channel, category, key_ref, place_sealed, text_sealed, complained_about,
  observed_at, received_at, receipt_sealed, receipt_index, content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
ADD_REPORTER = """
insert into lead_reporter (lead_id, reporter_ref, name_sealed, phone_sealed) values ($1, $2, $3, $4)
"""
FIRST_ANSWER = "select key_ref, receipt_sealed, content_index from lead where lead_id = $1"
FOR_UPDATE = """
select lead_id, compound_id, category, complained_about, state, assignee_kind, assignee, due_at, valid,
  closing_reason, merged_into, version
from lead where lead_id = $1 for no key update
"""
WHERE_IT_IS = """
select l.compound_id, c.neighbourhood_id from lead l join compound c using (compound_id) where l.lead_id = $1
"""
ONE = """
select l.lead_id, l.compound_id, c.neighbourhood_id, l.channel, l.category, l.complained_about, l.observed_at,
  l.received_at, l.state, l.assignee_kind, l.assignee, l.assigned_at, l.due_at, l.valid, l.closing_reason,
  l.closed_at, l.merged_into, l.key_ref, l.place_sealed, l.text_sealed, l.erasure_asked_at, l.erased_at,
  exists (select from lead_reward w where w.fact_id = coalesce(l.merged_into, l.lead_id)) as rewarded
from lead l join compound c using (compound_id) where l.lead_id = $1
"""
INBOX = """
select l.lead_id, l.compound_id, l.channel, l.category, l.complained_about, l.observed_at, l.received_at, l.state,
  l.assignee_kind, l.assignee, l.assigned_at, l.due_at, l.valid, l.closing_reason, l.closed_at, l.merged_into,
  l.erasure_asked_at, l.erased_at,
  exists (select from lead_reward w where w.fact_id = coalesce(l.merged_into, l.lead_id)) as rewarded,
  (select count(*) from lead o where o.compound_id = l.compound_id and o.category = l.category
    and o.observed_at between l.observed_at - make_interval(hours => $1)
      and l.observed_at + make_interval(hours => $1)
    and coalesce(o.merged_into, o.lead_id) <> coalesce(l.merged_into, l.lead_id)) as alike
from lead l
where l.compound_id = $2
  and ($3::text is null or l.state = $3)
  and ($4::text is null or l.category = $4)
  and ($5::timestamptz is null or (l.due_at < $5 and l.state <> 'closed' and l.merged_into is null))
  and (l.received_at, l.lead_id) > ($6, $7)
order by l.received_at, l.lead_id limit $8
"""
ALIKE = """
select lead_id from lead
where compound_id = $1 and category = $2 and observed_at between $3 and $4
  and coalesce(merged_into, lead_id) <> $5
order by observed_at, lead_id limit 50
"""
DUPLICATES = "select lead_id from lead where merged_into = $1 order by received_at, lead_id"
ASSIGN = """
update lead set state = 'assigned', assignee_kind = $2, assignee = $3, assigned_at = $4, due_at = $5,
  complained_about = $6, version = version + 1
where lead_id = $1 returning version
"""
CLOSE = """
update lead set state = 'closed', valid = $2, closing_reason = $3, closed_at = $4, closed_by = $5,
  version = version + 1
where lead_id = $1 returning version
"""
MERGE = "update lead set merged_into = $2, version = version + 1 where lead_id = $1 returning version"
GRID_THERE = "select exists (select from grid where grid_id = $1 and compound_id = $2)"
CHECKPOINT_THERE = "select exists (select from checkpoint where checkpoint_id = $1 and compound_id = $2)"
# Does anybody whom the complaint is about on the day (who staffs the checkpoint, serves in the grid, or is of the unit)
# belong to those who are to look into it?
SERVES_BOTH = """
select exists (
  select from posting gate join worker w using (worker_ref)
  where $1::text in (gate.checkpoint_id, gate.grid_id, w.home_unit, w.work_group)
    and gate.from_day <= $4 and coalesce(gate.until_day, $4) >= $4
    and case when $2::text = 'unit' then $3::text in (w.home_unit, w.work_group)
      else exists (select from posting grid where grid.worker_ref = gate.worker_ref and grid.grid_id = $3::text
        and grid.from_day <= $4 and coalesce(grid.until_day, $4) >= $4) end)
"""
BY_RECEIPT = """
select l.lead_id, head.state, head.valid, l.erasure_asked_at, l.erased_at,
  exists (select from lead_reward w where w.lead_id = l.lead_id) as rewarded
from lead l join lead head on head.lead_id = coalesce(l.merged_into, l.lead_id)
where l.receipt_index = any($1::bytea[])
"""
ADD_REWARD = "insert into lead_reward (fact_id, lead_id, decided_by, decided_at) values ($1, $2, $3, $4)"
REWARD_OF = "select lead_id, decided_at from lead_reward where fact_id = $1"
MOVE_REWARD = "update lead_reward set fact_id = $2 where fact_id = $1"
ASK_ERASURE = "update lead set erasure_asked_at = $2 where lead_id = $1 and erasure_asked_at is null"
ERASED = "update lead set erased_at = $2 where lead_id = $1"
ERASURE_OF = "select key_ref, erased_at from lead where lead_id = $1"
REPORTER = "select reporter_ref, name_sealed, phone_sealed from lead_reporter where lead_id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead as it is written down: free texts and receipt sealed under the key of `key_ref`."""

    lead_id: UUID
    compound: str
    channel: LeadChannel
    category: LeadCategory
    key_ref: UUID
    place_sealed: bytes
    text_sealed: bytes
    complained_about: str | None
    observed_at: datetime
    receipt_sealed: bytes
    receipt_index: bytes
    content_index: bytes


async def lock_id(tx: Tx, lead_id: UUID) -> None:
    """Let one request with this id at a time pass."""
    await tx.execute(LOCK_LEAD_ID, str(lead_id))


async def lock_compound(tx: Tx, compound: str) -> None:
    """Hold what belongs to more than one lead of a compound."""
    await tx.execute(LOCK_COMPOUND, compound)


async def first_answer(tx: Tx, lead_id: UUID) -> asyncpg.Record | None:
    """The receipt that was given, sealed, and the index of what was told."""
    return await tx.fetchrow(FIRST_ANSWER, lead_id)


async def add(tx: Tx, lead: NewLead) -> None:
    """Write a lead down."""
    await tx.execute(
        ADD_LEAD,
        lead.lead_id,
        lead.compound,
        lead.channel,
        lead.category,
        lead.key_ref,
        lead.place_sealed,
        lead.text_sealed,
        lead.complained_about,
        lead.observed_at,
        tx.now,
        lead.receipt_sealed,
        lead.receipt_index,
        lead.content_index,
    )


async def add_reporter(
    tx: Tx, lead_id: UUID, reporter_ref: UUID, *, name_sealed: bytes | None, phone_sealed: bytes | None
) -> None:
    """Write down apart who told it."""
    await tx.execute(ADD_REPORTER, lead_id, reporter_ref, name_sealed, phone_sealed)


async def reporter(tx: Tx, lead_id: UUID) -> asyncpg.Record | None:
    """Who told it, sealed; None when they did not say."""
    return await tx.fetchrow(REPORTER, lead_id)


async def for_update(tx: Tx, lead_id: UUID) -> Lead | None:
    """A lead, held until the end."""
    row = await tx.fetchrow(FOR_UPDATE, lead_id)
    if row is None:
        return None
    return Lead(
        lead_id=row["lead_id"],
        compound=row["compound_id"],
        category=row["category"],
        complained_about=row["complained_about"],
        state=row["state"],
        assignee_kind=row["assignee_kind"],
        assignee=row["assignee"],
        due_at=row["due_at"],
        valid=row["valid"],
        closing_reason=row["closing_reason"],
        merged_into=row["merged_into"],
        version=row["version"],
    )


async def place_of(conn: Conn, lead_id: UUID) -> asyncpg.Record | None:
    """The compound and neighbourhood that a lead is about."""
    return await conn.fetchrow(WHERE_IT_IS, lead_id)


async def one(conn: Conn, lead_id: UUID) -> asyncpg.Record | None:
    """A lead with its sealed texts."""
    return await conn.fetchrow(ONE, lead_id)


async def inbox(
    conn: Conn,
    compound: str,
    *,
    duplicate_hours: int,
    state: str | None,
    category: str | None,
    overdue_at: datetime | None,
    after: tuple[datetime, UUID],
    limit: int,
) -> Sequence[asyncpg.Record]:
    """A compound's leads in the order in which they came; with `overdue_at` only open ones past their clock."""
    return await conn.fetch(INBOX, duplicate_hours, compound, state, category, overdue_at, *after, limit)


async def alike(
    conn: Conn, compound: str, category: str, between: tuple[datetime, datetime], *, fact_id: UUID
) -> list[UUID]:
    """Leads that may be the same fact and are not kept as such yet."""
    rows = await conn.fetch(ALIKE, compound, category, *between, fact_id)
    return [row["lead_id"] for row in rows]


async def duplicates(conn: Conn, lead_id: UUID) -> list[UUID]:
    """What is kept as a duplicate of a lead."""
    return [row["lead_id"] for row in await conn.fetch(DUPLICATES, lead_id)]


async def assign(
    tx: Tx, lead_id: UUID, assignee: Assignee, due_at: datetime, *, complained_about: str | None
) -> int:
    """Write down who looks into a lead; its new version."""
    version: int = await tx.fetchval(
        ASSIGN, lead_id, assignee.kind, assignee.code, tx.now, due_at, complained_about
    )
    return version


async def close(tx: Tx, lead_id: UUID, *, valid: bool, reason: ClosingReason) -> int:
    """Write down what was found; the lead's new version."""
    version: int = await tx.fetchval(CLOSE, lead_id, valid, reason, tx.now, tx.actor or "")
    return version


async def merge(tx: Tx, lead_id: UUID, kept: UUID | None) -> int:
    """Keep a lead as a duplicate of another, or of none again; tells its version."""
    version: int = await tx.fetchval(MERGE, lead_id, kept)
    return version


async def grid_there(conn: Conn, grid: str, compound: str) -> bool:
    """Whether the compound has this grid."""
    return bool(await conn.fetchval(GRID_THERE, grid, compound))


async def checkpoint_there(conn: Conn, checkpoint: str, compound: str) -> bool:
    """Whether the compound has this checkpoint."""
    return bool(await conn.fetchval(CHECKPOINT_THERE, checkpoint, compound))


async def serves_both(conn: Conn, checkpoint: str, assignee: Assignee, day: date) -> bool:
    """Whether somebody who staffs the checkpoint on the day belongs to the assignee."""
    return bool(await conn.fetchval(SERVES_BOTH, checkpoint, assignee.kind, assignee.code, day))


async def by_receipt(conn: Conn, indexes: list[bytes]) -> asyncpg.Record | None:
    """How the lead with a receipt code stands."""
    return await conn.fetchrow(BY_RECEIPT, indexes)


async def reward_of(conn: Conn, fact_id: UUID) -> asyncpg.Record | None:
    """The reward of a fact."""
    return await conn.fetchrow(REWARD_OF, fact_id)


async def add_reward(tx: Tx, fact_id: UUID, lead_id: UUID) -> None:
    """Reward a fact; a second time violates `lead_reward_pkey`."""
    await tx.execute(ADD_REWARD, fact_id, lead_id, tx.actor or "", tx.now)


async def move_reward(tx: Tx, from_fact: UUID, to_fact: UUID) -> None:
    """Two facts turned out to be one: the reward is that one's."""
    await tx.execute(MOVE_REWARD, from_fact, to_fact)
