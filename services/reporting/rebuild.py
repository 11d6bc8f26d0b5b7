"""Builds read models again, beside the live ones: from the producers' outboxes, which are the truth.

The copy lies in a schema of its own and is fed by the same projections, through the same reading of channels, as the
live one; only the source differs: nothing is taken from the stream. Positions are the checkpoints, so whoever is killed
goes on where they were. At the end the live projection is held still for a moment, the copy catches up to exactly its
positions, every row is compared, and the live rows become those of the copy in the same transaction.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg
import structlog

from services.reporting.projections.read_model import ReadModel
from services.reporting.store import known
from services.reporting.store import shadow as store
from services.reporting.store.shadow import Difference
from shared.bus.consumer import Consumer, PositionMovedError, Received
from shared.bus.feed import Feed, NewEpoch, Position, Raw
from shared.bus.link import BusError, Link
from shared.bus.own_feed import OwnFeed
from shared.bus.runner import ChannelRunner
from shared.db.pool import TRANSIENT, Database, Tx
from shared.kernel.tasks import stop, stop_if_cancelled

log = structlog.get_logger(__name__)

Channel = tuple[str, str]
Place = tuple[str, str, str, int, int]
"""Consumer, producer, channel, epoch, position."""
Told = Callable[[Channel, int, int], None]
"""Is told how far a channel is, of how many events."""
SILENT_AFTER = 20
"""Answers without anything in a row, while there must be something: the producer is away."""

AT_ONCE = 4
"""How many channels are read at the same time: more would only wait for each other, and for answers beyond patience."""
TRIES = 10
"""How often a projection is held still: one that is writing just then may get in the way of the locks."""


class RebuildError(Exception):
    """It cannot go on; what is built so far is kept, and the next call goes on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one projection."""

    projection: str
    events: int
    differences: list[Difference]
    switched: bool
    beyond: int
    """Stretches of events that live held and a restored producer no longer has: a switch lets go of them."""


class Replay(Feed):
    """A channel out of its producer's outbox, up to `until`; the next part is asked for while one is applied."""

    until = Position(0, 0)

    def __init__(self, link: Link, *, producer: str, channel: str) -> None:
        super().__init__(link, producer=producer, channel=channel, durable="")
        self._ahead: tuple[Position, asyncio.Task[list[Raw] | NewEpoch]] | None = None
        self._silent = 0

    async def next(self, at: Position, *, wait: float) -> list[Raw] | NewEpoch:  # noqa: ARG002 -- a feed's
        """What follows `at`.

        Raises:
            RebuildError: the producer says nothing for long.
        """
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[0] == at:
            found = await ahead[1]
        else:
            if ahead:
                await stop(ahead[1])
            found = await self.replay(at)
        if isinstance(found, NewEpoch):
            return found
        self._silent = 0 if found else self._silent + 1
        if self._silent > SILENT_AFTER:
            raise RebuildError(f"{self.producer} does not answer for {self.channel}")
        if found and found[-1].at < self.until:
            self._ahead = found[-1].at, asyncio.create_task(self.replay(found[-1].at), name="replay-ahead")
        return [raw for raw in found if raw.at <= self.until]

    async def close(self) -> None:
        """Let go of what was asked for in advance."""
        if self._ahead:
            await stop(self._ahead[1])


class Without(Consumer):
    """A projection without the events that live has set aside: they are for a person to settle."""

    def __init__(self, projection: ReadModel, aside: set[Place]) -> None:
        self.name, self.reads = projection.name, projection.reads
        self.projection, self._aside = projection, aside

    async def apply(self, tx: Tx, items: Sequence[Received]) -> None:
        """The rest of the run, if there is one."""
        kept = [
            item
            for item in items
            if (self.name, item.producer, item.channel, item.at.epoch, item.at.pos) not in self._aside
        ]
        if kept:
            await self.projection.apply(tx, kept)


@dataclass(kw_only=True)
class Rebuild:
    """Of one projection, or of all at once; `shadow` is the database as the copy's schema."""

    live: Database
    shadow: Database
    link: Link
    projections: Sequence[ReadModel]
    told: Told
    _aside: set[Place] = field(default_factory=set)

    async def feed(self) -> None:
        """Bring the copy as far as all live projections are; a few channels at once.

        Raises:
            RebuildError: an event that live could apply cannot be applied, or a producer is away.
        """
        names = [projection.name for projection in self.projections]
        async with self.live.read() as conn:
            self._aside = {tuple(row.values()) for row in await conn.fetch(store.SET_ASIDE, names)}
            stands = await conn.fetch(store.STANDS, names)
        until: dict[Channel, Position] = {}
        for row in stands:
            channel, at = (row["producer"], row["channel"]), Position(row["epoch"], row["last_pos"])
            until[channel] = min(at, until.get(channel, at))
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(channel: Channel, position: Position) -> None:
            async with turns:
                readers = [one for one in self.projections if channel in one.channels()]
                await self._channel(channel, position, readers)

        try:
            async with asyncio.TaskGroup() as group:
                for channel, position in sorted(until.items()):
                    group.create_task(in_turn(channel, position))
        except* RebuildError as errors:
            raise RebuildError(str(errors.exceptions[0])) from None
        except* (*TRANSIENT, *BusError, PositionMovedError) as errors:
            raise RebuildError(f"trouble of the moment, try again: {errors.exceptions[0]!r}") from None

    async def _channel(self, channel: Channel, until: Position, readers: Iterable[ReadModel]) -> None:
        producer, name = channel
        feed: Replay | OwnFeed = (
            OwnFeed(self.live, name)
            if producer == self.live.service
            else Replay(self.link, producer=producer, channel=name)
        )
        if isinstance(feed, Replay):
            feed.until = until
        runner = ChannelRunner(
            self.shadow, feed, producer=producer, channel=name, consumers=[self._fed(one) for one in readers]
        )
        runner.gather = 0
        positions = await runner.positions()
        try:
            while (at := min(positions.values())) < until:
                stop_if_cancelled()
                self.told(channel, at.pos, until.pos)
                positions = await runner.turn(positions)
                await self._stop_on_trouble()
        finally:
            if isinstance(feed, Replay):
                await feed.close()
        self.told(channel, until.pos, until.pos)

    def _fed(self, projection: ReadModel) -> Consumer:
        return Without(projection, self._aside) if self._aside else projection

    async def _stop_on_trouble(self) -> None:
        """Live sets a bad event aside and goes on; here it would make a difference that nobody could explain."""
        async with self.shadow.statements() as connection:
            stuck = await connection.fetch(store.STUCK)
        for row in stuck:
            place = row["consumer"], row["producer"], row["channel"], row["epoch"], row["pos"]
            if place not in self._aside:
                raise RebuildError(
                    f"{row['consumer']} cannot apply {row['event_type']} at {row['producer']}.{row['channel']} "
                    f"{row['epoch']}:{row['pos']}: {row['error']}"
                )

    async def settle(self, projection: ReadModel, *, switch: bool) -> Outcome:
        """Hold the live projection still, catch up to it, compare, and make its rows those of the copy if asked to.

        Raises:
            RebuildError: as `feed`.
        """
        for _ in range(TRIES):
            try:
                return await self._settle(projection, switch=switch)
            except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as error:
                log.info("rebuild_waits", projection=projection.name, error=type(error).__name__)
        raise RebuildError(f"{projection.name} cannot be held still, try again")

    async def _settle(self, projection: ReadModel, *, switch: bool) -> Outcome:
        schema = str(self.shadow.schema)
        async with self.live.begin(actor="rebuild") as tx:
            await tx.execute(known.NOW, tx.now)
            await store.hold_still(tx, projection.tables)
            stands = await tx.fetch(store.POSITIONS, projection.name)
            for row in stands:
                at = Position(row["epoch"], row["last_pos"])
                await self._channel((row["producer"], row["channel"]), at, [projection])
            shapes = [
                await store.shape_of(tx, table, projection=projection.name)
                for table in (*projection.tables, "projection_as_of")
            ]
            found = [
                difference for shape in shapes for difference in await store.differences(tx, shape, schema)
            ]
            if switch and found:
                for shape in shapes:
                    await store.take_over(tx, shape, schema)
            beyond = int(await tx.fetchval(store.BEYOND, projection.name))
            if switch:  # the rows are now those of what the producers have
                await tx.execute(store.LET_GO, projection.name)
        return Outcome(
            projection=projection.name,
            events=sum(row["last_pos"] for row in stands),
            differences=found,
            switched=switch,
            beyond=beyond,
        )


def schema_of(name: str) -> str:
    """The schema of a copy: of one projection, or of `all`."""
    return f"shadow_{name.replace('.', '_')}"


async def begin(live: Database, name: str, projections: Sequence[ReadModel], *, fresh: bool) -> bool:
    """Make the copy's schema unless one is there to go on with; says whether there was.

    A copy of other tables or projections than today's is thrown away, and so is any that is not wanted (`fresh`).
    """
    schema = schema_of(name)
    tables = sorted({table for one in projections for table in one.tables}) + list(store.BESIDE)
    async with live.begin(actor="rebuild") as tx:
        state = [await tx.fetchval(store.SCHEMA_NOW), *(one.name for one in projections)]
        mark = hashlib.sha256("\n".join(map(str, state)).encode()).hexdigest()
        there = await tx.fetchval(store.MARK_OF, schema) == mark and not fresh
        if not there:
            await tx.execute(store.DROP, schema)
            await tx.execute(store.MAKE, schema, tables, mark)
    return there


async def rebuild(
    live: Database,
    link: Link,
    projections: Sequence[ReadModel],
    *,
    name: str,
    told: Told,
    switch: bool = True,
    fresh: bool = False,
) -> list[Outcome]:
    """Build read models again, compare, switch; what is left of an earlier try is gone on with.

    Args:
        live: the service's database, as its application role.
        link: the bus, as the service.
        projections: those to build.
        name: of the copy: the projection's, or `all`.
        told: is told the progress.
        switch: make the live rows those of the copy; else only compare.
        fresh: begin anew.

    Raises:
        RebuildError: it cannot go on now; see its message.
    """
    await begin(live, name, projections, fresh=fresh)
    shadow = await Database.open(
        live.url, service=live.service, clock=live.clock, size=live.size, schema=schema_of(name)
    )
    try:
        work = Rebuild(live=live, shadow=shadow, link=link, projections=projections, told=told)
        await work.feed()
        outcomes = [await work.settle(projection, switch=switch) for projection in projections]
    finally:
        await shadow.close()
    async with live.begin(actor="rebuild") as tx:
        await tx.execute(store.DROP, schema_of(name))
    return outcomes


def chosen(projections: Iterable[ReadModel], name: str) -> list[ReadModel]:
    """The projection of a name, or all; nothing for a name that none has."""
    return [one for one in projections if name in ("all", one.projection)]
