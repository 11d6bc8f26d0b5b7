"""How far every consumer is behind every producer, read from the databases: the truth, not the transport."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg

HEADS = """
select c.channel, c.epoch, c.max_pos + (select count(*) from outbox o where o.channel = c.channel and o.pos is null)
  as pos
from outbox_channel c
"""
POSITIONS = "select consumer, producer, channel, epoch, last_pos from bus_position"
WAITING = "select count(*) from dead_letter where state = 'waiting'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """One consumer in one channel."""

    service: str
    consumer: str
    producer: str
    channel: str
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All of them."""

    lags: tuple[Lag, ...]
    committed: int
    dead_letters: int

    @property
    def behind(self) -> int:
        """Events still to be applied, over all consumers."""
        return sum(lag.behind for lag in self.lags)

    @property
    def equal(self) -> bool:
        """Has everyone applied everything?"""
        return self.behind == 0


async def progress(urls: Mapping[str, str]) -> Progress:
    """Look at once into each service's database (service -> URL of a role that may read it)."""
    async with AsyncExitStack() as open_ones:
        connections = {}
        for service, url in urls.items():
            connection = await asyncpg.connect(url, timeout=10)
            open_ones.push_async_callback(connection.close)
            connections[service] = connection
        return await progress_seen(connections)


async def progress_seen(connections: "Mapping[str, asyncpg.Connection[asyncpg.Record]]") -> Progress:
    """The same on connections that the caller keeps: who looks again and again need not connect every time.

    First all positions, then all heads, so that what somebody publishes for an event that they apply in between is
    seen. The other way round everybody would seem equal with an event on its way.
    """
    heads: dict[tuple[str, str], tuple[int, int]] = {}
    positions: list[tuple[str, asyncpg.Record]] = []
    dead = 0
    for service, connection in connections.items():
        positions.extend((service, row) for row in await connection.fetch(POSITIONS))
    for service, connection in connections.items():
        dead += await connection.fetchval(WAITING)
        for row in await connection.fetch(HEADS):
            heads[service, row["channel"]] = (row["epoch"], row["pos"])
    lags = []
    for service, row in positions:
        epoch, pos = heads.get((row["producer"], row["channel"]), (1, 0))
        lags.append(
            Lag(
                service=service,
                consumer=row["consumer"],
                producer=row["producer"],
                channel=row["channel"],
                behind=max(0, pos - (row["last_pos"] if row["epoch"] == epoch else 0)),
            )
        )
    return Progress(lags=tuple(lags), committed=sum(pos for _, pos in heads.values()), dead_letters=dead)
