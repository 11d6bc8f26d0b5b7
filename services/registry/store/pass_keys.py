"""The keys that sign passes, sealed; which key signed what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

LOCK_KEYS = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.pass_key', 0))"
# Whoever signs keeps keys from being replaced or retired until the end; signers do not wait for each other. A lock on
# the key's row would not do: whoever waited for it would find it replaced, and not see the new one.
SHARE_KEYS = "select pg_advisory_xact_lock_shared(hashtextextended('fangkong.registry.pass_key', 0))"
CURRENT_KEY = "select key_id, key_ref, private_sealed from pass_key where replaced_at is null"
BY_REQUEST = "select key_id from pass_key where request_id = $1"
ONE_KEY = "select key_id, key_ref, replaced_at, retired_at from pass_key where key_id = $1"
ALL_KEYS = """
select key_id, public_jwk, valid_from, replaced_at, retired_at from pass_key order by valid_from, key_id
"""
REPLACE_KEY = "update pass_key set replaced_at = $1 where replaced_at is null"
ADD_KEY = """
insert into pass_key (key_id, key_ref, public_jwk, private_sealed, valid_from, request_id)
values ($1, $2, $3, $4, $5, $6)
"""
RETIRE_KEY = "update pass_key set retired_at = $2 where key_id = $1"
REPLACED_KEYS = """
select key_id from pass_key where replaced_at is not null and retired_at is null order by valid_from
"""
STILL_SIGNED = """
select (select count(*) from entry_pass where key_id = $1 and state <> 'revoked' and valid_until > $2)
  + (select count(*) from vehicle_pass where key_id = $1 and state <> 'revoked' and valid_until > $2)
"""
SIGNED_BY = """
select pass_id from entry_pass where key_id = $1 and state <> 'revoked' and valid_until > $2 order by pass_id limit $3
"""
VEHICLES_SIGNED_BY = """
select vehicle_pass_id from vehicle_pass where key_id = $1 and state <> 'revoked' and valid_until > $2
order by vehicle_pass_id limit $3
"""
SIGN_AGAIN = "update entry_pass set key_id = $2, token_sealed = $3 where pass_id = $1"
SIGN_VEHICLE_AGAIN = "update vehicle_pass set key_id = $2, token_sealed = $3 where vehicle_pass_id = $1"

Signed = Literal["entry", "vehicle"]


async def lock_keys(tx: Tx) -> None:
    """Let one process at a time make and retire keys, once nobody is signing."""
    await tx.execute(LOCK_KEYS)


async def signing_key(tx: Tx) -> asyncpg.Record | None:
    """The key that signs now, sealed; it signs until the end."""
    await tx.execute(SHARE_KEYS)
    return await current_key(tx)


async def current_key(conn: Conn) -> asyncpg.Record | None:
    """The key that signs now, sealed."""
    return await conn.fetchrow(CURRENT_KEY)


async def key_of_request(conn: Conn, request_id: UUID) -> str | None:
    """The key that a rotation made."""
    found: str | None = await conn.fetchval(BY_REQUEST, request_id)
    return found


async def one(conn: Conn, key_id: str) -> asyncpg.Record | None:
    """A key without its secret part."""
    return await conn.fetchrow(ONE_KEY, key_id)


async def every(conn: Conn) -> Sequence[asyncpg.Record]:
    """All keys, public parts only."""
    return await conn.fetch(ALL_KEYS)


async def replace(tx: Tx) -> None:
    """Let the key that signs sign no more; it verifies until it is retired."""
    await tx.execute(REPLACE_KEY, tx.now)


async def add_key(
    tx: Tx,
    *,
    key_id: str,
    key_ref: UUID,
    public_jwk: Mapping[str, Any],
    private_sealed: bytes,
    request_id: UUID | None,
) -> None:
    """Write a new signing key."""
    await tx.execute(ADD_KEY, key_id, key_ref, dict(public_jwk), private_sealed, tx.now, request_id)


async def retire(tx: Tx, key_id: str) -> None:
    """Let a key verify no more."""
    await tx.execute(RETIRE_KEY, key_id, tx.now)


async def replaced(conn: Conn) -> list[str]:
    """Keys that sign no more and still verify."""
    return [row["key_id"] for row in await conn.fetch(REPLACED_KEYS)]


async def still_signed(conn: Conn, key_id: str, now: datetime) -> int:
    """How many passes whose time is not over a key signed."""
    found: int = await conn.fetchval(STILL_SIGNED, key_id, now)
    return found


async def signed_by(conn: Conn, key_id: str, kind: Signed, now: datetime, limit: int) -> list[UUID]:
    """Some of the passes that a key signed and whose time is not over."""
    statement = SIGNED_BY if kind == "entry" else VEHICLES_SIGNED_BY
    return [row[0] for row in await conn.fetch(statement, key_id, now, limit)]


async def sign_again(tx: Tx, pass_id: UUID, kind: Signed, key_id: str, token_sealed: bytes) -> None:
    """Give a pass the same claims under another key."""
    await tx.execute(SIGN_AGAIN if kind == "entry" else SIGN_VEHICLE_AGAIN, pass_id, key_id, token_sealed)
