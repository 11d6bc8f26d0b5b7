"""Households' personal links: only hashes are kept (R4.2)."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

ISSUED = "select exists (select from survey_link where issue_id = $1)"
# A dwelling without a final result; one whose link is in use keeps it unless links are replaced.
TO_ISSUE = """
select t.dwelling_id, t.compound_id, d.building, d.unit, d.room
from survey_target t join dwelling d using (dwelling_id)
where t.round_id = $1 and t.compound_id = $2 and t.listed and d.building = $3 and not t.final
  and ($4 or not exists (
    select from survey_link l
    where l.round_id = t.round_id and l.dwelling_id = t.dwelling_id and l.revoked_at is null))
order by d.building_order, d.building, d.unit_order, d.unit, d.room_order, d.room
for no key update of t
"""
REVOKE_OF = """
update survey_link set revoked_at = $3
where round_id = $1 and dwelling_id = any($2::uuid[]) and revoked_at is null
"""
REVOKE_ALL = "update survey_link set revoked_at = $1 where revoked_at is null"
ADD_LINKS = """
insert into survey_link (link_id, round_id, dwelling_id, issue_id, token_hash, issued_at, issued_by)
select link_id, $2, dwelling_id, $3, token_hash, $5, $6
from unnest($1::uuid[], $4::uuid[], $7::bytea[]) as fresh (link_id, dwelling_id, token_hash)
order by dwelling_id
"""
LOCK_LINK = """
select l.link_id, l.session_hash, l.revoked_at, r.closed_at
from survey_link l join survey_round r using (round_id) where l.token_hash = $1 for update of l
"""
BIND = "update survey_link set session_hash = $2, bound_at = $3 where link_id = $1"
SESSION = """
select l.link_id, l.round_id, l.dwelling_id, l.revoked_at, t.compound_id, r.closed_at
from survey_link l join survey_round r using (round_id)
  join survey_target t on t.round_id = l.round_id and t.dwelling_id = l.dwelling_id
where l.session_hash = $1
"""
LIVE = """
select l.round_id, l.dwelling_id from survey_link l join survey_round r using (round_id)
where l.link_id = $1 and l.revoked_at is null and r.closed_at is null
"""


async def issue(tx: Tx, round_id: UUID, issue_id: UUID, links: Sequence[tuple[UUID, UUID, bytes]]) -> None:
    """Keep new links (id, dwelling, hash of the token); those before them stop working."""
    dwellings = [dwelling for _, dwelling, _ in links]
    await tx.execute(REVOKE_OF, round_id, dwellings, tx.now)
    await tx.execute(
        ADD_LINKS,
        [link_id for link_id, _, _ in links],
        round_id,
        issue_id,
        dwellings,
        tx.now,
        tx.actor or "unknown",
        [hashed for _, _, hashed in links],
    )


async def revoke(tx: Tx, round_id: UUID, dwelling_id: UUID) -> bool:
    """Withdraw a dwelling's link; False when it has none."""
    tag = await tx.execute(REVOKE_OF, round_id, [dwelling_id], tx.now)
    return not tag.endswith(" 0")


async def session(conn: Conn, session_hash: bytes) -> asyncpg.Record | None:
    """The link of a session."""
    return await conn.fetchrow(SESSION, session_hash)
