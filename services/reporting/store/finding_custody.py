"""Findings in people's hands: as they stand, what was done with each, lists, and what a bulletin tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from services.reporting.domain.finding_custody import Act, Custody, Outcome
from services.reporting.domain.findings import Finding
from services.reporting.domain.owners import Measure
from services.reporting.store.findings import known
from shared.db.pool import Conn, Tx

# What its unit is called is told with every compound of it.
_PLACED = """finding f left join compound c using (compound) left join lateral (
  select max(neighbourhood_name) as unit_name from compound where neighbourhood = f.unit) u on true"""
FINDING = """
select finding_id, rule, subject, compound, unit, state, opened_at, due_at, evidence, measure, owner_ref, owner_role,
       closed_at, closed_by, basis, item, title, found_by, key_ref, note_sealed, content_index, settled_by, reviewed_by,
       outcome, version,
       array(select distinct by from finding_act a where a.finding_id = f.finding_id and a.kind = 'settled') as settlers
from finding f where finding_id = $1
"""
TOLD = f"""
select f.finding_id, f.rule, f.subject, f.compound, f.unit, f.state, f.opened_at, f.due_at, f.evidence, f.owner_ref,
       f.owner_role, f.closed_at, f.closed_by, f.basis, f.item, f.title, f.found_by, f.key_ref, f.note_sealed,
       f.settled_by, f.reviewed_by, f.outcome, c.name, u.unit_name
from {_PLACED} where f.finding_id = $1
"""
ADD_BY_HAND = """
insert into finding (finding_id, rule, subject, compound, unit, state, opened_at, due_at, evidence, measure, owner_ref,
                     owner_role, basis, item, title, found_by, key_ref, note_sealed, content_index, version)
values ($1, 'inspection', $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1)
"""
ADD_ACT = """
insert into finding_act (act_id, finding_id, kind, at, by, role, note_sealed, due_at, content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ACT = "select finding_id, content_index from finding_act where act_id = $1"
ACTS = """
select act_id, kind, at, by, role, note_sealed, evidence, due_at from finding_act where finding_id = $1 order by nth
"""
SAVE = """
update finding
set state = $2, due_at = $3, settled_by = $4, reviewed_by = $5, outcome = $6, closed_at = $7,
    closed_by = case when $7::timestamptz is not null then 'person' end, version = version + 1
where finding_id = $1 returning version
"""
# What was known of a finding is kept as it was, so its key goes as well, and with it every copy of the words.
NOTES_OVER = """
select key_ref from finding f
where key_ref is not null and closed_at < $1 and (note_sealed is not null
  or exists (select from finding_act a where a.finding_id = f.finding_id and a.note_sealed is not null))
order by finding_id limit $2 for update skip locked
"""
FORGET_NOTES = (
    "update finding set note_sealed = null where key_ref = any($1::uuid[]) and note_sealed is not null"
)
FORGET_ACTS = """
update finding_act a set note_sealed = null from finding f
where f.finding_id = a.finding_id and f.key_ref = any($1::uuid[]) and a.note_sealed is not null
"""
KEEP_KEY = "update finding set key_ref = $2 where finding_id = $1 and key_ref is null"
# $1, $2: what the caller may see, null for everything. $8: up to where the first step upward reaches.
NOT_CLOSED = f"""
select f.finding_id, f.rule, f.subject, f.compound, f.unit, f.state, f.opened_at, f.due_at, f.evidence, f.measure,
       f.owner_ref, f.owner_role, f.closed_at, f.closed_by, f.basis, f.item, f.title, f.found_by, f.settled_by,
       f.reviewed_by, f.outcome, c.name, u.unit_name
from {_PLACED}
where f.state <> 'closed' and ($3::text is null or f.state = $3)
  and ($1::text[] is null or f.compound = any($1) or (f.compound is null and f.unit = any($2::text[])))
  and ($4::text is null or f.rule = $4) and ($5::text is null or f.compound = $5)
  and ($6::text is null or f.unit = $6) and ($7::uuid is null or f.owner_ref = $7)
  and ($8::timestamptz is null or (f.state = 'open' and f.due_at <= $8))
  and ($9::timestamptz is null or (f.due_at, f.finding_id) > ($9, $10::uuid))
order by f.due_at, f.finding_id limit $11
"""
CLOSED = f"""
select f.finding_id, f.rule, f.subject, f.compound, f.unit, f.state, f.opened_at, f.due_at, f.evidence, f.measure,
       f.owner_ref, f.owner_role, f.closed_at, f.closed_by, f.basis, f.item, f.title, f.found_by, f.settled_by,
       f.reviewed_by, f.outcome, c.name, u.unit_name
from {_PLACED}
where f.state = 'closed'
  and ($1::text[] is null or f.compound = any($1) or (f.compound is null and f.unit = any($2::text[])))
  and ($3::text is null or f.rule = $3) and ($4::text is null or f.compound = $4)
  and ($5::text is null or f.unit = $5) and ($6::uuid is null or f.owner_ref = $6)
  and ($7::timestamptz is null or (f.closed_at, f.finding_id) < ($7, $8::uuid))
order by f.closed_at desc, f.finding_id desc limit $9
"""
BULLETIN = f"""
select f.finding_id, f.rule, f.compound, f.unit, f.state, f.opened_at, f.due_at, f.evidence, f.owner_ref, f.owner_role,
       f.closed_at, f.closed_by, f.basis, f.title, f.found_by, f.key_ref, f.note_sealed, f.settled_by, f.reviewed_by,
       f.outcome, c.name, u.unit_name,
       (select count(*) from finding_act a where a.finding_id = f.finding_id and a.kind = 'replied')::int as replies
from {_PLACED}
where ($1::text[] is null or f.compound = any($1) or (f.compound is null and f.unit = any($2::text[])))
  and (f.state <> 'closed' or (not $3 and f.closed_at >= $4))
order by f.unit nulls first, f.compound nulls first, f.opened_at, f.finding_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFinding:
    """A finding with everything that is kept of it."""

    finding: Finding
    custody: Custody
    measure: Measure | None
    basis: str
    item: str | None
    title: str | None
    settled_last_by: str | None
    reviewed_by: str | None
    version: int
    key_ref: UUID | None = None
    note: bytes | None = field(default=None, repr=False)
    content_index: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What the caller may see: compounds, and units for what is nobody's compound; None: everything."""

    compounds: Sequence[str] | None
    units: Sequence[str]


async def finding(conn: Conn, finding_id: UUID) -> HeldFinding | None:
    """A finding as it stands. Writers take their turn before."""
    row = await conn.fetchrow(FINDING, finding_id)
    if row is None:
        return None
    outcome: Outcome | None = row["outcome"]
    found = known(row).finding
    return HeldFinding(
        finding=found,
        custody=Custody(
            rule=found.rule,
            state=found.state,
            due_at=found.due_at,
            found_by=row["found_by"],
            settled_by=frozenset(row["settlers"]),
            outcome=outcome,
        ),
        measure=row["measure"],
        basis=row["basis"],
        item=row["item"],
        title=row["title"],
        settled_last_by=row["settled_by"],
        reviewed_by=row["reviewed_by"],
        version=row["version"],
        key_ref=row["key_ref"],
        note=row["note_sealed"],
        content_index=row["content_index"],
    )


async def add_by_hand(tx: Tx, held: HeldFinding) -> None:
    """Write a person's own finding."""
    one = held.finding
    await tx.execute(
        ADD_BY_HAND,
        one.finding_id,
        one.subject,
        one.compound,
        one.unit,
        one.opened_at,
        one.due_at,
        one.evidence,
        held.measure,
        one.owner.worker_ref if one.owner else None,
        one.owner.role if one.owner else None,
        held.basis,
        held.item,
        held.title,
        held.custody.found_by,
        held.key_ref,
        held.note,
        held.content_index,
    )


async def add_act(
    tx: Tx, act_id: UUID, finding_id: UUID, act: Act, *, role: str, note: bytes | None, index: bytes
) -> None:
    """Write what somebody did with a finding."""
    await tx.execute(ADD_ACT, act_id, finding_id, act.kind, tx.now, act.by, role, note, act.due_at, index)


async def act(conn: Conn, act_id: UUID) -> asyncpg.Record | None:
    """Something that was done, by its id."""
    return await conn.fetchrow(ACT, act_id)


async def save(tx: Tx, held: HeldFinding, after: Custody, act: Act) -> int:
    """Write how a finding that was not closed stands after somebody's act; returns its version."""
    closed = after.state == "closed"
    settled_by = held.settled_last_by if closed else None
    version: int = await tx.fetchval(
        SAVE,
        held.finding.finding_id,
        after.state,
        after.due_at,
        act.by if act.kind == "settled" else settled_by,
        act.by if closed else None,
        after.outcome,
        tx.now if closed else None,
    )
    return version
