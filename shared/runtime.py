"""Start, supervise and drain a service: the same for all five.

HTTP answers as soon as the service's own database does; the bus may be away. One process of a service leads
(`shared.leader`): the one that answers, or one of its own beside it (`shared.beside`).
"""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
import uvloop
from fastapi import APIRouter, FastAPI
from opentelemetry.trace import TracerProvider
from pydantic import ValidationError

from shared import beside
from shared.audit import browsing, chain
from shared.bus import outbox
from shared.bus.consumer import Consumer
from shared.context import Context, open_context
from shared.db.closing import Closing, reapply
from shared.db.erasures import Forget, nothing_to_forget, reapply_erasures
from shared.db.pool import TRANSIENT, Committed, Database, Rejections
from shared.http.access import AccessTable
from shared.http.app import make_app
from shared.http.auth import OLDEST, OLDEST_IN_PRODUCTION, Authenticator, Jwks, StaffVerifier
from shared.http.express import Recogniser
from shared.http.faces import Faces
from shared.http.limits import CallerTable, RateTable
from shared.http.server import DRAIN_SECONDS, Server, listening, uvicorn_config
from shared.kernel.clock import Clock, clock_from
from shared.kernel.tasks import stop
from shared.kernel.version import VERSION
from shared.leader import Leader, Ticker, while_open
from shared.obs import logging, metrics, tracing
from shared.production import insist
from shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

COLLECT_AFTER = 20_000
"""More objects made than dropped, before the collector looks at the young ones: some hundred requests."""
S = TypeVar("S", bound=ServiceSettings)


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
    readings: frozenset[str] = frozenset()
    """`"POST /path"` of routes that only read: their transactions see the caller's places, see `shared.db.reach`."""
    rate_limits: RateTable = field(default_factory=dict)
    """"METHOD /path" -> how often an address and all together may call it; for public routes."""
    caller_rates: CallerTable = field(default_factory=dict)
    """"METHOD /path" -> how often one caller may call it, where that is not what the settings say for all routes."""
    pages: Faces | None = None
    """How it shows itself in a browser, see `shared.pages`."""
    forget: Forget = nothing_to_forget
    """Blanks what is kept under keys that were destroyed: done again before a restored database opens."""
    closing: Closing = field(default_factory=Closing)
    """What closing down does here besides destroying keys."""
    after_closing: frozenset[str] = frozenset()
    """`"METHOD /path"` of routes that are answered still where the measures are over; all others refuse."""
    prepare: Sequence[Callable[[], Awaitable[None]]] = ()
    """Done once the database answers and before HTTP opens, by every process; idempotent."""


Build = Callable[[Context], Service]


def serve(build: Build, settings_class: type[S], *, leader_beside: bool = False) -> None:
    """Run a service until SIGTERM or SIGINT; exit code 0 after a clean drain.

    Args:
        build: puts the service together.
        settings_class: of the service.
        leader_beside: relay, consumers and tickers get a process of their own, so that no answer waits for them.
    """
    settings = _settings(settings_class)
    insist(settings)
    if not leader_beside:
        _run(Runtime(build, settings).run())
        return
    other = beside.fork(lambda line: _run(Runtime(build, settings).lead(line)))
    try:
        _run(Runtime(build, settings).run(other))
    finally:
        other.close()


def _settings(settings_class: type[S]) -> S:
    try:
        return settings_class()
    except ValidationError as refused:
        said = [
            f"FANGKONG_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}"
            for one in refused.errors(include_input=False, include_url=False)
        ]
        raise SystemExit("\n".join(["the settings cannot be used:", *said])) from None


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


class Health:
    """What `/readyz` asks: the database and the outbox's age, never the bus."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def database_ok(self) -> bool:
        """Does the database answer within two seconds?"""
        try:
            async with asyncio.timeout(2), self.database.statements() as connection:
                return bool(await connection.fetchval("select true"))
        except TRANSIENT:
            return False

    async def outbox_age(self) -> float:
        """Seconds since the oldest event without a position was committed; 0 for none."""
        async with self.database.statements() as connection:
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

    async def run(self, other: beside.Beside | None = None) -> None:
        """From nothing to ready to drained.

        Args:
            other: the process that leads for this one; None: it may lead itself.
        """
        name = service_name(self.build)
        provider = self._begin(name, signal.SIGTERM, signal.SIGINT)
        with listening(self.settings) as listener:
            self.port = listener.getsockname()[1]
            context = await self._patiently_open(name)
            if context is not None:
                try:
                    await self._serve(context, listener, other, provider)
                finally:
                    await context.close()
        tracing.shutdown()
        log.info("stopped")

    async def _serve(
        self,
        context: Context,
        listener: socket.socket,
        other: beside.Beside | None,
        provider: TracerProvider | None,
    ) -> None:
        service = await self._prepared(context)
        app = assemble(
            service, context, tracer_provider=provider, led_figures=other.figures if other else None
        )
        spare_the_collector()
        if other:
            await self._work(app, listener, other.run(context.database.committed), context)
            return
        leader = self._leader(context, service)
        try:
            await self._work(app, listener, leader.run(), context)
        finally:
            await leader.close()

    async def lead(self, line: socket.socket) -> None:
        """All that a leader does, for a process that answers and holds the other end of the line."""
        name = service_name(self.build)
        # A terminal sends it to both, and the other one tells us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._begin(name, signal.SIGTERM)
        metrics.tell_process(metrics.BESIDE, "leader")
        committed = Committed()
        obeying = asyncio.create_task(beside.obey(line, wake=committed, stopping=self.stopping), name="obey")
        context = await self._patiently_open(name)
        if context is not None:
            context.database.committed = committed
            try:
                leader = self._leader(context, await self._prepared(context))
                spare_the_collector()
                watching = context.door.watch(context.database, context.own_vault)
                await self._until_stopped(
                    asyncio.create_task(leader.run(), name="leader"),
                    asyncio.create_task(watching, name="door"),
                )
                await leader.close()
            finally:
                await context.close()
        await stop(obeying)
        tracing.shutdown()

    def _begin(self, name: str, *signals: signal.Signals) -> TracerProvider | None:
        logging.configure(name, self.settings.log_level)
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self.stopping.set)
        return tracing.configure(name, VERSION)

    async def _prepared(self, context: Context) -> Service:
        service = self.build(context)
        context.database.rejections = service.rejections
        await self._agree_on_erasures(context, service)
        for prepare in service.prepare:
            await prepare()
        return service

    async def _agree_on_erasures(self, context: Context, service: Service) -> None:
        """Nothing opens while a database or key store that came back from a backup knows less than the other."""
        if context.keystore is None or context.own_vault is None:
            return
        done = await reapply_erasures(context.database, context.keystore, context.own_vault, service.forget)
        if done.keys or done.blanked:
            log.warning("erasures_reapplied", keys=done.keys, blanked=done.blanked)
        if await reapply(context.database, context.keystore, context.own_vault, service.closing):
            log.warning("closed_down_already")
        await context.door.look(context.database, context.own_vault)

    def _leader(self, context: Context, service: Service) -> Leader:
        return Leader(
            context.database,
            self.settings,
            consumers=service.consumers,
            tickers=(chain.linking(), browsing.browsing(), *while_open(service.tickers, context.door)),
        )

    async def _patiently_open(self, name: str) -> Context | None:
        """The databases, waited for as long as it takes; None when stopped meanwhile."""
        while not self.stopping.is_set():
            try:
                return await open_context(name, self.settings, self.clock, stopping=self.stopping)
            except TRANSIENT as error:
                log.info("waiting_for_database", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self.stopping.wait()
        return None

    async def _work(
        self, app: FastAPI, listener: socket.socket, leading: Coroutine[Any, Any, None], context: Context
    ) -> None:
        server = Server(uvicorn_config(app, self.settings))
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http")
        log.info("started", port=self.port)
        self.started.set()

        async def drain() -> None:
            server.should_exit = True
            await asyncio.wait({serving}, timeout=DRAIN_SECONDS)

        watching = context.door.watch(context.database, context.own_vault)
        await self._until_stopped(
            serving,
            asyncio.create_task(leading, name="leader"),
            asyncio.create_task(watching, name="door"),
            drain=drain,
        )

    async def _until_stopped(
        self, *working: "asyncio.Task[None]", drain: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Until SIGTERM, or until a part of the service failed: let it be restarted then, and say why."""
        stopping = asyncio.create_task(self.stopping.wait(), name="stop")
        done, _ = await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if drain:
            await drain()
        for task in (*working, stopping):
            await stop(task)
        if stopping not in done:
            for task in working:
                if not task.cancelled() and (error := task.exception()):
                    raise error


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


def assemble(
    service: Service,
    context: Context,
    *,
    tracer_provider: TracerProvider | None = None,
    led_figures: Callable[[], Awaitable[bytes]] | None = None,
) -> FastAPI:
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
        caller_rates={
            name: rate.times(context.settings.caller_rate_scale)
            for name, rate in service.caller_rates.items()
        },
        rates=context.settings.rates,
        readings=service.readings,
        pages=service.pages,
        door=context.door,
        after_closing=service.after_closing,
        tracer_provider=tracer_provider,
        led_figures=led_figures,
    )
    app.state.context = context
    return app


def _verifier(settings: ServiceSettings, clock: Clock) -> StaffVerifier:
    if settings.jwks_file:
        keys = Jwks.from_file(settings.jwks_file, clock)
    elif settings.jwks_url:
        keys = Jwks.from_url(
            settings.jwks_url, clock, settings.issuer_ca_file, trust_development=settings.mode != "production"
        )
    else:
        raise SystemExit(
            "set FANGKONG_JWKS_FILE or FANGKONG_JWKS_URL: without the issuer's keys nobody can sign in"
        )
    oldest = settings.token_seconds or (OLDEST_IN_PRODUCTION if settings.mode == "production" else OLDEST)
    return StaffVerifier(keys, issuer=settings.issuer, clock=clock, oldest=oldest)
