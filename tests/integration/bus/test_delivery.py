"""Nothing lost, nothing twice, in order: the backbone on real servers."""

import asyncio
from uuid import UUID, uuid4

import pytest

from shared.bus.lag import progress
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, log_round, wrong


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
