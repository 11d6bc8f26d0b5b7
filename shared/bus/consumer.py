"""What reactors and projections have in common: position and effect in one transaction, poison set aside.

A consumer's name is a durable identity. A channel is fetched and decoded once per service; every consumer of it
applies the batch in a transaction of its own, at its own position.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
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
where consumer = any($1::text[]) and producer = $2 and channel = $3 and epoch = $4 and last_pos = $5
"""
NOTE_BEYOND = """
insert into bus_beyond (consumer, producer, channel, epoch, from_pos, to_pos) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
PARKED = "an earlier event of the same key waits"


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
Aside = tuple[Item, dead_letters.Reason, str]
"""An event, why it is set aside, and what was wrong."""
Held = Collection[tuple[str, str | None]]
"""Consumer and key of what waits as a dead letter: what comes later of the same key waits behind it."""


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
                log.warning("held_beyond_restored_producer", consumer=self.consumer.name, lost=new.lost)
            await advance(tx, [self], at, new.to)
        return new.to

    async def take(self, database: Database, at: Position, to: Position, items: Sequence[Item]) -> Position:
        """Apply the items between two positions and move there, in one transaction. Raises as `take_together`."""
        return (await take_together(database, [self], at, to, items))[self]

    def mine(self, items: Sequence[Item]) -> list[Item]:
        """What of these it reads."""
        reads = frozenset(self.consumer.reads)
        return [item for item in items if isinstance(item, Undecodable) or type(item.event) in reads]

    async def effect(self, tx: Tx, mine: Sequence[Item], blocked: Held) -> None:
        """Apply what can be applied, set the rest aside."""
        clean, aside = self._sort(mine, blocked)
        if clean:
            await self.consumer.apply(tx, clean)
        await self._bury(tx, aside)

    def _sort(self, mine: Sequence[Item], held: Held) -> tuple[list[Received], list[Aside]]:
        """Those to apply, and those to set aside: undecodable, or behind a dead letter of the same key."""
        blocked = {key for consumer, key in held if consumer == self.consumer.name}
        clean: list[Received] = []
        aside: list[Aside] = []
        for item in mine:
            if isinstance(item, Undecodable):
                aside.append((item, dead_letters.Reason.UNDECODABLE, item.error))
                if item.partition_key:
                    blocked.add(item.partition_key)
            elif item.partition_key in blocked:
                aside.append((item, dead_letters.Reason.PARKED, PARKED))
            else:
                clean.append(item)
        return clean, aside

    async def one_by_one(self, tx: Tx, mine: Sequence[Item]) -> None:
        """Apply each in a savepoint of its own; what fails is set aside, and what follows it of the same key."""
        clean, aside = self._sort(mine, await dead_letters.blocked_keys(tx, [self.consumer.name]))
        await self._bury(tx, aside)
        blocked: set[str] = set()
        for item in clean:
            if item.partition_key in blocked:
                await self._bury(tx, [(item, dead_letters.Reason.PARKED, PARKED)])
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

    async def _bury(self, tx: Tx, aside: Sequence[Aside]) -> None:
        for item, reason, error in aside:
            log.error("dead_letter", consumer=self.consumer.name, reason=reason, error=error, pos=item.at.pos)
            kind = item.event.type_name if isinstance(item, Received) else item.type
            at, text = (item.at.epoch, item.at.pos), dead_letters.text_of(item.raw.document)
            await tx.execute(
                dead_letters.BURY, *self.key, *at, kind, item.partition_key, text, reason.value, error
            )


async def advance(tx: Tx, seats: Sequence[Seat], at: Position, to: Position) -> None:
    """Move seats of one channel. Raises `PositionMovedError` unless all of them stand where they are thought to."""
    names = [seat.consumer.name for seat in seats]
    moved = await tx.execute(ADVANCE, names, *seats[0].key[1:], at.epoch, at.pos, to.epoch, to.pos)
    if moved != f"UPDATE {len(seats)}":
        raise PositionMovedError(", ".join(names))


async def take_together(
    database: Database, seats: Sequence[Seat], at: Position, to: Position, items: Sequence[Item]
) -> dict[Seat, Position]:
    """Apply the items between two positions for all who stand at the first, and move there, in one transaction.

    Where one of them fails each gets a transaction of its own, and there what cannot be applied is set aside.

    Raises:
        one of TRANSIENT: nothing happened, try again.
        PositionMovedError: someone else moved a position.
    """
    fresh = [item for item in items if item.at > at]
    mine = {seat: seat.mine(fresh) for seat in seats}
    names = [seat.consumer.name for seat in seats if mine[seat]]
    try:
        async with database.begin() as tx:
            blocked = await dead_letters.blocked_keys(tx, names) if names else set()
            for seat in seats:
                await seat.effect(tx, mine[seat], blocked)
            await advance(tx, seats, at, to)
    except (*TRANSIENT, PositionMovedError):
        raise
    except Exception as error:  # noqa: BLE001 -- found again, by each alone and event by event
        log.warning("batch_isolated", consumers=names, error=type(error).__name__)
        if len(seats) > 1:
            return {seat: await seat.take(database, at, to, items) for seat in seats}
        async with database.begin() as tx:
            await seats[0].one_by_one(tx, mine[seats[0]])
            await advance(tx, seats, at, to)
    for seat in seats:
        metrics.APPLIED.labels(*seat.key).inc(len(mine[seat]))
        metrics.POSITION.labels(*seat.key).set(to.pos)
    return dict.fromkeys(seats, to)
