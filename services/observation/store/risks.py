"""Copies of the lists of risk areas, and the proposals that follow from them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx
from shared.events.policy_observation import Category, Measure
from shared.events.registry.rules import RiskAreasRevised
from shared.http.access import Scope, ScopeKind

KEEP_LIST = """
insert into risk_list (revision, effective_from, areas) values ($1, $2, $3) on conflict (revision) do nothing
"""
LOCK_UNSEEN = """
select revision, areas from risk_list where evaluated_at is null and effective_from <= $1
order by effective_from, revision limit 1 for update
"""
LAST_SEEN = """
select revision, areas from risk_list where evaluated_at is not null order by effective_from desc, revision desc limit 1
"""
SEEN = "update risk_list set evaluated_at = $2 where revision = $1"
OBSERVED = """
select case_id, origin_code from observation_case where ended_at is null and origin_code is not null order by case_id
"""
PROPOSE = """
insert into risk_proposal (proposal_id, case_id, revision, from_category, to_category, measure, proposed_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
FOLLOW_ORIGIN = """
update observation_case set origin_code = $2 where case_id = $1 and origin_code is distinct from $2 returning case_id
"""
SUPERSEDE = "delete from risk_proposal where case_id = $1 and state = 'open'"
LIST_PROPOSALS = """
select r.proposal_id, r.case_id, c.person_ref, c.compound, c.origin_code, r.revision, r.from_category, r.to_category,
  r.measure, r.proposed_at, r.state
from risk_proposal r join observation_case c using (case_id) left join compound_place p using (compound)
where r.state = $1 and (r.state <> 'open' or c.ended_at is null)
  and ($2::boolean or c.compound = any($3::text[]) or p.neighbourhood = any($4::text[]) or c.grid = any($5::text[]))
  and ($6::uuid is null or r.proposal_id > $6)
order by r.proposal_id limit $7
"""
LOCK_PROPOSAL = """
select r.proposal_id, r.case_id, r.to_category, r.measure, r.state, r.decision_id, c.compound, c.grid, p.neighbourhood
from risk_proposal r join observation_case c using (case_id) left join compound_place p using (compound)
where r.proposal_id = $1 for update of r
"""
SETTLE_PROPOSAL = """
update risk_proposal set state = $2, decision_id = $3, decided_at = $4, decided_by = $5, reason_sealed = $6
where proposal_id = $1
"""


async def keep_list(tx: Tx, revisions: Sequence[RiskAreasRevised]) -> None:
    """Keep dated lists; a revision never changes."""
    await tx.executemany(
        KEEP_LIST, [(event.revision, event.effective_from, event.areas) for event in revisions]
    )


async def lock_unseen(tx: Tx, today: date) -> tuple[int, dict[str, Category]] | None:
    """Read the earliest list in effect that cases were not held against yet, under its row lock."""
    row = await tx.fetchrow(LOCK_UNSEEN, today)
    return None if row is None else (row["revision"], row["areas"])


async def last_seen(conn: Conn) -> tuple[int, dict[str, Category]] | None:
    """Read the newest list against which the cases of its time were held."""
    row = await conn.fetchrow(LAST_SEEN)
    return None if row is None else (row["revision"], row["areas"])


async def follow_origin(tx: Tx, case_id: UUID, origin_code: str) -> bool:
    """Keep that somebody was elsewhere than was known; what was proposed for it is void. False where it was known."""
    if await tx.fetchval(FOLLOW_ORIGIN, case_id, origin_code) is None:
        return False
    await tx.execute(SUPERSEDE, case_id)
    return True


async def seen(tx: Tx, revision: int) -> None:
    """Keep that all cases were held against a list."""
    await tx.execute(SEEN, revision, tx.now)


async def observed(conn: Conn) -> dict[UUID, str]:
    """Tell the cases in force of which it is known where the person has been."""
    return {row["case_id"]: row["origin_code"] for row in await conn.fetch(OBSERVED)}


async def propose(
    tx: Tx,
    proposal_id: UUID,
    *,
    case_id: UUID,
    revision: int,
    from_category: Category,
    to_category: Category,
    measure: Measure,
) -> None:
    """Keep a proposal in place of the one before that nobody has decided about."""
    await tx.execute(SUPERSEDE, case_id)
    await tx.execute(PROPOSE, proposal_id, case_id, revision, from_category, to_category, measure, tx.now)


async def page(
    conn: Conn, *, scopes: Sequence[Scope], state: str, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Tell proposals within scopes."""
    places: dict[ScopeKind, list[str]] = {kind: [] for kind in ScopeKind}
    for scope in scopes:
        places[scope.kind].append(scope.id or "")
    return await conn.fetch(
        LIST_PROPOSALS,
        state,
        bool(places[ScopeKind.TOWN]),
        places[ScopeKind.COMPOUND],
        places[ScopeKind.NEIGHBOURHOOD],
        places[ScopeKind.GRID],
        after,
        limit,
    )


async def lock(tx: Tx, proposal_id: UUID) -> asyncpg.Record | None:
    """Read a proposal under its row lock."""
    return await tx.fetchrow(LOCK_PROPOSAL, proposal_id)


async def settle(tx: Tx, proposal_id: UUID, state: str, decision_id: UUID, *, by: str, sealed: bytes) -> None:
    """Keep what an officer decided about a proposal."""
    await tx.execute(SETTLE_PROPOSAL, proposal_id, state, decision_id, tx.now, by, sealed)
