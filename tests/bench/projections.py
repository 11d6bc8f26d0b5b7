"""Read models: how fast they are fed, built again, and how late an event is on the board.

`python -m tests.bench.projections [feed|rebuild|lag|all] [--events N]` on servers that sync every write:

* feed: all read models from one fetch, against a bare fetch loop over the same streams that looks at nothing, and
  against FastStream's batch subscriber with the same folds and one transaction a batch. Limits: 0.3 of the bare loop
  (aim 0.6), and ahead of FastStream. Needs the test tools.
* rebuild: everything built again from the outboxes, against COPY of the same documents into a table.
* lag: 300 events a second, each committed by itself at the gate; from the beginning of its commit until the board's
  statement counts it, beside the commit's own time. Limit: p99 of 2 s.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.nats.streams import ensure, ensure_reader
from services.reporting.projections import all_projections
from services.reporting.rebuild import Rebuild, begin, schema_of
from services.reporting.store import entry_flow
from shared.bus import names
from shared.bus.consumer import Seat, take_together, understand
from shared.bus.feed import FETCH, Position, Raw
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.pool import Database
from shared.events import catalogue
from shared.kernel.clock import SystemClock
from shared.kernel.days import local_day
from shared.kernel.tasks import stop
from shared.obs import logging
from shared.testing.databases import Databases
from tests.bench.figures import Line, beside, quantile, show, write
from tests.integration.reporting.mixed import mixed_town
from tests.integration.reporting.outboxes import Outboxes, link_of
from tests.integration.reporting.world import COMPOUNDS, Channel, Log, check

PRODUCERS = ("registry", "gate", "observation", "sanitation")
RATE = 300
LAG_LIMIT = 2.0
DISTINCT = 40_000
_UUID = re.compile(r'"([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"')


@dataclass
class Bench:
    """Real servers, the producers' outboxes and relays."""

    postgres: Postgres
    nats: NatsServer
    databases: Databases
    outboxes: Outboxes

    async def reporting(self) -> Database:
        """An empty database of headquarters."""
        urls = await self.databases.fresh("reporting")
        return await Database.open(urls.database, service="reporting", clock=SystemClock())

    def admin(self) -> Link:
        """A connection that may make consumers of any name."""
        return Link(self.nats.url, name="bench", credentials=self.nats.admin)


@asynccontextmanager
async def servers() -> AsyncIterator[Bench]:
    """Both servers, and four producers whose relays publish and answer."""
    logging.configure("bench", "critical")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(Postgres(folder / "pg"))
        stack.callback(postgres.remove)
        nats = stack.enter_context(NatsServer(folder / "nats"))
        databases = Databases(postgres.superuser_url())
        producers = {}
        for service in PRODUCERS:
            urls = await databases.fresh(service)
            database = await Database.open(urls.database, service=service, clock=SystemClock(), size=4)
            stack.push_async_callback(database.close)
            producers[service] = database
        bench = Bench(postgres, nats, databases, Outboxes(producers))
        admin = bench.admin()
        admin.start()
        await admin.up.wait()
        await ensure(admin.js)
        await admin.stop()
        yield bench


@asynccontextmanager
async def relays(bench: Bench) -> AsyncIterator[None]:
    """The producers' relays, while the block runs."""
    async with AsyncExitStack() as stack:
        for service, database in bench.outboxes.producers.items():
            link = link_of(bench.nats, service)
            link.start()
            stack.push_async_callback(link.stop)
            relay = Relay(database, link, channels=catalogue.channels_of(service))
            stack.push_async_callback(stop, asyncio.create_task(relay.run()))
        yield


def copies(log: Log, events: int) -> Iterator[dict[Channel, list[str]]]:
    """The log again and again under other ids, until there are so many events."""
    told, nth = 0, 0
    while told < events:
        mark = f"{nth:08x}"
        found: dict[Channel, list[str]] = {}
        for channel, documents in log.channels.items():
            found[channel] = [_UUID.sub(rf'"{mark}\2"', document) for document in documents]
            told += len(documents)
        yield found
        nth += 1


async def fill(bench: Bench, events: int, *, published: bool) -> dict[Channel, int]:
    """So many mixed events in the outboxes; returns how many each channel has."""
    log = mixed_town(Random(1), min(events, DISTINCT))
    counts: defaultdict[Channel, int] = defaultdict(int)
    for batch in copies(log, events):
        for channel, documents in batch.items():
            first = counts[channel] + 1
            await bench.outboxes.put_rows(channel, documents, first)
            counts[channel] += len(documents)
    for channel, count in counts.items():
        await bench.outboxes.set_head(channel, count, count if published else 0)
    return dict(counts)


async def bare(bench: Bench, counts: dict[Channel, int]) -> float:
    """Events a second of who only fetches and acknowledges."""
    link = bench.admin()
    link.start()
    await link.up.wait()

    async def one(channel: Channel, count: int) -> None:
        await ensure_reader(link.js, names.stream(*channel), "bare")
        subscription = await link.pull(names.stream(*channel), "bare")
        seen = 0
        while seen < count:
            messages = await subscription.fetch(FETCH, timeout=5)
            seen += len(messages)
            await messages[-1].ack()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for channel, count in counts.items():
            group.create_task(one(channel, count))
    seconds = time.perf_counter() - began
    await link.stop()
    return sum(counts.values()) / seconds


def seats_of(channel: Channel) -> list[Seat]:
    """All read models of a channel."""
    return [
        Seat(consumer=one, producer=channel[0], channel=channel[1])
        for one in all_projections()
        if channel in one.channels()
    ]


async def until_equal(database: Database, counts: dict[Channel, int]) -> None:
    """Wait until every read model has come to the end of every channel."""
    wanted = {
        (seat.consumer.name, *channel): n for channel, n in counts.items() for seat in seats_of(channel)
    }
    while True:
        rows = await database.pool.fetch("select consumer, producer, channel, last_pos from bus_position")
        at = {(row["consumer"], row["producer"], row["channel"]): row["last_pos"] for row in rows}
        if all(at.get(key) == n for key, n in wanted.items()):
            return
        await asyncio.sleep(0.02)


async def ours(bench: Bench, counts: dict[Channel, int]) -> float:
    """Events a second of the runner with all read models."""
    database = await bench.reporting()
    link = link_of(bench.nats, "reporting")
    link.start()
    await link.up.wait()
    runner = Runner(database, link, all_projections())
    began = time.perf_counter()
    running = asyncio.create_task(runner.run())
    await until_equal(database, counts)
    seconds = time.perf_counter() - began
    await stop(running)
    await link.stop()
    await database.close()
    return sum(counts.values()) / seconds


async def rival(bench: Bench, counts: dict[Channel, int]) -> float:
    """Events a second of FastStream's batch subscribers with the same folds: one a channel, one transaction a batch."""
    from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub  # noqa: PLC0415 -- a test tool
    from nats.js.api import AckPolicy, ConsumerConfig  # noqa: PLC0415

    database = await bench.reporting()
    who = bench.nats.admin
    broker = NatsBroker(
        bench.nats.url, nkeys_seed_str=who.seed, inbox_prefix=f"_INBOX_{who.user}", logger=None
    )
    config = ConsumerConfig(ack_policy=AckPolicy.ALL, max_ack_pending=20_000)

    def subscribe(channel: Channel, positions: dict[Seat, Position]) -> None:
        seats = list(positions)
        wanted = frozenset[str]().union(*(seat.consumer.wanted for seat in seats))
        stream = JStream(names.stream(*channel), declare=False)

        @broker.subscriber(
            names.stream_subjects(*channel),
            stream=stream,
            durable="faststream",
            config=config,
            inbox_prefix=f"_INBOX_{who.user}.".encode(),  # of what is pulled; the broker's own is another
            pull_sub=PullSub(batch_size=FETCH, timeout=0.5, batch=True),
        )
        async def handle(message: NatsMessage) -> None:
            batch: Any = message.raw_message
            raws = [
                Raw(epoch=1, pos=int(one.headers["Fk-Pos"]), document=one.data, traceparent=None)
                for one in batch
            ]
            items = [
                item
                for raw in raws
                if (item := understand(raw, producer=channel[0], channel=channel[1], wanted=wanted))
            ]
            positions.update(await take_together(database, seats, positions[seats[0]], raws[-1].at, items))

    for channel in counts:
        subscribe(channel, {seat: await seat.position(database) for seat in seats_of(channel)})
    began = time.perf_counter()
    await broker.start()
    await until_equal(database, counts)
    seconds = time.perf_counter() - began
    await broker.stop()
    await database.close()
    return sum(counts.values()) / seconds


async def feed(events: int) -> list[Line]:
    """Compare the three over the same streams."""
    async with servers() as bench:
        counts = await fill(bench, events, published=False)
        async with relays(bench):
            while not await bench.outboxes.all_published():
                await asyncio.sleep(0.1)
            fetched = await bare(bench, counts)
            mine = await ours(bench, counts)
            theirs = await rival(bench, counts)
    return [
        _rate("feed", "all read models / bare fetch loop", mine, fetched, wanted=0.3),
        _rate("feed", "all read models / FastStream batches", mine, theirs, wanted=1.0),
    ]


def _rate(part: str, what: str, mine: float, theirs: float, *, wanted: float | None) -> Line:
    ratio = mine / theirs
    return Line(part=part, what=what, unit="events/s", ours=mine, other=theirs, ratio=ratio, wanted=wanted)


async def again(events: int) -> list[Line]:
    """Build everything again, beside COPY of the same documents."""
    told, seconds, copied = await rebuilt(events)
    return [_rate("rebuild", "all read models / COPY", told / seconds, told / copied, wanted=None)]


async def rebuilt(events: int) -> tuple[int, float, float]:
    """How many events there were, and the seconds of building everything again and of COPY."""
    async with servers() as bench:
        counts = await fill(bench, events, published=True)
        told = sum(counts.values())
        database = await bench.reporting()
        copied = await copy_of(bench)
        async with relays(bench):
            link = link_of(bench.nats, "reporting")
            link.start()
            await link.up.wait()
            async with database.begin() as tx:
                for channel, count in counts.items():
                    for seat in seats_of(channel):
                        await tx.execute(
                            "insert into bus_position (consumer, producer, channel, last_pos) values ($1, $2, $3, $4)",
                            *(*seat.key, count),
                        )
            await begin(database, "all", all_projections(), fresh=True)
            shadow = await Database.open(
                database.url, service="reporting", clock=SystemClock(), schema=schema_of("all")
            )
            work = Rebuild(
                live=database, shadow=shadow, link=link, projections=all_projections(), told=lambda *_: None
            )
            began = time.perf_counter()
            await work.feed()
            seconds = time.perf_counter() - began
            await shadow.close()
            await link.stop()
        await database.close()
    return told, seconds, copied


async def copy_of(bench: Bench) -> float:
    """Seconds that COPY takes for the documents of all outboxes, into a table with a primary key."""
    owner = await asyncpg.connect(bench.postgres.superuser_url())
    await owner.execute(
        "create table copied (producer text, id bigint, document text, primary key (producer, id))"
    )
    seconds = 0.0
    for service, producer in bench.outboxes.producers.items():
        rows = await producer.pool.fetch("select id, document from outbox")
        records = [(service, row["id"], row["document"]) for row in rows]
        began = time.perf_counter()
        await owner.copy_records_to_table("copied", records=records)
        seconds += time.perf_counter() - began
    await owner.execute("drop table copied")
    await owner.close()
    return seconds


async def lag(seconds: int = 20) -> list[Line]:
    """Commit events at a steady rate, and see when the board counts each."""
    async with servers() as bench, relays(bench):
        database = await bench.reporting()
        link = link_of(bench.nats, "reporting")
        link.start()
        await link.up.wait()
        running = asyncio.create_task(Runner(database, link, all_projections()).run())
        gate = bench.outboxes.producers["gate"]
        today = local_day(gate.clock.now())
        begun: list[float] = []
        commits: list[float] = []
        seen: list[float] = []
        total = RATE * seconds
        watching = asyncio.create_task(watch(database, today, total, seen))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for nth in range(total):
                await asyncio.sleep(max(0.0, began + nth / RATE - time.perf_counter()))
                group.create_task(commit(gate, COMPOUNDS[nth % 5], begun, commits))
        async with asyncio.timeout(60):
            await watching
        await stop(running)
        await link.stop()
        await database.close()
    late = [after - before for before, after in zip(sorted(begun), seen, strict=True)]
    return [
        beside("lag", f"commit to board, p99 at {RATE} events/s", "s", quantile(late, 0.99), LAG_LIMIT),
        Line(
            part="lag",
            what="commit to board / the commit itself, p99",
            unit="s",
            ours=quantile(late, 0.99),
            other=quantile(commits, 0.99),
            ratio=quantile(late, 0.99) / quantile(commits, 0.99),
        ),
    ]


async def commit(gate: Database, compound: Any, begun: list[float], commits: list[float]) -> None:
    """One check, as the gate commits it."""
    began = time.perf_counter()
    begun.append(began)
    async with gate.begin() as tx:
        await tx.publish(check(compound, tx.now, check_id=uuid4()), version=1)
    commits.append(time.perf_counter() - began)


async def watch(database: Database, day: date, total: int, seen: list[float]) -> None:
    """When the board's statement counted each event: the n-th when it told n."""
    while len(seen) < total:
        rows = await database.pool.fetch(entry_flow.FLOW_OF_DAY, day)
        count, now = sum(row["checks"] for row in rows), time.perf_counter()
        seen.extend([now] * (count - len(seen)))
        await asyncio.sleep(0.01)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read what to measure, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("all", "feed", "rebuild", "lag"), nargs="?", default="all")
    parser.add_argument("--events", type=int, default=None, help="feed: 100,000; rebuild: 1,000,000")
    parser.add_argument("--lines", type=Path, help="a file for the table")
    given = parser.parse_args(arguments)
    lines: list[Line] = []
    if given.what in ("all", "feed"):
        lines += asyncio.run(feed(given.events or 100_000))
    if given.what in ("all", "rebuild"):
        lines += asyncio.run(again(given.events or 1_000_000))
    if given.what in ("all", "lag"):
        lines += asyncio.run(lag())
    show(lines)
    write(given.lines, lines)


if __name__ == "__main__":
    main()
