"""What one process of a service does for all: relay, consumers and tickers.

Another takes over when its lock is lost. Correctness never depends on the leader being alone (positions are compared
and set, numbering takes a lock).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
import structlog

from shared.bus.consumer import Consumer
from shared.bus.credentials import Credentials
from shared.bus.link import Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.pool import TRANSIENT, Database, looking
from shared.events import catalogue
from shared.http.door import Door
from shared.kernel.tasks import stop, stop_if_cancelled
from shared.obs.metrics import LED
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 5.0
"""How long the relay may go on publishing what is committed when its process stops."""
NOTE_EVERY_SECONDS = 10.0
"""How often a ticker writes down how far it is while time only passes: each note is a write that is synced."""
STEP_SEEN_SECONDS = 0.1
"""How soon tickers follow when business time is stepped: whoever steps it waits for all of them."""
AGAIN_SECONDS = 0.2
"""How long after a step they look once more: what one does may be due for another."""
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
    every_seconds: float = 1.0
    """How often it looks while things happen here."""
    idle_seconds: float = 5.0
    """How often it looks at least, while nothing was committed by this process and time only passes."""
    waited_for: bool = True
    """Whether it looks at once when business time is stepped, and whoever steps it waits until that was done: not for
    what only counts for the gauges."""
    after_closing: bool = False
    """Whether it goes on where the measures are over: only what closes down does."""


def each_minute(work: Callable[[Database], Awaitable[object]]) -> Callable[[Database], Awaitable[None]]:
    """What a ticker does once in a minute of business time, and at once when that was stepped."""
    done: datetime | None = None

    async def act(database: Database) -> None:
        nonlocal done
        minute = database.clock.now().replace(second=0, microsecond=0)
        if minute != done:
            await work(database)
            done = minute

    return act


def while_open(tickers: Sequence[Ticker], door: Door) -> list[Ticker]:
    """The same tickers, of which most have nothing to do where the measures are over."""

    def held(ticker: Ticker) -> Ticker:
        async def act(database: Database) -> None:
            if not door.closed:
                await ticker.act(database)

        return ticker if ticker.after_closing else replace(ticker, act=act)

    return [held(ticker) for ticker in tickers]


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
        self._stepped = asyncio.Event()
        self.link = Link(
            settings.nats_url,
            name=database.service,
            credentials=Credentials.read(settings.nats_credentials_file, database.service),
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
                group.create_task(self._follow_steps(), name="follow-steps")
                for ticker in self.tickers:
                    group.create_task(self._tick(ticker), name=f"tick-{ticker.name}")

        working = asyncio.create_task(work(), name="lead")
        try:
            with LED.leading():
                while not working.done():
                    await connection.fetchval("select 1", timeout=5)
                    await asyncio.wait({working}, timeout=2)
                await working
        finally:
            await stop(working)

    async def _tick(self, ticker: Ticker) -> None:
        looking.set(True)
        clock, noted, woken = self.database.clock, None, False
        while True:
            stop_if_cancelled()
            # Before looking at clock and facts: what happens meanwhile is not missed.
            stepped = self._stepped if ticker.waited_for else asyncio.Event()
            known = self.database.committed.count
            now, real = clock.now(), clock.monotonic()
            try:
                await ticker.act(self.database)
                if woken:
                    await asyncio.sleep(AGAIN_SECONDS)
                    await ticker.act(self.database)
                if ticker.waited_for and _to_note(noted, now, real):
                    async with self.database.statements() as connection:
                        await connection.execute(TICKED, ticker.name, now)
                    noted = now, real
            except TRANSIENT as error:
                log.info("ticker_waits", ticker=ticker.name, error=type(error).__name__)
                await asyncio.sleep(1)
            woken = await self._rest(ticker, stepped, known)

    async def _rest(self, ticker: Ticker, stepped: asyncio.Event, known: int) -> bool:
        """Until it is to look again; tells whether that is because business time was stepped.

        A fast clock brings on what is due without anybody committing.
        """
        clock = self.database.clock
        latest = clock.monotonic() + (ticker.idle_seconds if clock.business_seconds_rate <= 1 else 0)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(ticker.every_seconds):
                    await stepped.wait()
            if stepped.is_set() or self.database.committed.count != known or clock.monotonic() >= latest:
                return stepped.is_set()

    async def _follow_steps(self) -> None:
        """Wake all tickers when business time was set to another, instead of having each look often."""
        clock = self.database.clock
        now, real = clock.now(), clock.monotonic()
        while True:
            stop_if_cancelled()
            await asyncio.sleep(STEP_SEEN_SECONDS)
            before, since = now, real
            now, real = clock.now(), clock.monotonic()
            passed = (real - since) * clock.business_seconds_rate
            if abs((now - before).total_seconds() - passed) >= 1:
                self._stepped.set()
                self._stepped = asyncio.Event()


def _to_note(noted: tuple[datetime, float] | None, now: datetime, real: float) -> bool:
    """Whether to note how far a ticker is: at once when time was stepped, for whoever waits; else rarely."""
    if noted is None:
        return True
    moved, passed = (now - noted[0]).total_seconds(), real - noted[1]
    return abs(moved) >= 1 and (abs(moved - passed) >= 1 or passed >= NOTE_EVERY_SECONDS)
