"""A connection that is given back serves whoever comes next, however it was left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from shared.db.pool import Database
from shared.kernel.clock import SystemClock
from shared.testing.databases import Databases

ISOLATION = "select current_setting('transaction_isolation')"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    """One connection only, so that the next one is the same."""
    urls = await databases.fresh("sanitation")
    one = await Database.open(urls.database, service="sanitation", clock=SystemClock(), size=1)
    try:
        yield one
    finally:
        await one.close()


async def test_a_statement_that_was_prepared_and_never_run_stands_in_nobodys_way(database: Database) -> None:
    """As when its caller went away in between: the driver knows of no transaction, and the server has begun one."""
    async with database.pool.acquire() as raw:
        await raw.prepare("select count(*) from outbox")
        before = raw.get_server_pid()
    async with database.read() as conn:
        assert await conn.fetchval(ISOLATION) == "repeatable read"
        assert await conn.fetchval("select pg_backend_pid()") == before, "it is the same connection"


@pytest.mark.parametrize("statement", ["select pg_sleep(30)", "select 1 / 0", "select count(*) from outbox"])
async def test_a_caller_that_goes_away_or_fails_leaves_a_connection_that_serves(
    database: Database, statement: str
) -> None:
    async def ask() -> None:
        async with database.begin() as tx:
            await tx.fetchval(statement)
            raise ConnectionResetError

    asking = asyncio.create_task(ask())
    await asyncio.wait({asking}, timeout=0.2)
    asking.cancel()
    with suppress(BaseException):
        await asking
    async with database.read() as conn:
        assert await conn.fetchval(ISOLATION) == "repeatable read"


async def test_a_transaction_that_ended_in_order_costs_no_reset(database: Database) -> None:
    """What is set for a session shows it: only a reset takes it back."""
    async with database.begin() as tx:
        await tx.execute("set application_name = 'kept'")
    async with database.begin() as tx:
        assert await tx.fetchval("show application_name") == "kept"
    with suppress(ConnectionResetError):
        async with database.begin() as tx:
            raise ConnectionResetError
    async with database.begin() as tx:
        assert await tx.fetchval("show application_name") == "fangkong-sanitation"
