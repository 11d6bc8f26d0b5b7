"""The key store: wrapped data keys in a small database with a backup of its own (architecture §8).

Only wrapped keys and random person refs are here. An erased person leaves a tombstone, so that no process
makes a new key for an old ref; tombstones of a key store restored from a backup are re-applied before it
opens.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID

import asyncpg

from shared.kernel.masters import WrappedKey

MIGRATIONS = Path(__file__).parent / "keystore_migrations"

_FETCH = """
select ref, master_kid, wrapped from person_key
where ref = any($1::uuid[]) and destroyed_at is null
"""

# Callers hand refs over sorted: two imports that meet then wait for each other instead of deadlocking.
_ADD = """
insert into person_key (ref, master_kid, wrapped, created_at)
select ref, master_kid, wrapped, $4::timestamptz
from unnest($1::uuid[], $2::text[], $3::bytea[]) as fresh (ref, master_kid, wrapped)
where not exists (select from closed)
on conflict (ref) do nothing
"""

_DESTROY = """
insert into person_key (ref, created_at, destroyed_at) values ($1, $2, $2)
on conflict (ref) do update set master_kid = null, wrapped = null, destroyed_at = $2
where person_key.destroyed_at is null
"""

_DESTROY_MANY = """
insert into person_key (ref, created_at, destroyed_at) select ref, $2, $2 from unnest($1::uuid[]) as gone (ref)
order by ref
on conflict (ref) do update set master_kid = null, wrapped = null, destroyed_at = $2
where person_key.destroyed_at is null
"""

_CLOSE = "insert into closed (closing_id, approved_at) values ($1, $2) on conflict do nothing"

_CLOSED = "select closing_id, approved_at from closed"

_LIVING = """
select ref from person_key where destroyed_at is null and ref <> all($1::uuid[]) order by ref limit $2
"""

_LIVE = "select count(*) from person_key where destroyed_at is null"

_WRAPPED_OTHERWISE = """
select ref, master_kid, wrapped from person_key
where master_kid <> $1 and destroyed_at is null order by ref limit $2
"""

_REWRAP = """
update person_key set master_kid = fresh.master_kid, wrapped = fresh.wrapped
from unnest($1::uuid[], $2::text[], $3::bytea[]) as fresh (ref, master_kid, wrapped)
where person_key.ref = fresh.ref and person_key.destroyed_at is null
"""

_ERASED = "select ref from person_key where destroyed_at is not null order by ref"


class PostgresKeyStore:
    """Implements `shared.kernel.sealed.KeyStore` on PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, service: str, connections: int = 4) -> Self:
        """Connect to the service's key store database.

        Raises:
            OSError, asyncpg.PostgresError: it cannot be reached.
        """
        return cls(
            await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections,
                command_timeout=30,
                server_settings={"application_name": f"{service} keys"},
            )
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def fetch(self, refs: Sequence[UUID]) -> list[WrappedKey]:
        """Tell the living keys among these people's."""
        return [_key(row) for row in await self._pool.fetch(_FETCH, refs)]

    async def add(self, keys: Sequence[WrappedKey], at: datetime) -> None:
        """Keep new keys; whoever has one, or a tombstone, keeps that."""
        await self._pool.execute(_ADD, *_columns(keys), at)

    async def destroy(self, ref: UUID, at: datetime) -> None:
        """Replace the key by a tombstone, for good; a second time changes nothing."""
        await self._pool.execute(_DESTROY, ref, at)

    async def destroy_many(self, refs: Sequence[UUID], at: datetime) -> None:
        """Replace many keys by tombstones."""
        await self._pool.execute(_DESTROY_MANY, list(refs), at)

    async def close_down(self, closing_id: UUID, approved_at: datetime) -> None:
        """Make no key any more, whoever asks; a second time changes nothing."""
        await self._pool.execute(_CLOSE, closing_id, approved_at)

    async def closed(self) -> tuple[UUID, datetime] | None:
        """By which closing it makes no keys any more, and when that was approved; None while it does."""
        row = await self._pool.fetchrow(_CLOSED)
        return None if row is None else (row["closing_id"], row["approved_at"])

    async def living(self, *, but: Collection[UUID] = (), limit: int) -> list[UUID]:
        """Tell some of those who have a key."""
        return [row["ref"] for row in await self._pool.fetch(_LIVING, list(but), limit)]

    async def live(self) -> int:
        """How many keys there are."""
        return int(await self._pool.fetchval(_LIVE))

    async def wrapped_otherwise(self, master_kid: str, limit: int) -> list[WrappedKey]:
        """Tell keys that are wrapped by another master key."""
        return [_key(row) for row in await self._pool.fetch(_WRAPPED_OTHERWISE, master_kid, limit)]

    async def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace the wrapping of living keys."""
        await self._pool.execute(_REWRAP, *_columns(keys))

    async def erased(self) -> list[UUID]:
        """Tell who was erased: what is re-applied to a key store restored from a backup."""
        return [row["ref"] for row in await self._pool.fetch(_ERASED)]


def _key(row: asyncpg.Record) -> WrappedKey:
    return WrappedKey(ref=row["ref"], master_kid=row["master_kid"], wrapped=row["wrapped"])


def _columns(keys: Sequence[WrappedKey]) -> tuple[list[UUID], list[str], list[bytes]]:
    return [key.ref for key in keys], [key.master_kid for key in keys], [key.wrapped for key in keys]
