"""Policy versions in the database."""

from datetime import date

import asyncpg

from services.registry.domain.policy import PolicyVersion
from shared.db.pool import Conn, Tx
from shared.events.policy import PolicyDocument

LOCK_POLICY = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.policy', 0))"
ADD_POLICY = """
insert into policy_version (version, effective_from, revised_by, revised_at, document) values ($1, $2, $3, $4, $5)
"""
POLICY_OF_DAY = """
select version, effective_from, document from policy_version
where effective_from <= $1 order by effective_from desc, version desc limit 1
"""
POLICY_BY_VERSION = """
select version, effective_from, revised_by, revised_at, document from policy_version where version = $1
"""
LATEST_POLICY = "select version, effective_from, document from policy_version order by version desc limit 1"

# What holds on a day and on every later one: of versions that begin on the same day, the last.
POLICIES_FROM_DAY = """
select distinct on (effective_from) version, effective_from, document from policy_version
where effective_from >= coalesce((select max(effective_from) from policy_version where effective_from <= $1), $1)
order by effective_from, version desc
"""

POLICY_LINES = """
select version, effective_from, revised_by, revised_at, document ->> 'text_reference' as text_reference
from policy_version order by version desc
"""


async def policy_at(conn: Conn, day: date) -> PolicyVersion | None:
    """The policy in force on a business day; None before the first one's day."""
    row = await conn.fetchrow(POLICY_OF_DAY, day)
    return _version(row) if row else None


async def latest(conn: Conn) -> PolicyVersion | None:
    """The newest version, also when its day is still to come."""
    row = await conn.fetchrow(LATEST_POLICY)
    return _version(row) if row else None


async def in_force_from(conn: Conn, day: date) -> list[PolicyVersion]:
    """The policy in force on a day, if any, and those planned for later, in the order of their days."""
    return [_version(row) for row in await conn.fetch(POLICIES_FROM_DAY, day)]


async def by_version(conn: Conn, version: int) -> asyncpg.Record | None:
    """A version with its author."""
    return await conn.fetchrow(POLICY_BY_VERSION, version)


async def lines(conn: Conn) -> list[asyncpg.Record]:
    """Every version without its document, the newest first; a policy is revised some dozens of times."""
    return await conn.fetch(POLICY_LINES)


async def lock(tx: Tx) -> None:
    """Let one revision at a time be decided."""
    await tx.execute(LOCK_POLICY)


async def add(tx: Tx, policy: PolicyVersion, *, revised_by: str) -> None:
    """Write a version."""
    document = policy.document.model_dump(mode="json")
    await tx.execute(ADD_POLICY, policy.version, policy.effective_from, revised_by, tx.now, document)


def _version(row: asyncpg.Record) -> PolicyVersion:
    return PolicyVersion(
        version=row["version"],
        effective_from=row["effective_from"],
        document=PolicyDocument.model_validate(row["document"]),
    )
