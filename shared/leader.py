"""What one process of a service does for all: relay, consumers and tickers.

Another takes over when its lock is lost. Correctness never depends on the leader being alone (positions are compared
and set, numbering takes a lock).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from shared.bus.consumer import Consumer
from shared.bus.link import Credentials, Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.pool import TRANSIENT, Database
from shared.events import catalogue
from shared.kernel.tasks import stop, stop_if_cancelled
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 5.0
"""How long the relay may go on publishing what is committed when its process stops."""
LEADER_LOCK = "select pg_try_advisory_lock(hashtextextended('fangkong.leader', 0))"
TICKED = """
insert into ticked (ticker, through) values ($1, $2)
on conflict (ticker) do update set through = greatest(ticked.through, excluded.through)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """Work that falls due by business time. `act` finds out by itself what is due; run twice, it acts once."""

    name: str
    act: Callable[[Database], Awaitable[None]]
    every_seconds: float = 0.5


class Leader:
    """Leads, or waits until it may."""

    def __init__(
        self,
        database: Database,
        settings: ServiceSettings,
        *,
        consumers: Sequence[Consumer],
        tickers: Sequence[Ticker],
    ) -> None:
        self.database, self.tickers = database, tickers
        self.link = Link(
            settings.nats_url,
            name=database.service,
            credentials=Credentials.read(settings.nats_credentials_file),
            ca_file=settings.nats_ca_file,
        )
        self.relay = Relay(database, self.link, channels=catalogue.channels_of(database.service))
        self.runner = Runner(database, self.link, consumers)

    async def run(self) -> None:
        """Until cancelled: wait for the lock, work while it is held."""
        self.link.start()
        while True:
            try:
                connection = await asyncpg.connect(self.database.url, timeout=10)
            except TRANSIENT as error:
                log.info("leader_waits", error=type(error).__name__)
                await asyncio.sleep(1)
                continue
            try:
                if await connection.fetchval(LEADER_LOCK):
                    log.info("leading")
                    await self._lead(connection)
                else:
                    await asyncio.sleep(1)
            except TRANSIENT as error:
                log.warning("leadership_lost", error=type(error).__name__)
                await asyncio.sleep(0.5)
            finally:
                connection.terminate()

    async def close(self) -> None:
        """After `run` ended: publish what is committed, as far as bus and time allow, and leave the bus."""
        await self.relay.drain(DRAIN_SECONDS)
        await self.link.stop()

    async def _lead(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.relay.run(), name="relay")
                group.create_task(self.runner.run(), name="consumers")
                for ticker in self.tickers:
                    group.create_task(self._tick(ticker), name=f"tick-{ticker.name}")

        working = asyncio.create_task(work(), name="lead")
        try:
            while not working.done():
                await connection.fetchval("select 1", timeout=5)
                await asyncio.wait({working}, timeout=2)
            await working
        finally:
            await stop(working)

    async def _tick(self, ticker: Ticker) -> None:
        recorded = None
        while True:
            stop_if_cancelled()
            now = self.database.clock.now()
            try:
                await ticker.act(self.database)
                if recorded is None or abs(now - recorded) >= timedelta(seconds=1):
                    async with self.database.begin() as tx:
                        await tx.execute(TICKED, ticker.name, now)
                    recorded = now
            except TRANSIENT as error:
                log.info("ticker_waits", ticker=ticker.name, error=type(error).__name__)
                await asyncio.sleep(1)
            await asyncio.sleep(ticker.every_seconds)
