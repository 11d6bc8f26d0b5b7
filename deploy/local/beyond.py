"""What readers hold beyond a restored producer: told by it once, and no longer in its outbox.

Nobody can decide by a rule what becomes of it, so it is named until somebody settled it: read models are built again,
for other services a person looks.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg

HELD = """
select consumer, producer, channel, epoch, from_pos, to_pos from bus_beyond
where settled_at is null order by producer, channel, epoch, consumer
"""
SETTLE = "update bus_beyond set settled_at = clock_timestamp(), note = $1 where settled_at is null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Positions of an ended epoch that a consumer applied and their producer no longer has."""

    service: str
    consumer: str
    producer: str
    channel: str
    epoch: int
    from_pos: int
    to_pos: int

    @property
    def events(self) -> int:
        """How many."""
        return self.to_pos - self.from_pos + 1


async def held_beyond(urls: Mapping[str, str]) -> list[Held]:
    """What is not settled in any service (service -> URL of a role that may read it)."""
    found: list[Held] = []
    async with AsyncExitStack() as open_ones:
        for service, url in urls.items():
            connection = await asyncpg.connect(url, timeout=10)
            open_ones.push_async_callback(connection.close)
            found += [Held(service=service, **row) for row in await connection.fetch(HELD)]
    return found


async def settle(connection: Any, note: str) -> int:
    """Somebody decided what becomes of all that a service holds; returns how many stretches that were."""
    return int((await connection.execute(SETTLE, note)).rsplit(" ", 1)[1])
