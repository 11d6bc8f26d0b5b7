"""Producers of a test: what a log says lies in their outboxes, and their relays answer whoever asks for it again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from deploy.local.nats import NatsServer
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.db.pool import Database
from shared.events import catalogue
from shared.kernel.clock import SystemClock
from shared.kernel.tasks import stop
from shared.testing.databases import Databases
from tests.integration.reporting.world import Channel, Log

HEAD = """
insert into outbox_channel (channel, max_pos, published_pos) values ($1, $2, $3)
on conflict (channel) do update set max_pos = excluded.max_pos, published_pos = excluded.published_pos
"""
BEGINS = "insert into outbox_epoch (channel, epoch, starts_after) values ($1, 1, 0) on conflict do nothing"


@dataclass
class Outboxes:
    """The producers' databases, with what was put into them so far."""

    producers: dict[str, Database]
    put: dict[Channel, int] = field(default_factory=dict)

    async def fill(self, log: Log) -> None:
        """Put what the log says and the outboxes do not hold yet, published and numbered."""
        for (producer, channel), documents in log.channels.items():
            if producer not in self.producers:
                continue
            first = self.put.get((producer, channel), 0)
            await self.put_rows((producer, channel), documents[first:], first + 1)
            await self.set_head((producer, channel), len(documents), len(documents))
            self.put[producer, channel] = len(documents)

    async def put_rows(self, of: Channel, documents: Sequence[str], first: int) -> None:
        """Documents from a position on."""
        producer, channel = of
        async with self.producers[producer].begin() as tx:
            rows = [
                (channel, 1, pos, f"fk.evt.{producer}.{channel}.any.any", document)
                for pos, document in enumerate(documents, start=first)
            ]
            await tx.copy("outbox", ("channel", "epoch", "pos", "subject", "document"), rows)

    async def set_head(self, of: Channel, numbered: int, published: int) -> None:
        """How far a channel is."""
        async with self.producers[of[0]].begin() as tx:
            await tx.execute(HEAD, of[1], numbered, published)
            await tx.execute(BEGINS, of[1])

    async def all_published(self) -> bool:
        """Say whether the relays have published everything."""
        waiting = "select exists (select from outbox_channel where published_pos < max_pos)"
        return not any([await one.pool.fetchval(waiting) for one in self.producers.values()])


def link_of(nats: NatsServer, service: str) -> Link:
    """A service's connection."""
    return Link(nats.url, name=service, credentials=nats.credentials(service))


@asynccontextmanager
async def answering(
    databases: Databases,
    nats: NatsServer,
    services: Sequence[str] = ("registry", "gate", "observation", "sanitation"),
) -> AsyncIterator[Outboxes]:
    """Producers whose relays answer while the block runs."""
    async with AsyncExitStack() as stack:
        producers = {}
        for service in services:
            urls = await databases.fresh(service)
            database = await Database.open(urls.database, service=service, clock=SystemClock(), size=3)
            link = link_of(nats, service)
            link.start()
            relay = Relay(database, link, channels=catalogue.channels_of(service))
            task = asyncio.create_task(relay.run(), name=f"relay-{service}")
            stack.push_async_callback(databases.give_back, service, urls)
            stack.push_async_callback(database.close)
            stack.push_async_callback(link.stop)
            stack.push_async_callback(stop, task)
            producers[service] = database
        yield Outboxes(producers)
