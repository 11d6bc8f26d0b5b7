"""What an officer set for a place's posts, and claims of vacant ones (R3.2, R3.3)."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.posts import Place
from shared.db.pool import Conn, Tx
from shared.events.policy import WorkerKind

NEEDS_SET = """
select place_kind, place_id, kind, number from post_need where compound_id = $1 and number is not null
"""
SET_NEED = """
insert into post_need (place_kind, place_id, kind, compound_id, number, set_by, set_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (place_kind, place_id, kind) do update
set number = excluded.number, set_by = excluded.set_by, set_at = excluded.set_at, version = post_need.version + 1
where post_need.number is distinct from excluded.number
returning version
"""
UNSET_NEED = """
update post_need set number = null, set_by = $4, set_at = $5, version = version + 1
where place_kind = $1 and place_id = $2 and kind = $3 and number is not null returning version
"""
LOCK_CLAIM = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.claim.' || $1, 0))"
CLAIM = """
select claim_id, worker_ref, place_kind, place_id, compound_id, kind, from_day, until_day, state, reason, claimed_at,
  settled_at, posting_id
from post_claim where claim_id = $1
"""
ADD_CLAIM = """
insert into post_claim (claim_id, worker_ref, place_kind, place_id, compound_id, kind, from_day, until_day, claimed_by,
  claimed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
SETTLE_CLAIM = """
update post_claim set state = $2, reason = $3, posting_id = $4, settled_by = $5, settled_at = $6 where claim_id = $1
"""
CLAIMS_OF = """
select claim_id, worker_ref, place_kind, place_id, compound_id, kind, from_day, until_day, state, reason, claimed_at,
  settled_at, posting_id
from post_claim
where compound_id = $1 and ($2::text is null or state = $2) and (claimed_at, claim_id) > ($3, $4)
order by claimed_at, claim_id limit $5
"""


async def needs_set(conn: Conn, compound_id: str) -> dict[tuple[Place, WorkerKind], int]:
    """The numbers that officers set for places of a compound."""
    return {
        (Place(row["place_kind"], row["place_id"]), row["kind"]): row["number"]
        for row in await conn.fetch(NEEDS_SET, compound_id)
    }


async def set_need(
    tx: Tx, place: Place, kind: WorkerKind, *, compound_id: str, number: int | None
) -> int | None:
    """Set how many of a kind a place needs (None: as policy says); tells the version, None where nothing changed."""
    where = place.kind, place.id, kind
    if number is None:
        version: int | None = await tx.fetchval(UNSET_NEED, *where, tx.actor, tx.now)
    else:
        version = await tx.fetchval(SET_NEED, *where, compound_id, number, tx.actor, tx.now)
    return version


async def claim(tx: Tx, claim_id: UUID) -> asyncpg.Record | None:
    """A claim; whoever settles or repeats it at the same moment waits."""
    await tx.execute(LOCK_CLAIM, str(claim_id))
    return await tx.fetchrow(CLAIM, claim_id)


async def claims_of(
    conn: Conn, compound_id: str, *, state: str | None, after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    """The claims of a compound's posts, in the order in which they came."""
    return await conn.fetch(CLAIMS_OF, compound_id, state, *after, limit)
