"""The keys that sign passes, sealed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

LOCK_KEYS = "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.pass_key', 0))"
SIGNING_KEY = "select key_id, key_ref, private_sealed from pass_key where retired_at is null"
ADD_KEY = """
insert into pass_key (key_id, key_ref, public_jwk, private_sealed, valid_from) values ($1, $2, $3, $4, $5)
"""


async def lock_keys(tx: Tx) -> None:
    """Let one process at a time make keys."""
    await tx.execute(LOCK_KEYS)


async def signing_key(conn: Conn) -> asyncpg.Record | None:
    """The key that signs now, sealed."""
    return await conn.fetchrow(SIGNING_KEY)


async def add_key(
    tx: Tx, *, key_id: str, key_ref: UUID, public_jwk: Mapping[str, Any], private_sealed: bytes
) -> None:
    """Write a new signing key."""
    await tx.execute(ADD_KEY, key_id, key_ref, dict(public_jwk), private_sealed, tx.now)
