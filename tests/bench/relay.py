"""The relay against one-by-one publishing, on the same server with `sync_interval: always`, in the same run.

`python -m tests.bench.relay` prints medians and the ratio. The rival publishes the same documents with JetStream's
ordinary acknowledged publish, one after the other, as an outbox relay without batches would.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from shared.bus import names
from shared.bus.link import Link, Message
from shared.bus.relay import Relay
from shared.testing.databases import Databases
from tests.integration.bus.support import Bench, a_round, make_bench

EVENTS = 10_000
ONE_BY_ONE = 2_000
ROUNDS = 5


async def fill(bench: Bench, events: int) -> None:
    """Commit events without publishing them."""
    sites = [uuid4() for _ in range(200)]
    async with bench.producer.begin() as tx:
        for nth in range(events):
            await tx.publish(a_round(sites[nth % 200]), version=nth // 200 + 1)


async def one_by_one(bench: Bench, link: Link, turn: int) -> float:
    """Events per second of the rival."""
    rows = await bench.producer.pool.fetch("select subject, document from outbox limit $1", ONE_BY_ONE)
    began = time.perf_counter()
    for nth, row in enumerate(rows):
        headers = {"Nats-Msg-Id": names.message_id("rival", "rounds", turn, nth)}
        await link.publish(Message(subject=row["subject"], body=row["document"].encode(), headers=headers))
    return len(rows) / (time.perf_counter() - began)


async def relayed(bench: Bench, relay: Relay) -> float:
    """Events per second of the relay: numbering, publishing and marking included."""
    await fill(bench, EVENTS)
    began = time.perf_counter()
    while await relay.step():
        pass
    return EVENTS / (time.perf_counter() - began)


async def compare(postgres: Postgres, nats: NatsServer) -> None:
    """Alternate the two and print the table."""
    bench = await make_bench(Databases(postgres.superuser_url()), nats)
    link = bench.link("sanitation")
    link.start()
    await link.up.wait()
    relay = Relay(bench.producer, link, channels=["rounds"])
    await bench.producer.pool.execute("insert into outbox_channel (channel) values ('rounds')")
    await relayed(bench, relay)  # warm-up
    single, batched = [], []
    for turn in range(ROUNDS):
        single.append(await one_by_one(bench, link, turn))
        batched.append(await relayed(bench, relay))
    ratios = [b / s for b, s in zip(batched, single, strict=True)]
    print(f"one by one  median {statistics.median(single):8.0f} events/s")
    print(f"relay       median {statistics.median(batched):8.0f} events/s")
    print(
        f"ratio       median {statistics.median(ratios):8.1f}  (min {min(ratios):.1f}, max {max(ratios):.1f})"
    )
    await link.stop()
    await bench.producer.close()
    await bench.consumer.close()


def main() -> None:
    """Real servers with fsync on."""
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder) / "pg")
        nats = NatsServer(Path(folder) / "nats")
        with postgres, nats:
            asyncio.run(compare(postgres, nats))
        postgres.remove()


if __name__ == "__main__":
    main()
