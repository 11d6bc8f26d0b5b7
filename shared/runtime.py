"""Start, supervise and drain a service: the same for all five.

HTTP answers as soon as the service's own database does; the bus may be away. One process of a service leads: it
runs the relay, the consumers and the tickers, and another takes over when its lock is lost. Correctness never
depends on the leader being alone (positions are compared and set, numbering takes a lock).
"""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import structlog
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from opentelemetry.trace import TracerProvider

from shared.bus import outbox
from shared.bus.consumer import Consumer
from shared.bus.link import Credentials, Link
from shared.bus.relay import Relay
from shared.bus.runner import Runner
from shared.db.keystore import PostgresKeyStore
from shared.db.pool import TRANSIENT, Database, Rejections
from shared.events import catalogue
from shared.http.access import AccessTable
from shared.http.app import make_app
from shared.http.auth import Authenticator, Jwks, StaffVerifier
from shared.http.express import Recogniser
from shared.http.limits import RateTable
from shared.http.wire import HttpProtocol
from shared.kernel.cards import CardKeys
from shared.kernel.clock import Clock, clock_from
from shared.kernel.sealed import MasterKeys, Vault
from shared.kernel.tasks import stop, stop_if_cancelled
from shared.kernel.version import VERSION
from shared.obs import logging, tracing
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 20.0
COLLECT_AFTER = 20_000
"""More objects made than dropped, before the collector looks at the young ones: some hundred requests."""
LEADER_LOCK = "select pg_try_advisory_lock(hashtextextended('fangkong.leader', 0))"
TICKED = """
insert into ticked (ticker, through) values ($1, $2)
on conflict (ticker) do update set through = greatest(ticked.through, excluded.through)
"""
S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a service works with."""

    settings: Any
    clock: Clock
    database: Database
    keystore: PostgresKeyStore | None
    own_vault: Vault | None
    own_cards: CardKeys | None

    @property
    def vault(self) -> Vault:
        """Seals and opens personal fields. Raises `RuntimeError` in a service that was given no keys."""
        if self.own_vault is None:
            raise RuntimeError(
                "set FANGKONG_KEYSTORE_URL and FANGKONG_MASTER_KEY_FILE: this service seals fields"
            )
        return self.own_vault

    @property
    def cards(self) -> CardKeys:
        """Seals and opens cards. Raises `RuntimeError` in a service that was given no card keys."""
        if self.own_cards is None:
            raise RuntimeError("set FANGKONG_CARD_KEYS_FILE: this service exchanges cards")
        return self.own_cards

    async def close(self) -> None:
        """Let go of both databases."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.database.close()
        if self.keystore:
            await self.keystore.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """Work that falls due by business time. `act` finds out by itself what is due; run twice, it acts once."""

    name: str
    act: Callable[[Database], Awaitable[None]]
    every_seconds: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as its `app.py` puts it together."""

    name: str
    title: str
    routers: Sequence[APIRouter]
    access: AccessTable
    rejections: Rejections = field(default_factory=dict)
    consumers: Sequence[Consumer] = ()
    tickers: Sequence[Ticker] = ()
    authenticators: Mapping[str, Authenticator] = field(default_factory=dict)
    recognisers: Mapping[str, Recogniser] = field(default_factory=dict)
    """By Authorization scheme: who is known at once, for routes that answer at once."""
    description: str = ""
    """At the head of the OpenAPI document: what a caller has to know beside routes and shapes."""
    body_limits: Mapping[str, int] = field(default_factory=dict)
    """"METHOD /path" -> bytes, where a route takes more or less than 1 MB."""
    rate_limits: RateTable = field(default_factory=dict)
    """"METHOD /path" -> how often an address and all together may call it; for public routes."""
    prepare: Sequence[Callable[[], Awaitable[None]]] = ()
    """Done once the database answers and before HTTP opens, by every process; idempotent."""


Build = Callable[[Context], Service]


def serve(build: Build, settings_class: type[S]) -> None:
    """Run a service until SIGTERM or SIGINT; exit code 0 after a clean drain."""
    settings = settings_class()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Runtime(build, settings).run())


class Health:
    """What `/readyz` asks: the database and the outbox's age, never the bus."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def database_ok(self) -> bool:
        """Does the database answer within two seconds?"""
        try:
            async with asyncio.timeout(2), self.database.pool.acquire() as connection:
                return bool(await connection.fetchval("select true"))
        except TRANSIENT:
            return False

    async def outbox_age(self) -> float:
        """Seconds since the oldest event without a position was committed; 0 for none."""
        async with self.database.pool.acquire() as connection:
            return float(await connection.fetchval(outbox.UNNUMBERED_SECONDS) or 0)


class Runtime:
    """One process of a service."""

    def __init__(self, build: Build, settings: ServiceSettings) -> None:
        self.settings = settings
        self.clock = clock_from(settings)
        self.build = build
        self.stopping = asyncio.Event()
        self.started = asyncio.Event()
        self.port = 0

    async def run(self) -> None:
        """From nothing to ready to drained."""
        name = service_name(self.build)
        logging.configure(name, self.settings.log_level)
        provider = tracing.configure(name, VERSION)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        with listening(self.settings) as listener:
            self.port = listener.getsockname()[1]
            context = await self._patiently_open(name)
            if context is None:
                return
            link = self._link(name)
            relay = Relay(context.database, link, channels=catalogue.channels_of(name))
            try:
                service = self.build(context)
                context.database.rejections = service.rejections
                for prepare in service.prepare:
                    await prepare()
                link.start()
                app = assemble(service, context, tracer_provider=provider)
                spare_the_collector()
                await self._work(app, listener, Leader(context.database, link, relay, service))
            finally:
                await relay.drain(5)
                await link.stop()
                await context.close()
        tracing.shutdown()
        log.info("stopped")

    async def _patiently_open(self, name: str) -> Context | None:
        """The databases, waited for as long as it takes; None when stopped meanwhile."""
        while not self.stopping.is_set():
            try:
                return await open_context(name, self.settings, self.clock)
            except TRANSIENT as error:
                log.info("waiting_for_database", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self.stopping.wait()
        return None

    def _link(self, name: str) -> Link:
        return Link(
            self.settings.nats_url,
            name=name,
            credentials=Credentials.read(self.settings.nats_credentials_file),
            ca_file=self.settings.nats_ca_file,
        )

    async def _work(self, app: FastAPI, listener: socket.socket, leader: "Leader") -> None:
        server = _Server(_uvicorn_config(app, self.settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        leading = asyncio.create_task(leader.run(), name="leader")
        stopping = asyncio.create_task(self.stopping.wait(), name="stop")
        log.info("started", port=self.port)
        self.started.set()
        done, _ = await asyncio.wait({serving, leading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await asyncio.wait({serving}, timeout=DRAIN_SECONDS)
        for task in (leading, stopping):
            await stop(task)
        results = await asyncio.gather(serving, leading, return_exceptions=True)
        if stopping not in done:  # a part of the service failed: let it be restarted, and say why
            for result in results:
                if isinstance(result, Exception):
                    raise result


class Leader:
    """Runs what one process of a service does for all: relay, consumers, tickers."""

    def __init__(self, database: Database, link: Link, relay: Relay, service: Service) -> None:
        self.database, self.relay, self.service = database, relay, service
        self.runner = Runner(database, link, service.consumers)

    async def run(self) -> None:
        """Until cancelled: wait for the lock, work while it is held."""
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

    async def _lead(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.relay.run(), name="relay")
                group.create_task(self.runner.run(), name="consumers")
                for ticker in self.service.tickers:
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


def spare_the_collector() -> None:
    """Take what lives as long as the process out of the garbage collector's rounds, and make rounds rarer.

    Code, models and routes are some hundred thousand objects; nothing in them is ever garbage, and every full round
    would walk them again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def service_name(build: Build) -> str:
    """The package's name is the service's name: `services.gate.app` builds `gate`."""
    return build.__module__.split(".")[1]


async def open_context(name: str, settings: ServiceSettings, clock: Clock) -> Context:
    """What a service works with, connected. Raises one of TRANSIENT while a database is away."""
    database = await Database.open(
        settings.database_url, service=name, clock=clock, size=settings.database_pool
    )
    try:
        store = (
            await PostgresKeyStore.open(settings.keystore_url, service=name)
            if settings.keystore_url
            else None
        )
    except BaseException:
        await database.close()
        raise
    vault = (
        Vault(store, MasterKeys.load(settings.master_key_file), clock)
        if store and settings.master_key_file
        else None
    )
    cards = CardKeys.load(settings.card_keys_file) if settings.card_keys_file else None
    return Context(
        settings=settings, clock=clock, database=database, keystore=store, own_vault=vault, own_cards=cards
    )


def assemble(service: Service, context: Context, *, tracer_provider: TracerProvider | None = None) -> FastAPI:
    """The service's HTTP application around its context."""
    app = make_app(
        service.name,
        routers=service.routers,
        access=service.access,
        db=context.database,
        clock=context.clock,
        verifier=_verifier(context.settings, context.clock),
        health=Health(context.database),
        title=service.title,
        description=service.description,
        version=VERSION,
        authenticators=service.authenticators,
        recognisers=service.recognisers,
        body_limits=service.body_limits,
        rate_limits=service.rate_limits,
        tracer_provider=tracer_provider,
    )
    app.state.context = context
    return app


def _verifier(settings: ServiceSettings, clock: Clock) -> StaffVerifier:
    if settings.jwks_file:
        keys = Jwks.from_file(settings.jwks_file, clock)
    elif settings.jwks_url:
        keys = Jwks.from_url(settings.jwks_url, clock)
    else:
        raise SystemExit(
            "set FANGKONG_JWKS_FILE or FANGKONG_JWKS_URL: without the issuer's keys nobody can sign in"
        )
    return StaffVerifier(keys, issuer=settings.issuer, clock=clock)


def _uvicorn_config(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=int(DRAIN_SECONDS),
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: the runtime drains more than HTTP and exits with 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def listening(settings: ServiceSettings) -> Iterator[socket.socket]:
    """The service's socket, bound before anything else starts, so that a taken port is one clear sentence.

    The protocol is named because asyncio sets TCP_NODELAY only then; without it every answer on a kept connection
    waits 40 ms for the client's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host, settings.http_port))
        except OSError as error:
            sys.exit(f"port {settings.http_port} on {settings.http_host} cannot be used: {error.strerror}")
        listener.listen(1024)
        yield listener
