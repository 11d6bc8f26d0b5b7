"""A small producer and a small consumer on real servers, for tests of the runtime itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

from deploy.local.nats import NatsServer
from deploy.nats.streams import ensure
from shared.bus.link import Link
from shared.bus.projection import EventBatch, Projection
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.migrations import BASE, Source
from shared.db.pool import Database, Tx
from shared.events.sanitation import RoundLogged
from shared.kernel.clock import SystemClock
from shared.kernel.ids import CompoundId
from shared.kernel.tasks import stop
from shared.testing.databases import Databases, Urls

SOURCES = [BASE, Source(name="busproof", directory=Path(__file__).parent / "migrations")]
CHANNEL = ("sanitation", "rounds")


def a_round(site: UUID, compound: str = "lj-001") -> RoundLogged:
    """Any event with an aggregate."""
    return RoundLogged(
        round_id=uuid4(),
        site_id=site,
        compound=CompoundId(compound),
        kind="lift",
        agent="chlorine",
        concentration_mg_l=500,
        within_range=True,
        counts=True,
        done_at=datetime(2020, 2, 24, 1, 0, tzinfo=UTC),
        source="code",
    )


async def log_round(database: Database, site: UUID) -> int:
    """One command: lock the aggregate, raise its version, publish; returns the version."""
    async with database.begin() as tx:
        version: int = await tx.fetchval(
            "insert into site_version (site, version) values ($1, 1) "
            "on conflict (site) do update set version = site_version.version + 1 returning version",
            site,
        )
        await tx.publish(a_round(site), version=version)
    return version


class Seen(Projection, name="busproof.seen", version=1, reads=(RoundLogged,)):
    """Notes every event it applies; nothing but the position keeps repeats out."""

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        rows = batch.envelopes(RoundLogged)
        await tx.executemany(
            "insert into seen (site, version) values ($1, $2)",
            [(UUID(row.partition_key), row.version) for row in rows],
        )


@dataclass
class Bench:
    """Two services' databases and one bus."""

    server: NatsServer
    producer: Database
    consumer: Database
    producer_urls: Urls
    consumer_urls: Urls

    def link(self, user: str) -> Link:
        """A connection of one service."""
        return Link(self.server.url, name=user, credentials=self.server.credentials(user))

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        """A relay of the producer, while the block runs."""
        link = self.link("sanitation")
        link.start()
        relay = Relay(self.producer, link, channels=["rounds"])
        try:
            async with background(relay.run()):
                yield relay
        finally:
            await link.stop()

    @asynccontextmanager
    async def reading(self, *consumers: Projection) -> AsyncIterator[Runner]:
        """The consumer's runner, while the block runs."""
        link = self.link("reporting")
        link.start()
        runner = Runner(self.consumer, link, consumers or (Seen(),))
        try:
            async with background(runner.run()):
                yield runner
        finally:
            await link.stop()

    async def committed(self) -> dict[UUID, int]:
        """The newest version of each aggregate."""
        async with self.producer.read() as conn:
            rows = await conn.fetch("select site, version from site_version")
        return {row["site"]: row["version"] for row in rows}

    async def seen(self) -> list[tuple[UUID, int]]:
        """What was applied, in the order of application."""
        async with self.consumer.read() as conn:
            return [
                (row["site"], row["version"])
                for row in await conn.fetch("select site, version from seen order by n")
            ]

    @asynccontextmanager
    async def administering(self) -> AsyncIterator[Link]:
        """A connection that may change streams."""
        link = Link(self.server.url, name="admin", credentials=self.server.admin)
        link.start()
        try:
            await asyncio.wait_for(link.up.wait(), 10)
            yield link
        finally:
            await link.stop()

    async def streams(self) -> list[str]:
        """Make the streams that are missing."""
        async with self.administering() as link:
            return await ensure(link.js)

    async def delete_stream(self) -> None:
        """Somebody deletes the stream."""
        async with self.administering() as link:
            await link.js.delete_stream("fk_sanitation_rounds")


@asynccontextmanager
async def background(work: Coroutine[object, object, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run something beside the block; its failure is the block's failure."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        failed = task.done() and not task.cancelled() and task.exception()
        await stop(task)
        if failed:
            raise failed


def wrong(seen: Sequence[tuple[UUID, int]], committed: dict[UUID, int]) -> dict[str, int]:
    """What a checker counts: events lost, applied twice, out of order within their aggregate."""
    counts = {"lost": 0, "twice": 0, "out_of_order": 0}
    by_site: dict[UUID, list[int]] = {site: [] for site in committed}
    for site, version in seen:
        by_site.setdefault(site, []).append(version)
    for site, versions in by_site.items():
        distinct = set(versions)
        counts["lost"] += len(set(range(1, committed.get(site, 0) + 1)) - distinct)
        counts["twice"] += len(versions) - len(distinct)
        counts["out_of_order"] += sum(1 for a, b in pairwise(versions) if b < a)
    return counts


async def make_bench(databases: Databases, server: NatsServer) -> Bench:
    """Fresh databases on the session's servers."""
    producer_urls = await databases.bare("busproof", SOURCES)
    consumer_urls = await databases.bare("busproof", SOURCES)
    clock = SystemClock()
    bench = Bench(
        server=server,
        producer=await Database.open(producer_urls.database, service="sanitation", clock=clock),
        consumer=await Database.open(consumer_urls.database, service="reporting", clock=clock),
        producer_urls=producer_urls,
        consumer_urls=consumer_urls,
    )
    await bench.streams()
    return bench
