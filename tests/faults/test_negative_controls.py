"""The checker fails on what is broken on purpose, and passes on ours under the same treatment.

A checker that never failed proves nothing: each control is a relay or a reader as people often write them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from nats.js.api import AckPolicy, ConsumerConfig

from shared.bus import names, outbox
from shared.bus.consumer import Consumer, Received
from shared.bus.feed import Feed, Raw
from shared.bus.link import BusError, Link, Message, NotFoundError
from shared.bus.runner import Runner
from shared.db.pool import Database, Tx
from shared.events.envelope import decode, peek
from shared.testing.waiting import eventually
from tests.integration.bus.support import Bench, Seen, a_round, background, wrong

SITES = [uuid4() for _ in range(24)]
CLEAN = {"lost": 0, "twice": 0, "out_of_order": 0}


async def write_slowly(database: Database, *, each: int, writers: int = 8) -> None:
    """Concurrent writers whose transactions stay open for different times after their event was inserted."""

    async def one(nth: int) -> None:
        choose = random.Random(nth)
        for _ in range(each):
            async with database.begin() as tx:
                site = choose.choice(SITES)
                version: int = await tx.fetchval(
                    "insert into site_version (site, version) values ($1, 1) "
                    "on conflict (site) do update set version = site_version.version + 1 returning version",
                    site,
                )
                await tx.publish(a_round(site), version=version)
                await outbox.insert(tx.raw, tx.pending)
                tx.pending.clear()
                await asyncio.sleep(choose.uniform(0, 0.02))

    await asyncio.gather(*(one(nth) for nth in range(writers)))


async def committed(bench: Bench) -> dict[UUID, int]:
    async with bench.producer.read() as conn:
        return {
            row["site"]: row["version"] for row in await conn.fetch("select site, version from site_version")
        }


async def naive_relay(bench: Bench, link: Link) -> None:
    """`where id > last order by id`, numbered as it goes: rows of a slower transaction are skipped for ever."""
    await link.up.wait()
    last = pos = 0
    while True:
        async with bench.producer.pool.acquire() as connection:
            rows = await connection.fetch(
                "select id, subject, document from outbox where id > $1 order by id limit 500", last
            )
        for row in rows:
            last, pos = row["id"], pos + 1
            headers = {
                "Nats-Msg-Id": names.message_id("sanitation", "rounds", 1, pos),
                "Fk-Epoch": "1",
                "Fk-Pos": str(pos),
            }
            await link.publish(
                Message(subject=row["subject"], body=row["document"].encode(), headers=headers)
            )
        await asyncio.sleep(0.005)


async def quiet(bench: Bench, *, for_seconds: float = 2.0) -> Sequence[tuple[UUID, int]]:
    """Wait until nothing more is applied."""
    seen = await bench.seen()
    while True:
        await asyncio.sleep(for_seconds)
        again = await bench.seen()
        if len(again) == len(seen):
            return again
        seen = again


async def test_a_naive_relay_loses_events_of_slower_transactions(bench: Bench) -> None:
    link = bench.link("sanitation")
    link.start()
    try:
        async with background(naive_relay(bench, link)), bench.reading():
            # Whether a slower transaction is passed depends on how often the relay gets to look: until it was.
            for _ in range(10):
                await write_slowly(bench.producer, each=60)
                counts = wrong(await quiet(bench), await committed(bench))
                if counts["lost"]:
                    break
    finally:
        await link.stop()
    assert counts["lost"] > 0


async def test_our_relay_loses_nothing_of_slower_transactions(bench: Bench) -> None:
    async with bench.relaying(), bench.reading():
        await write_slowly(bench.producer, each=60)
        expected = await committed(bench)

        async def all_seen() -> bool:
            return len(await bench.seen()) >= sum(expected.values())

        await eventually(all_seen, within=20)
        assert wrong(await quiet(bench), expected) == CLEAN


class Crash(BaseException):
    """The process dies here."""


@asynccontextmanager
async def published(bench: Bench, *, each: int = 25) -> AsyncIterator[dict[UUID, int]]:
    """Events that are on the stream, with the relay still answering."""
    async with bench.relaying() as relay:
        await write_slowly(bench.producer, each=each)
        while await relay.step():
            pass
        yield await committed(bench)


async def careless_reader(bench: Bench, *, crashes: int, ack_first: bool) -> None:
    """Applies what it gets without keeping a position; dies between commit and acknowledgement, or the other way."""
    link = bench.link("reporting")
    link.start()
    await link.up.wait()
    js = link.js
    stream = names.stream("sanitation", "rounds")
    async with bench.administering() as admin:
        with suppress(NotFoundError):
            await admin.js.delete_consumer(stream, "reporting")
        await admin.js.add_consumer(
            stream, ConsumerConfig(durable_name="reporting", ack_policy=AckPolicy.EXPLICIT, ack_wait=0.5)
        )
    subscription = await js.pull_subscribe_bind(consumer="reporting", stream=stream)
    idle = 0
    while idle < 3:
        try:
            messages = await subscription.fetch(40, timeout=1)
        except TimeoutError:
            idle += 1
            continue
        idle, dies = 0, crashes > 0
        crashes -= 1
        if ack_first:
            for message in messages:
                await message.ack_sync()
            if dies:
                continue  # dead before the commit
        async with bench.consumer.begin() as tx:
            for message in messages:
                envelope = decode(peek(message.data)[2])
                await tx.execute(
                    "insert into seen (site, version) values ($1, $2)",
                    UUID(envelope.partition_key),
                    envelope.version,
                )
        if dies:
            continue  # dead before the acknowledgement
        if not ack_first:
            for message in messages:
                await message.ack()
    await link.stop()


async def test_a_reader_without_a_position_applies_twice(bench: Bench) -> None:
    async with published(bench) as expected:
        await careless_reader(bench, crashes=2, ack_first=False)
        assert wrong(await bench.seen(), expected)["twice"] > 0


async def test_a_reader_that_acknowledges_before_the_commit_loses(bench: Bench) -> None:
    async with published(bench) as expected:
        await careless_reader(bench, crashes=2, ack_first=True)
        assert wrong(await bench.seen(), expected)["lost"] > 0


class DiesBeforeCommit(Seen, name="busproof.seen", version=1, reads=Seen.reads):
    """Our projection in a process that dies after its statements, before the commit."""

    def __init__(self, crashes: int) -> None:
        self.crashes = crashes

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        await super().apply(tx, items)
        self.crashes -= 1
        if self.crashes >= 0:
            raise Crash


class DiesBeforeAcknowledging(Feed):
    """Our feed in a process that dies after the commit, before the acknowledgement."""

    crashes = 2

    async def acknowledge(self, done: Sequence[Raw]) -> None:  # type: ignore[override]
        DiesBeforeAcknowledging.crashes -= 1
        if DiesBeforeAcknowledging.crashes >= 0:
            raise Crash
        await super().acknowledge(done)


async def lives(bench: Bench, consumer: Consumer, dress: Callable[[Runner], None], expected: int) -> None:
    """Start our reader again after every death, until everything was applied."""
    for _ in range(4):
        link = bench.link("reporting")
        link.start()
        runner = Runner(bench.consumer, link, [consumer])
        dress(runner)

        async def enough() -> bool:
            return len(await bench.seen()) >= expected

        reading = asyncio.create_task(runner.channels[0].run())
        watching = asyncio.create_task(eventually(enough, within=60))
        await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
        for task in (reading, watching):
            task.cancel()
            with suppress(asyncio.CancelledError, Crash):
                await task
        with suppress(*BusError):
            await link.stop()


async def test_ours_applies_once_when_it_dies_before_the_commit(bench: Bench) -> None:
    async with published(bench) as expected:
        await lives(bench, DiesBeforeCommit(crashes=2), lambda _: None, sum(expected.values()))
        assert wrong(await quiet(bench, for_seconds=0.5), expected) == CLEAN


async def test_ours_applies_once_when_it_dies_before_the_acknowledgement(bench: Bench) -> None:
    def dress(runner: Runner) -> None:
        feed = runner.channels[0].feed
        assert isinstance(feed, Feed)
        runner.channels[0].feed = DiesBeforeAcknowledging(
            feed.link, producer=feed.producer, channel=feed.channel, durable=feed.durable
        )

    async with published(bench) as expected:
        await lives(bench, Seen(), dress, sum(expected.values()))
        assert wrong(await quiet(bench, for_seconds=0.5), expected) == CLEAN
