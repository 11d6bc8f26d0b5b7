"""A connection comes back to the pool as it was lent, though nobody asks the server to reset it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from shared.db.pool import Database
from shared.kernel.clock import SystemClock
from shared.testing.databases import Urls
from shared.testing.waiting import eventually

# What may outlive a transaction in a session. The codecs' look-ups are asyncpg's own and change nothing.
SESSION = """
select (select array_agg(name || '=' || setting order by name) from pg_settings where source = 'session') as settings,
  (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
  (select count(*) from pg_listening_channels()) as channels,
  (select count(*) from pg_cursors) - 1 as cursors,
  pg_my_temp_schema() as temporary
"""
OTHER = "select $1::int / $2::int"


@pytest.fixture
async def database(database_url: Callable[[str], Awaitable[Urls]]) -> AsyncIterator[Database]:
    """One connection only, so that everybody gets the one before."""
    urls = await database_url("gate")
    opened = await Database.open(urls.database, service="gate", clock=SystemClock(), size=1)
    yield opened
    await opened.close()


async def session(database: Database) -> tuple[Any, ...]:
    """What the next user of the connection finds."""
    async with database.pool.acquire() as raw:
        assert not raw.is_in_transaction()
        found: Any = await raw.fetchrow(SESSION)
    return tuple(found)


async def _works(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute("select pg_advisory_xact_lock(1)")
        await tx.execute("set local lock_timeout = '1s'")
        with suppress(ZeroDivisionError):
            async with tx.savepoint():
                raise ZeroDivisionError


async def _raises(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute("select pg_advisory_xact_lock(2)")
        raise LookupError


async def _breaks_a_statement(database: Database) -> None:
    async with database.begin() as tx:
        await tx.fetchval(OTHER, 1, 0)


async def _reads(database: Database) -> None:
    async with database.read() as conn:
        await conn.fetchval(OTHER, 1, 1)


async def _is_cancelled(database: Database) -> None:
    async def sleeps() -> None:
        async with database.begin() as tx:
            await tx.execute("select pg_advisory_xact_lock(3), pg_sleep(60)")

    sleeping = asyncio.create_task(sleeps())

    async def lent() -> bool:
        return database.pool.get_idle_size() < database.pool.get_size()

    await eventually(lent, within=10, what="the transaction has begun")
    sleeping.cancel()
    await sleeping


async def test_nothing_that_a_transaction_did_is_left_for_the_next_one(database: Database) -> None:
    before = await session(database)
    for use in (_works, _raises, _breaks_a_statement, _reads, _is_cancelled, _reads):
        with suppress(LookupError, asyncpg.DataError, asyncio.CancelledError):
            await use(database)
        assert await session(database) == before, use.__name__


async def test_the_look_at_a_session_would_see_what_is_left(database: Database) -> None:
    """Nothing is reset after a transaction that ended in order; after a look, which is none, everything is."""
    before = await session(database)
    for leaves in ("select pg_advisory_lock(4)", "set work_mem = '5MB'", "listen somebody"):
        async with database.begin() as tx:
            await tx.execute(leaves)
        assert await session(database) != before, leaves
        assert await session(database) == before, leaves
    async with database.begin() as tx:
        await tx.execute("create temp table t ()")
    assert await session(database) != before


async def test_a_statement_that_was_prepared_and_never_run_stands_in_nobodys_way(database: Database) -> None:
    """As when its caller went away in between: the driver knows of no transaction, and the server has begun one."""
    async with database.pool.acquire() as raw:
        await raw.prepare("select count(*) from outbox")
        before = raw.get_server_pid()
    async with database.read() as conn:
        assert await conn.fetchval("select current_setting('transaction_isolation')") == "repeatable read"
        assert await conn.fetchval("select pg_backend_pid()") == before, "it is the same connection"
