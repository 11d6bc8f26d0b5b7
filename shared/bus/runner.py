"""Runs every consumer of a service: one feed per channel, decoded once, applied by each at its own position."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from shared.bus import dead_letters, metrics, names
from shared.bus.consumer import Consumer, Item, PositionMovedError, Seat, take_together, understand
from shared.bus.feed import FETCH, Feed, Head, NewEpoch, Position, Raw
from shared.bus.link import BusError, Link
from shared.bus.own_feed import OwnFeed
from shared.bus.projection import Projection
from shared.db.pool import TRANSIENT, Database
from shared.kernel.tasks import stop_if_cancelled

log = structlog.get_logger(__name__)

WAIT_SECONDS = 2.0
BACKOFF_SECONDS = 2.0
GATHER_SECONDS = 0.1
"""How long a channel rests after a batch that was not full: while events keep coming, a transaction of every consumer
then serves dozens of them. What comes after a pause is taken at once."""

HELD_BEYOND = """
select producer, sum(to_pos - from_pos + 1)::bigint as events from bus_beyond where settled_at is null group by producer
"""
NOTE_HEARD = """
insert into bus_heard (producer, channel, epoch, pos)
select $1, channel, epoch, pos from unnest($2::text[], $3::int[], $4::bigint[]) as head (channel, epoch, pos)
on conflict (producer, channel) do update
  set epoch = excluded.epoch, pos = excluded.pos, heard_at = clock_timestamp()
"""


class ChannelRunner:
    """One channel of one producer, for all consumers of this service that read it."""

    def __init__(
        self,
        database: Database,
        feed: Feed | OwnFeed,
        *,
        producer: str,
        channel: str,
        consumers: Sequence[Consumer],
    ) -> None:
        self.database, self.feed, self.gather = database, feed, GATHER_SECONDS
        self.producer, self.channel = producer, channel
        self.seats = [Seat(consumer=consumer, producer=producer, channel=channel) for consumer in consumers]
        self.wanted = frozenset[str]().union(*(consumer.wanted for consumer in consumers))
        self._rearmost: Position | None = None

    async def run(self) -> None:
        """Until cancelled. Trouble of the moment starts the channel again from the committed positions."""
        while True:
            stop_if_cancelled()
            try:
                positions = await self.positions()
                self._rearmost = min(positions.values())
                while True:
                    stop_if_cancelled()
                    positions = await self.turn(positions)
            except PositionMovedError as moved:
                log.info("position_moved", consumer=str(moved))
            except (*TRANSIENT, *BusError) as error:
                log.info(
                    "channel_waits", producer=self.producer, channel=self.channel, error=type(error).__name__
                )
                await asyncio.sleep(BACKOFF_SECONDS / 4)

    async def positions(self) -> dict[Seat, Position]:
        """Where everybody stands, from the database."""
        return {seat: await seat.position(self.database) for seat in self.seats}

    async def turn(self, positions: dict[Seat, Position]) -> dict[Seat, Position]:
        """One batch for those who are equally far; whoever is behind catches up first, from the outbox."""
        front, rear = max(positions.values()), min(positions.values())
        if rear < front:
            behind = [seat for seat, at in positions.items() if at == rear]
            raws = await self.feed.replay(rear)
            limit = front if front.epoch == rear.epoch else None
            if not isinstance(raws, NewEpoch) and limit:
                raws = [raw for raw in raws if raw.at <= limit]
        else:
            behind = list(positions)
            raws = await self.feed.next(front, wait=WAIT_SECONDS)
        if isinstance(raws, NewEpoch):
            moved = {seat: await seat.enter(self.database, rear, raws) for seat in behind}
            return positions | moved
        if raws:
            to, items = raws[-1].at, self._understand(raws)
            moved = await self._take(behind, rear, to, items)
            await self.feed.acknowledge(raws)
            positions = positions | moved
            if rear == front and len(raws) < FETCH:
                await asyncio.sleep(self.gather)
        self._rearmost = min(positions.values())
        self.show_lag()
        return positions

    def show_lag(self) -> None:
        """Tell how far the rearmost is behind what the producer said; also while a batch of it is stuck."""
        if self.feed.head and self._rearmost:
            behind = max(0, self.feed.head.pos - self._rearmost.pos)
            metrics.LAG.labels(self.producer, self.channel).set(behind)

    async def _take(
        self, seats: Sequence[Seat], at: Position, to: Position, items: Sequence[Item]
    ) -> dict[Seat, Position]:
        """Projections share a transaction: their tables are nobody else's. A reaction has its own, with its locks."""
        moved: dict[Seat, Position] = {}
        folds = [seat for seat in seats if isinstance(seat.consumer, Projection)]
        for some in (folds, *([seat] for seat in seats if seat not in folds)):
            if some:
                moved |= await take_together(self.database, some, at, to, items)
        return moved

    def _understand(self, raws: Sequence[Raw]) -> list[Item]:
        items = (
            understand(raw, producer=self.producer, channel=self.channel, wanted=self.wanted) for raw in raws
        )
        return [item for item in items if item is not None]


class Runner:
    """All channels that a service reads."""

    def __init__(self, database: Database, link: Link, consumers: Sequence[Consumer]) -> None:
        self.database, self.link, self.consumers = database, link, consumers
        readers: defaultdict[tuple[str, str], list[Consumer]] = defaultdict(list)
        for consumer in consumers:
            for place in sorted(consumer.channels()):
                readers[place].append(consumer)
        self.channels = [
            ChannelRunner(
                database,
                OwnFeed(database, channel)
                if producer == database.service
                else Feed(link, producer=producer, channel=channel, durable=database.service),
                producer=producer,
                channel=channel,
                consumers=reading,
            )
            for (producer, channel), reading in sorted(readers.items())
        ]

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for channel in self.channels:
                group.create_task(channel.run(), name=f"read-{channel.producer}-{channel.channel}")
            group.create_task(self._listen(), name="heartbeats")
            group.create_task(self._count_what_waits(), name="what-waits")

    async def _listen(self) -> None:
        await self.link.up.wait()
        while True:
            try:
                for producer in sorted({channel.producer for channel in self.channels}):
                    await self.link.listen(names.heartbeat(producer), self._heard)
            except BusError:
                await asyncio.sleep(0.5)
            else:
                await asyncio.Event().wait()

    async def _heard(self, message: Any) -> None:
        try:
            beat = json.loads(message.data)
            producer = str(beat["service"])
            heads = {str(name): Head.parse(raw) for name, raw in beat["channels"].items()}
            at = datetime.fromisoformat(beat["at"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("heartbeat_unreadable", error=type(error).__name__)
            return
        metrics.HEARTBEAT.labels(producer).set(at.timestamp())
        for channel in self.channels:
            if channel.producer == producer and channel.channel in heads:
                channel.feed.heard(heads[channel.channel])
                channel.show_lag()
        epochs, positions = [head.epoch for head in heads.values()], [head.pos for head in heads.values()]
        try:
            async with self.database.statements() as connection:
                await connection.execute(NOTE_HEARD, producer, list(heads), epochs, positions)
        except TRANSIENT as error:
            log.info("heartbeat_not_noted", producer=producer, error=type(error).__name__)

    async def _count_what_waits(self) -> None:
        while True:
            try:
                async with self.database.read() as conn:
                    waiting = {
                        row["consumer"]: row["waiting"] for row in await conn.fetch(dead_letters.COUNT)
                    }
                    held = {row["producer"]: row["events"] for row in await conn.fetch(HELD_BEYOND)}
                for consumer in self.consumers:
                    metrics.DEAD_LETTERS.labels(consumer.name).set(waiting.get(consumer.name, 0))
                for channel in self.channels:
                    metrics.BEYOND.labels(channel.producer).set(held.get(channel.producer, 0))
            except TRANSIENT as error:
                log.info("dead_letter_count_waits", error=type(error).__name__)
            await asyncio.sleep(15)
