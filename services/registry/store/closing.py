"""The end of the measures: what was asked, answered and proved."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.registry.domain.closing import Told
from shared.db.pool import Conn, Tx
from shared.events.closing import ClosingAnswer

_COLUMNS = """
select closing_id, begun_by, begun_at, asked_at, approved_at, dropped_at, dropped, certificate, certified_at,
  last_key_destroyed_at
from closing
"""
ADD = "insert into closing (closing_id, begun_by, begun_at) values ($1, $2, $3) on conflict do nothing"
ONE_LOCKED = "select closing_id from closing where closing_id = $1 for update"
ONE = f"""{_COLUMNS} where closing_id = $1"""
# The one that is open or done, else the one that was begun last.
LATEST = f"""{_COLUMNS} order by dropped_at is null desc, nth desc limit 1"""
ASK = "update closing set asked_at = $2 where closing_id = $1"
APPROVE = "update closing set approved_at = $2 where closing_id = $1"
DROP = "update closing set dropped_at = $2, dropped = $3 where closing_id = $1 and dropped_at is null"
CERTIFY = "update closing set certificate = $2, certified_at = $3 where closing_id = $1"
LAST_KEY = "update closing set last_key_destroyed_at = $2 where closing_id = $1"
# A service that was restored answers again; what was signed stays as it was.
HEAR = """
insert into closing_answer (closing_id, service, stage, found, keys_left, told_at)
select $1, $2, $3, $4, $5, $6 where exists (select from closing c where c.closing_id = $1 and c.certified_at is null)
on conflict (closing_id, service, stage)
do update set found = excluded.found, keys_left = excluded.keys_left, told_at = excluded.told_at
"""
ANSWERS = """
select service, found, keys_left, told_at from closing_answer where closing_id = $1 and stage = $2 order by service
"""
REQUEST = """
select asked_by, asked_at, outcome, decided_by, decided_at from second_person where request_id = $1
"""
ROLES = """
select distinct on (action) action, role from audit_read
where scope = $1 and action in ('closing.asked', 'closing.approved') order by action, id desc
"""


async def add(tx: Tx, closing_id: UUID) -> bool:
    """Begin one; False where it, or another one that is open, is there."""
    return await tx.execute(ADD, closing_id, tx.actor or "registry", tx.now) == "INSERT 0 1"


async def one(tx: Tx, closing_id: UUID) -> asyncpg.Record | None:
    """A closing, held until the end."""
    await tx.fetchval(ONE_LOCKED, closing_id)
    return await tx.fetchrow(ONE, closing_id)


async def latest(conn: Conn) -> asyncpg.Record | None:
    """The closing that matters now."""
    return await conn.fetchrow(LATEST)


async def answers(conn: Conn, closing_id: UUID, stage: str) -> dict[str, Told]:
    """What the services told, by service."""
    return {
        row["service"]: Told(found=row["found"], keys_left=row["keys_left"], at=row["told_at"])
        for row in await conn.fetch(ANSWERS, closing_id, stage)
    }


async def hear(tx: Tx, service: str, told: ClosingAnswer) -> None:
    """Keep a service's answer; of one stage the last."""
    await tx.execute(HEAR, told.closing_id, service, told.stage, told.found, told.keys_left, told.told_at)


async def request(conn: Conn, closing_id: UUID) -> asyncpg.Record | None:
    """Who asked, and what was decided."""
    return await conn.fetchrow(REQUEST, closing_id)


async def roles(conn: Conn, closing_id: UUID) -> dict[str, str]:
    """In what roles it was asked for and approved, as the log of reads says, by act."""
    return {row["action"]: row["role"] for row in await conn.fetch(ROLES, f"request:{closing_id}")}


async def ask(tx: Tx, closing_id: UUID) -> None:
    """It waits for a second person."""
    await tx.execute(ASK, closing_id, tx.now)


async def approve(tx: Tx, closing_id: UUID) -> None:
    """A second person let it happen."""
    await tx.execute(APPROVE, closing_id, tx.now)


async def drop(tx: Tx, closing_id: UUID, why: str) -> None:
    """It does not happen."""
    await tx.execute(DROP, closing_id, tx.now, why)


async def certify(tx: Tx, closing_id: UUID, certificate: str) -> None:
    """Keep what proves it."""
    await tx.execute(CERTIFY, closing_id, certificate, tx.now)


async def last_key_destroyed(tx: Tx, closing_id: UUID, at: datetime) -> None:
    """The key that signed it is gone as well."""
    await tx.execute(LAST_KEY, closing_id, at)
