"""Nothing lost, nothing twice, in order: the backbone on real servers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.bus.lag import progress, progress_seen
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, a_round, log_round, wrong

Act = Callable[[], Awaitable[None]]


async def write(bench: Bench, sites: int, each: int, *, writers: int = 8) -> dict[UUID, int]:
    """Concurrent commands; each writer goes over all sites."""
    names = [uuid4() for _ in range(sites)]

    async def one(nth: int) -> None:
        for turn in range(each * sites // writers):
            await log_round(bench.producer, names[(nth + turn) % sites])

    await asyncio.gather(*(one(nth) for nth in range(writers)))
    async with bench.producer.read() as conn:
        return {
            row["site"]: row["version"] for row in await conn.fetch("select site, version from site_version")
        }


async def settled(bench: Bench, committed: dict[UUID, int], within: float = 30) -> dict[str, int]:
    """Wait until as much was applied as was committed, then check."""
    total = sum(committed.values())

    async def enough() -> bool:
        return len(await bench.seen()) >= total

    await eventually(enough, within=within, what=f"{total} events applied")
    return wrong(await bench.seen(), committed)


async def test_events_of_concurrent_writers_arrive_once_and_in_order(bench: Bench) -> None:
    async with bench.relaying(), bench.reading():
        committed = await write(bench, sites=10, each=80)
        assert await settled(bench, committed) == {"lost": 0, "twice": 0, "out_of_order": 0}


async def test_a_deleted_stream_is_replayed_from_the_outbox(bench: Bench) -> None:
    async with bench.relaying(), bench.reading():
        first = await write(bench, sites=4, each=50)
        await settled(bench, first)
    async with bench.relaying() as relay:
        second = await write(bench, sites=4, each=50)

        async def published() -> bool:
            moved: int = await relay.step()
            return moved == 0

        await eventually(published)
    await bench.delete_stream()
    await bench.streams()
    async with bench.relaying(), bench.reading():
        assert await settled(bench, second, within=40) == {"lost": 0, "twice": 0, "out_of_order": 0}


async def test_progress_says_when_everyone_is_equal(bench: Bench) -> None:
    await write(bench, sites=2, each=8)
    urls = {"sanitation": bench.producer_urls.database, "reporting": bench.consumer_urls.database}
    async with bench.relaying(), bench.reading():

        async def equal() -> bool:
            now = await progress(urls)
            return bool(now.lags) and now.equal and now.committed == 16

        await eventually(equal)


class Interrupted:
    """A connection behind which something happens right after the first answer."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", act: Act) -> None:
        self.connection, self.acts = connection, [act]

    async def fetch(self, query: str) -> list[asyncpg.Record]:
        rows = await self.connection.fetch(query)
        while self.acts:
            await self.acts.pop()()
        return rows

    async def fetchval(self, query: str) -> Any:
        return await self.connection.fetchval(query)


async def test_progress_sees_what_was_published_for_an_event_that_was_applied_while_it_looked(
    bench: Bench,
) -> None:
    """A chain: who has applied an event told another one for it, which nobody has applied."""
    heads = "insert into outbox_channel (channel, max_pos) values ('rounds', $1) on conflict do nothing"
    at = "insert into bus_position (consumer, producer, channel, last_pos) values ($1, $2, 'rounds', $3)"
    await bench.producer.pool.execute(heads, 1)
    await bench.producer.pool.execute(at, "end", "reporting", 0)
    await bench.consumer.pool.execute(heads, 0)
    await bench.consumer.pool.execute(at, "middle", "sanitation", 0)

    async def react() -> None:
        async with bench.consumer.begin() as tx:
            await tx.execute("update bus_position set last_pos = 1 where last_pos = 0")
            await tx.publish(a_round(uuid4()), version=1)

    first = await asyncpg.connect(bench.producer_urls.database)
    middle = await asyncpg.connect(bench.consumer_urls.database)
    try:
        looking: Any = {"sanitation": first, "reporting": Interrupted(middle, react)}
        assert not (await progress_seen(looking)).equal
        assert (await progress_seen({"sanitation": first, "reporting": middle})).behind == 1
        await first.execute("update bus_position set last_pos = 1")
        assert (await progress_seen({"sanitation": first, "reporting": middle})).equal
    finally:
        await first.close()
        await middle.close()


@pytest.mark.parametrize("published_already", [1, 7])
async def test_a_batch_that_is_partly_stored_is_published_one_by_one(
    bench: Bench, published_already: int
) -> None:
    committed = await write(bench, sites=1, each=16)
    async with bench.relaying(), bench.reading():
        await settled(bench, committed)
    async with bench.producer.begin() as tx:  # as after a crash between publishing and marking
        await tx.execute("update outbox_channel set published_pos = 16 - $1::int", published_already)
    more = await write(bench, sites=1, each=8)
    async with bench.relaying(), bench.reading():
        assert await settled(bench, more) == {"lost": 0, "twice": 0, "out_of_order": 0}
