"""Residents' personal links: only hashes are kept."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.observation.domain.repeats import other_content
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

LINK_OF_ID = "select case_id from resident_link where link_id = $1"
REVOKE_LIVE = """
update resident_link set revoked_at = $2 where case_id = $1 and revoked_at is null returning link_id
"""
KEEP_MEMBERS = """
insert into link_member (link_id, case_id, added_at, added_by)
select $2, case_id, added_at, added_by from link_member where link_id = $1
"""
REVOKE_LINK = """
update resident_link set revoked_at = coalesce(revoked_at, $3) where link_id = $1 and case_id = $2 returning link_id
"""
ADD_LINK = """
insert into resident_link (link_id, case_id, token_hash, issued_at, issued_by) values ($1, $2, $3, $4, $5)
"""
LOCK_LINK = """
select l.link_id, l.case_id, l.session_hash, l.revoked_at, c.state
from resident_link l join observation_case c using (case_id)
where l.token_hash = $1 for update of l
"""
BIND_LINK = "update resident_link set session_hash = $2, bound_at = $3 where link_id = $1"
SESSION = """
select l.link_id, l.case_id, l.revoked_at, c.compound, c.state
from resident_link l join observation_case c using (case_id)
where l.session_hash = $1
"""
REVOKE_ALL = "update resident_link set revoked_at = $1 where revoked_at is null"
CASE_OF_LINK = "select case_id from resident_link where link_id = $1 and revoked_at is null"

REJECTIONS: dict[str, Refusal] = {
    "resident_link_pkey": other_content(),
}


async def case_of_id(tx: Tx, link_id: UUID) -> UUID | None:
    """Tell the case of a link, dead or alive; None when the id is free."""
    found: UUID | None = await tx.fetchval(LINK_OF_ID, link_id)
    return found


async def replace_live(tx: Tx, *, link_id: UUID, case_id: UUID, token_hash: bytes, issued_by: str) -> None:
    """Withdraw the case's link, if any, and keep a new one, which reaches whom that one reached."""
    before: UUID | None = await tx.fetchval(REVOKE_LIVE, case_id, tx.now)
    await tx.execute(ADD_LINK, link_id, case_id, token_hash, tx.now, issued_by)
    if before is not None:
        await tx.execute(KEEP_MEMBERS, before, link_id)


async def revoke_all(tx: Tx) -> None:
    """Withdraw every link."""
    await tx.execute(REVOKE_ALL, tx.now)


async def revoke(tx: Tx, *, link_id: UUID, case_id: UUID) -> bool:
    """Withdraw a link; False when the case has no such link."""
    return await tx.fetchval(REVOKE_LINK, link_id, case_id, tx.now) is not None


async def lock(tx: Tx, token_hash: bytes) -> asyncpg.Record | None:
    """Read the link of a token under its row lock, with the state of its case."""
    return await tx.fetchrow(LOCK_LINK, token_hash)


async def bind(tx: Tx, link_id: UUID, session_hash: bytes, at: datetime) -> None:
    """Bind a link to the session that opened it first."""
    await tx.execute(BIND_LINK, link_id, session_hash, at)


async def session(conn: Conn, session_hash: bytes) -> asyncpg.Record | None:
    """Read the link of a session, with its case's compound and state."""
    return await conn.fetchrow(SESSION, session_hash)


async def case_of_link(conn: Conn, link_id: UUID) -> UUID | None:
    """Tell the case of a living link."""
    found: UUID | None = await conn.fetchval(CASE_OF_LINK, link_id)
    return found
