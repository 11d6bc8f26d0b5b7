"""Streams and their readers, provisioned by a credential of their own and put back when they vanish.

Services cannot make consumers: who may make one may have the bus deliver whatever he likes to any subject, and so speak
for others.

A stream is transport: what it loses is replayed from the producers' outboxes. Cards stay at most seven days, and not at
all once somebody was erased: their outbox is blanked by then, and everybody else's cards come from there again where
they had not arrived.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import structlog
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from shared.bus import names
from shared.bus.credentials import Credentials
from shared.bus.link import APIError, BusError, Link, NotFoundError
from shared.events import catalogue
from shared.forgotten_cards import forget_cards
from shared.kernel.tasks import stop_if_cancelled

log = structlog.get_logger(__name__)

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a channel's stream is to be."""

    service: str
    channel: str
    replicas: int

    def config(self) -> StreamConfig:
        """For JetStream: files, old ones go first, atomic batches, duplicates refused for two minutes."""
        return StreamConfig(
            name=names.stream(self.service, self.channel),
            subjects=[names.stream_subjects(self.service, self.channel)],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=(7 if self.channel.startswith("cards") else 30) * DAY,
            duplicate_window=120,
            num_replicas=self.replicas,
            allow_atomic=True,
            allow_direct=True,
            deny_delete=True,
        )


def wanted(replicas: int = 1) -> list[Wanted]:
    """Every channel of every service."""
    return [
        Wanted(service=service, channel=channel, replicas=replicas)
        for service, channels in sorted(catalogue.channels().items())
        for channel in channels
    ]


async def ensure(js: JetStreamContext, *, replicas: int = 1) -> list[str]:
    """Create what is missing and bring the rest to the declaration; returns the names of the streams made now."""
    made: list[str] = []
    for stream in wanted(replicas):
        config = stream.config()
        assert config.name is not None  # noqa: S101 -- set above
        readers = catalogue.readers_of(stream.service, stream.channel)
        try:
            info = await js.stream_info(config.name)
        except NotFoundError:
            info = await js.add_stream(config)
            made.append(config.name)
        have = info.config
        if (have.subjects, have.max_age, have.num_replicas, have.allow_atomic) != (
            config.subjects,
            config.max_age,
            config.num_replicas,
            config.allow_atomic,
        ):
            await js.update_stream(config)
        if info.state.consumer_count < len(readers):
            for reader in readers:
                await ensure_reader(js, config.name, reader)
    return made


async def ensure_reader(js: JetStreamContext, stream: str, durable: str) -> None:
    """A service's place in a stream: it pulls, and acknowledges with one message all before it."""
    await js.add_consumer(
        stream,
        ConsumerConfig(
            durable_name=durable,
            ack_policy=AckPolicy.ALL,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=30,
            max_ack_pending=20_000,
        ),
    )


async def keep_streams(
    nats_url: str,
    credentials: Credentials | None,
    *,
    ca_file: Path | None = None,
    every: float = 2.0,
    replicas: int = 1,
) -> None:
    """Never returns: looks every few seconds, puts back what is gone, and lets go of what must not stay."""
    link = Link(nats_url, name="stream-keeper", credentials=credentials, ca_file=ca_file)
    link.start()
    erased: int | None = None
    try:
        while True:
            stop_if_cancelled()
            await link.up.wait()
            try:
                made = await ensure(link.js, replicas=replicas)
                if made:
                    log.info("streams_made", streams=made)
                erased = await forget_cards(link, erased=erased)
            except (APIError, *BusError) as error:
                log.info("streams_wait", error=type(error).__name__)
            await asyncio.sleep(every)
    finally:
        await link.stop()
