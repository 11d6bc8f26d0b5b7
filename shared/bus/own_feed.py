"""A service's own channel, read where it was written.

What a service told is in its own database, numbered, in order and whole. To have it sent, stored, delivered and parsed
again would cost more than reading it, and would stop while the bus is away.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from shared.bus import outbox
from shared.bus.feed import FETCH, Head, NewEpoch, Position, Raw
from shared.db.pool import Database


class OwnFeed:
    """Reads one channel of the service itself, as `Feed` reads another's."""

    def __init__(self, database: Database, channel: str) -> None:
        self._database, self._channel = database, channel
        self.head: Head | None = None

    def heard(self, head: Head) -> None:
        """A heartbeat came; only the figures need it."""
        self.head = head

    async def next(self, at: Position, *, wait: float) -> list[Raw] | NewEpoch:
        """What follows `at`; empty when nothing was numbered within `wait` seconds.

        Raises:
            one of TRANSIENT: the database is away.
        """
        self._database.outbox_numbered.clear()
        if found := await self.replay(at):
            return found
        with suppress(TimeoutError):  # another process may number: then waiting ends with the time
            async with asyncio.timeout(wait):
                await self._database.outbox_numbered.wait()
        return await self.replay(at)

    async def replay(self, at: Position) -> list[Raw] | NewEpoch:
        """What follows `at`, or the epoch that continues it; empty when there is nothing yet."""
        async with self._database.statements() as connection:
            rows = await connection.fetch(outbox.READ, self._channel, at.epoch, at.pos + 1, FETCH)
            later = outbox.EPOCH_STARTS, self._channel, at.epoch + 1
            starts = None if rows else await connection.fetchval(*later)
        if starts is not None:
            return NewEpoch(to=Position(at.epoch + 1, starts), lost=at.pos - starts)
        return [
            Raw(epoch=row["epoch"], pos=row["pos"], document=row["document"], traceparent=row["traceparent"])
            for row in rows
        ]

    async def acknowledge(self, done: Sequence[Raw]) -> None:
        """Nobody waits for it: the position is in the same database."""
