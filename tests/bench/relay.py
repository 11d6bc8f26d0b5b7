"""The relay against raw publishing, on the same server with `sync_interval: always`, in the same run.

The rivals publish the same documents, ready in memory: one after the other, as an outbox relay without batches would;
some at once; and in atomic batches, which is what the relay itself does beside reading, numbering and marking.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from shared.bus import names
from shared.bus.link import Link, Message
from shared.bus.relay import Relay
from shared.testing.databases import Databases
from tests.bench.figures import Line, show, write
from tests.integration.bus.support import Bench, a_round, make_bench

EVENTS = 10_000
RIVALS = 5_000
ONE_BY_ONE = 2_000
AT_ONCE = 100
BATCH = 500
ROUNDS = 5
WANTED = {"one by one": 5.0, "pipelined": None, "atomic batches": None}


async def fill(bench: Bench, events: int) -> None:
    """Commit events without publishing them."""
    sites = [uuid4() for _ in range(200)]
    async with bench.producer.begin() as tx:
        for nth in range(events):
            await tx.publish(a_round(sites[nth % 200]), version=nth // 200 + 1)


async def documents(bench: Bench) -> list[tuple[str, bytes]]:
    """What the rivals publish: the same documents, read before anything is timed."""
    rows = await bench.producer.pool.fetch("select subject, document from outbox limit $1", RIVALS)
    return [(row["subject"], row["document"].encode()) for row in rows]


def messages(some: Sequence[tuple[str, bytes]], rival: str, turn: int) -> list[Message]:
    """As messages with an id of their own."""
    return [
        Message(
            subject=subject,
            body=body,
            headers={"Nats-Msg-Id": names.message_id(rival, "rounds", turn, nth)},
        )
        for nth, (subject, body) in enumerate(some)
    ]


async def one_by_one(link: Link, some: Sequence[Message]) -> None:
    """Each acknowledged before the next."""
    for message in some[:ONE_BY_ONE]:
        await link.publish(message)


async def pipelined(link: Link, some: Sequence[Message]) -> None:
    """Some at once, each with its acknowledgement: their order is nobody's promise."""
    for first in range(0, len(some), AT_ONCE):
        await asyncio.gather(*(link.publish(message) for message in some[first : first + AT_ONCE]))


async def in_batches(link: Link, some: Sequence[Message]) -> None:
    """JetStream's atomic batches of what lies ready: no outbox, no numbering, no marking."""
    for first in range(0, len(some), BATCH):
        await link.publish_batch(some[first : first + BATCH])


async def relayed(bench: Bench, relay: Relay) -> float:
    """Events per second of the relay: numbering, publishing and marking included."""
    await fill(bench, EVENTS)
    began = time.perf_counter()
    while await relay.step():
        pass
    return EVENTS / (time.perf_counter() - began)


async def compare(postgres: Postgres, nats: NatsServer) -> list[Line]:
    """Alternate all of them."""
    bench = await make_bench(Databases(postgres.superuser_url()), nats)
    link = bench.link("sanitation")
    link.start()
    await link.up.wait()
    relay = Relay(bench.producer, link, channels=["rounds"])
    await bench.producer.pool.execute("insert into outbox_channel (channel) values ('rounds')")
    await relayed(bench, relay)  # warm-up
    ready = await documents(bench)
    seen: dict[str, list[float]] = {name: [] for name in ("relay", *WANTED)}
    for turn in range(ROUNDS):
        for name, publish, count in (
            ("one by one", one_by_one, ONE_BY_ONE),
            ("pipelined", pipelined, RIVALS),
            ("atomic batches", in_batches, RIVALS),
        ):
            some = messages(ready, name.replace(" ", ""), turn)
            began = time.perf_counter()
            await publish(link, some)
            seen[name].append(count / (time.perf_counter() - began))
        seen["relay"].append(await relayed(bench, relay))
    await link.stop()
    await bench.producer.close()
    await bench.consumer.close()
    ours = statistics.median(seen["relay"])
    return [
        Line(
            part="relay",
            what=f"relay / raw publish, {name}",
            unit="events/s",
            ours=ours,
            other=statistics.median(seen[name]),
            ratio=statistics.median(a / b for a, b in zip(seen["relay"], seen[name], strict=True)),
            wanted=wanted,
        )
        for name, wanted in WANTED.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Real servers with fsync on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=Path, help="a file for the table")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder) / "pg")
        nats = NatsServer(Path(folder) / "nats")
        with postgres, nats:
            lines = asyncio.run(compare(postgres, nats))
        postgres.remove()
    show(lines)
    write(given.lines, lines)


if __name__ == "__main__":
    main()
