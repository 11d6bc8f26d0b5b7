"""What reactors and projections have in common: position and effect in one transaction, poison set aside.

A consumer's name is a durable identity. A channel is fetched and decoded once per service; every consumer of it
applies the batch in a transaction of its own, at its own position.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from shared.bus import dead_letters, metrics
from shared.bus.feed import NewEpoch, Position, Raw
from shared.db.pool import TRANSIENT, Database, Tx
from shared.events.base import Event
from shared.events.envelope import Envelope, UndecodableError, decode, peek

log = structlog.get_logger(__name__)

ENSURE_POSITION = """
insert into bus_position (consumer, producer, channel) values ($1, $2, $3) on conflict do nothing
"""
POSITION = "select epoch, last_pos from bus_position where consumer = $1 and producer = $2 and channel = $3"
ADVANCE = """
update bus_position set epoch = $6, last_pos = $7, moved_at = clock_timestamp()
where consumer = $1 and producer = $2 and channel = $3 and epoch = $4 and last_pos = $5
"""
NOTE_BEYOND = """
insert into bus_beyond (consumer, producer, channel, epoch, from_pos, to_pos) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""


class PositionMovedError(Exception):
    """Another runner of the same consumer was here first; its effects stand, ours are rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event as a consumer gets it."""

    producer: str
    channel: str
    at: Position
    id: UUID
    time: datetime
    correlation: UUID
    partition_key: str
    version: int
    event: Event
    raw: Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecodable:
    """A document that this program should have understood and could not."""

    at: Position
    type: str | None
    partition_key: str | None
    error: str
    raw: Raw


Item = Received | Undecodable


def understand(raw: Raw, *, producer: str, channel: str, wanted: frozenset[str]) -> Item | None:
    """Decode one document; None for types that nobody here reads."""
    kind = key = None
    try:
        kind, key, document = peek(raw.document)
        if kind is not None and kind not in wanted:
            return None
        envelope: Envelope = decode(document)
    except UndecodableError as error:
        return Undecodable(at=raw.at, type=kind, partition_key=key, error=str(error), raw=raw)
    return Received(
        producer=producer,
        channel=channel,
        at=raw.at,
        id=envelope.id,
        time=envelope.time,
        correlation=envelope.correlation,
        partition_key=envelope.partition_key,
        version=envelope.version,
        event=envelope.event,
        raw=raw,
    )


class Consumer(ABC):
    """Someone who reads channels. Subclasses say what a batch does."""

    name: str
    reads: tuple[type[Event], ...]

    def channels(self) -> set[tuple[str, str]]:
        """Every (producer, channel) it reads."""
        return {(event.service, channel) for event in self.reads for channel in event.channels()}

    @property
    def wanted(self) -> frozenset[str]:
        """The wire types it reads."""
        return frozenset(event.type_name for event in self.reads)

    @abstractmethod
    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """The effect of a run of events. Anything raised but trouble of the moment makes a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A consumer's place in one channel."""

    consumer: Consumer
    producer: str
    channel: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names its position."""
        return self.consumer.name, self.producer, self.channel

    async def position(self, database: Database) -> Position:
        """Where it stands, from the database."""
        async with database.begin() as tx:
            await tx.execute(ENSURE_POSITION, *self.key)
            row = await tx.fetchrow(POSITION, *self.key)
        assert row is not None  # noqa: S101 -- inserted above
        return Position(row["epoch"], row["last_pos"])

    async def enter(self, database: Database, at: Position, new: NewEpoch) -> Position:
        """Go over to a restored producer's new epoch, noting what only we still hold."""
        async with database.begin() as tx:
            if new.lost > 0:
                await tx.execute(NOTE_BEYOND, *self.key, at.epoch, new.to.pos + 1, at.pos)
                metrics.BEYOND.labels(self.producer).inc(new.lost)
                log.warning("held_beyond_restored_producer", consumer=self.consumer.name, lost=new.lost)
            await self._advance(tx, at, new.to)
        return new.to

    async def take(self, database: Database, at: Position, to: Position, items: Sequence[Item]) -> Position:
        """Apply the items between two positions and move there, in one transaction.

        Raises:
            one of TRANSIENT: nothing happened, try again.
            PositionMovedError: someone else moved the position.
        """
        mine = [
            item for item in items if item.at > at and (isinstance(item, Undecodable) or self._reads(item))
        ]
        try:
            async with database.begin() as tx:
                clean, aside = await self._sort(tx, mine)
                if clean:
                    await self.consumer.apply(tx, clean)
                await self._bury(tx, aside)
                await self._advance(tx, at, to)
        except (*TRANSIENT, PositionMovedError):
            raise
        except Exception as error:  # noqa: BLE001 -- found again, event by event, below
            log.warning("batch_isolated", consumer=self.consumer.name, error=type(error).__name__)
            async with database.begin() as tx:
                await self._one_by_one(tx, mine)
                await self._advance(tx, at, to)
        metrics.APPLIED.labels(*self.key).inc(len(mine))
        metrics.POSITION.labels(*self.key).set(to.pos)
        return to

    def _reads(self, item: Received) -> bool:
        return isinstance(item.event, self.consumer.reads)

    async def _sort(
        self, tx: Tx, mine: Sequence[Item]
    ) -> tuple[list[Received], list[tuple[Item, dead_letters.Reason, str]]]:
        """Those to apply, and those to set aside: undecodable, or behind a dead letter of the same key."""
        blocked = await dead_letters.blocked_keys(tx, self.consumer.name) if mine else set()
        clean: list[Received] = []
        aside: list[tuple[Item, dead_letters.Reason, str]] = []
        for item in mine:
            if isinstance(item, Undecodable):
                aside.append((item, dead_letters.Reason.UNDECODABLE, item.error))
                if item.partition_key:
                    blocked.add(item.partition_key)
            elif item.partition_key in blocked:
                aside.append((item, dead_letters.Reason.PARKED, "an earlier event of the same key waits"))
            else:
                clean.append(item)
        return clean, aside

    async def _one_by_one(self, tx: Tx, mine: Sequence[Item]) -> None:
        clean, aside = await self._sort(tx, mine)
        await self._bury(tx, aside)
        blocked: set[str] = set()
        for item in clean:
            if item.partition_key in blocked:
                await self._bury(
                    tx, [(item, dead_letters.Reason.PARKED, "an earlier event of the same key waits")]
                )
                continue
            try:
                async with tx.savepoint():
                    await self.consumer.apply(tx, [item])
            except TRANSIENT:
                raise
            except Exception as error:
                blocked.add(item.partition_key)
                log.exception("poison", consumer=self.consumer.name, pos=item.at.pos)
                await self._bury(tx, [(item, dead_letters.Reason.POISON, dead_letters.describe(error))])

    async def _bury(self, tx: Tx, aside: Sequence[tuple[Item, dead_letters.Reason, str]]) -> None:
        for item, reason, error in aside:
            log.error("dead_letter", consumer=self.consumer.name, reason=reason, error=error, pos=item.at.pos)
            await dead_letters.bury(
                tx,
                consumer=self.consumer.name,
                producer=self.producer,
                channel=self.channel,
                epoch=item.at.epoch,
                pos=item.at.pos,
                event_type=item.event.type_name if isinstance(item, Received) else item.type,
                partition_key=item.partition_key,
                document=item.raw.document,
                reason=reason,
                error=error,
            )

    async def _advance(self, tx: Tx, at: Position, to: Position) -> None:
        moved = await tx.execute(ADVANCE, *self.key, at.epoch, at.pos, to.epoch, to.pos)
        if moved != "UPDATE 1":
            raise PositionMovedError(self.consumer.name)
