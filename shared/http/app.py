"""Puts a service's routers into the common shell: access, problems, health, metrics, documents."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse
from opentelemetry.trace import TracerProvider
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http import auth, openapi, problem
from shared.http.access import AccessTable, AccessTableError, Role, match_table
from shared.http.bodies import BodyGuard
from shared.http.direct import direct_routes, express_routes
from shared.http.door import Door
from shared.http.express import Express, Recogniser
from shared.http.faces import Faces, mounted
from shared.http.limits import Buckets, CallerTable, Limiter, Rates, RateTable
from shared.http.shell import PLAIN, Shell
from shared.kernel.clock import Clock
from shared.obs import metrics

READY_OUTBOX_SECONDS = 60.0
L = TypeVar("L")


class Health(Protocol):
    """What `/readyz` asks. The bus is not part of it: gates work while it is away (F7)."""

    async def database_ok(self) -> bool:
        """Say whether the database answers."""

    async def outbox_age(self) -> float:
        """Tell the age in seconds of the oldest outbox row without a position; 0 for none.

        Without a position, not without a JetStream acknowledgement: numbering needs the database and the
        relay only, so an outage of the bus takes no gate out of service.
        """


class App(FastAPI):
    """A FastAPI application whose OpenAPI document names problems and roles.

    `direct` are the routes that are answered before middleware and router, by method and path; `express` those of them
    whose plain requests need no ASGI either, by path. `endless` are the paths of streams, which nobody asks for their
    head.
    """

    def __init__(self, *, table: AccessTable, **settings: Any) -> None:
        self._table = table
        self.direct: dict[tuple[str, str], ASGIApp] = {}
        self.express: dict[bytes, Express] = {}
        self.endless: frozenset[str] = frozenset()
        super().__init__(**settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection. What can be got can be asked for its head: the server leaves the body out."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and scope["path"] not in self.endless:
            scope = {**scope, "method": "GET"}
        if scope["type"] == "http" and (direct := self.direct.get((scope["method"], scope["path"]))):
            await direct(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Make the document once."""
        if self.openapi_schema is None:
            varying = {
                f"{method} {route.path_format}"
                for route in self.routes
                if isinstance(route, APIRoute) and route.dependant.response_param_name
                for method in route.methods or ()
            }
            self.openapi_schema = openapi.document(super().openapi(), self._table, varying)
        return self.openapi_schema


def make_app(
    service: str,
    *,
    routers: Sequence[APIRouter],
    access: AccessTable,
    db: object,
    clock: Clock,
    verifier: auth.Verifier,
    health: Health,
    title: str,
    version: str,
    description: str = "",
    authenticators: Mapping[str, auth.Authenticator] | None = None,
    recognisers: Mapping[str, Recogniser] | None = None,
    body_limits: Mapping[str, int] | None = None,
    rate_limits: RateTable | None = None,
    caller_rates: CallerTable | None = None,
    rates: Rates | None = None,
    readings: frozenset[str] = frozenset(),
    assets: Mapping[str, Path] | None = None,
    pages: Faces | None = None,
    door: Door | None = None,
    after_closing: frozenset[str] = frozenset(),
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    tracer_provider: TracerProvider | None = None,
    led_figures: Callable[[], Awaitable[bytes]] | None = None,
    ready_outbox_seconds: float = READY_OUTBOX_SECONDS,
) -> FastAPI:
    """Build a service's application.

    Handlers find `db` and `clock` in `request.app.state` and the caller by `who: access.Caller`.

    Args:
        service: name in logs and metrics.
        routers: the service's routes.
        access: the service's table; must match the routes exactly.
        db: what the handlers work on (`shared.db.pool.Database`).
        clock: the service's clock.
        verifier: verifies staff tokens.
        health: answers `/readyz`.
        title: for people, in the OpenAPI document.
        version: of the running code.
        description: for people who write clients, at the head of the OpenAPI document.
        authenticators: further Authorization schemes (`Device`, `Link`).
        recognisers: of such schemes, those whose callers can be known at once.
        body_limits: `"METHOD /path"` -> bytes, where a route takes more or less than 1 MB.
        rate_limits: `"METHOD /path"` -> how often, for routes that anybody may call.
        caller_rates: `"METHOD /path"` -> how often one caller who is known may call it.
        rates: what all other routes take; None: they are called as often as anybody likes.
        readings: `"POST /path"` of routes that read, with what must not stand in an address in their body.
        assets: path prefix -> folder of static files (scripts, styles, icons) that anybody may fetch.
        pages: how the service shows itself in a browser.
        door: tells whether anything is taken still; None: always.
        after_closing: `"METHOD /path"` of routes that answer still where it is not.
        lifespan: what runs around serving.
        tracer_provider: of `shared.obs.tracing.configure`; None: requests are not traced.
        led_figures: tells the figures of the process that leads, where it is another.
        ready_outbox_seconds: `/readyz` fails beyond this age.

    Raises:
        AccessTableError: routes and table differ, or a limit or reading names no route.
    """
    app = App(
        table=access,
        title=title,
        description=description,
        version=version,
        docs_url=None,  # the documentation pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={
            "tracing": tracer_provider is not None,
            "tracer_provider": tracer_provider,
            "metrics": False,  # ours carry the service and the route (screens.md section 6.2)
            "logs": False,
            "operation_spans": False,
            "exclude": lambda scope: scope["path"] in PLAIN,
        },
    )
    for router in routers:
        # As they are: including a router builds all its routes a second time, at every start.
        app.router.routes.extend(router.routes)
    routes = match_table(app.routes, access)
    limits = _limits(routes, body_limits or {})
    # By identity: routes do not hash, and they live as long as the application.
    cells = {(id(route), name.partition(" ")[0]): access[name] for name, route in routes.items()}
    _add_plain_routes(app, health, ready_outbox_seconds, led_figures)
    for prefix, folder in (assets or {}).items():
        app.mount(prefix, StaticFiles(directory=folder))
    for prefix, files in (mounted(pages) if pages else {}).items():
        app.mount(prefix, files)
    names = {id(route): name.partition(" ")[2] for name, route in routes.items()}
    app.state.db, app.state.clock, app.state.service, app.state.cells = db, clock, service, cells
    strangers = {**_strangers(access, rates), **(rate_limits or {}), **(pages.rates if pages else {})}
    app.state.limiters = {
        cell: Limiter(limit, clock.monotonic) for cell, limit in _by_cell(routes, strangers).items()
    }
    known = {**_known(access, rates), **(caller_rates or {})}
    app.state.calls = {cell: Buckets(rate, clock.monotonic) for cell, rate in _by_cell(routes, known).items()}
    app.state.readings = _cells_of(routes, readings)
    app.state.queries = {
        id(route): taken for route in routes.values() if (taken := _query_of(route)) is not None
    }
    app.endless = frozenset(
        route.path
        for route in routes.values()
        if isinstance(route, APIRoute) and route.response_class is EventSourceResponse
    )
    app.state.door, app.state.after_closing = door or Door(), _cells_of(routes, after_closing)
    app.state.pages, app.state.verifier = pages, verifier
    app.state.authenticate = auth.authentication(
        verifier, authenticators or {}, app, pages.sessions.authenticate if pages else None
    )
    problem.install(app)
    app.add_middleware(BodyGuard, limits=limits)
    app.add_middleware(Shell, service=service, routes=names)  # added last: outermost
    if tracer_provider is None:  # with one, FastAPI's own layers make the spans of every request
        app.direct = {
            key: Shell(direct, service=service, routes=names)
            for key, direct in direct_routes(app, routes, limits).items()
        }
        app.express = express_routes(app, routes, app.direct, recognisers or {})
    metrics.build_info(service, version=version)
    return app


def _limits(routes: Mapping[str, BaseRoute], limits: Mapping[str, int]) -> dict[int, int]:
    if unknown := limits.keys() - routes.keys():
        raise AccessTableError(f"a body limit without a route: {sorted(unknown)}")
    return {id(routes[name]): limit for name, limit in limits.items()}


def _cells_of(routes: Mapping[str, BaseRoute], readings: frozenset[str]) -> frozenset[tuple[int, str]]:
    if unknown := readings - routes.keys():
        raise AccessTableError(f"a reading or exception without a route: {sorted(unknown)}")
    return frozenset((id(routes[name]), name.partition(" ")[0]) for name in readings)


def _query_of(route: BaseRoute) -> frozenset[str] | None:
    """The parameters that a route of the interface takes behind the question mark; of pages, nobody asks."""
    if not isinstance(route, APIRoute) or not route.path.startswith("/v1/"):
        return None
    return frozenset(
        param.alias for param in get_flat_params(route.dependant) if isinstance(param.field_info, Query)
    )


def _strangers(access: AccessTable, rates: Rates | None) -> RateTable:
    """What public routes take that say nothing of their own."""
    return {name: rates.strangers for name, roles in access.items() if Role.PUBLIC in roles} if rates else {}


def _known(access: AccessTable, rates: Rates | None) -> CallerTable:
    """What routes take from one caller that say nothing of their own."""
    if rates is None:
        return {}
    return {name: rates.reads if name.startswith("GET ") else rates.writes for name in access}


def _by_cell(routes: Mapping[str, BaseRoute], limits: Mapping[str, L]) -> dict[tuple[int, str], L]:
    if unknown := limits.keys() - routes.keys():
        raise AccessTableError(f"a rate limit without a route: {sorted(unknown)}")
    return {(id(routes[name]), name.partition(" ")[0]): limit for name, limit in limits.items()}


def _add_plain_routes(
    app: App,
    health: Health,
    ready_outbox_seconds: float,
    led_figures: Callable[[], Awaitable[bytes]] | None,
) -> None:
    """Add what is not part of the service's own surface: probes, figures, the document. No sign-in."""

    async def livez(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        database = await health.database_ok()
        age = await health.outbox_age() if database else None
        if age is None or age > ready_outbox_seconds:
            return problem.render(
                503,
                "not_ready",
                "尚未就绪。Not ready.",
                extra={"database": database, "outbox_age_seconds": age},
                headers={"Retry-After": "5"},
            )
        return JSONResponse({"status": "ready", "database": True, "outbox_age_seconds": age})

    async def figures(_request: Request) -> Response:
        told = (
            metrics.exposition(metrics.REGISTRY) + await led_figures()
            if led_figures
            else metrics.exposition()
        )
        return Response(told, headers={"Content-Type": metrics.CONTENT_TYPE_LATEST})

    async def document(_request: Request) -> Response:
        return JSONResponse(app.openapi())

    for path, endpoint in zip(PLAIN, (livez, readyz, figures, document), strict=True):
        app.add_route(path, endpoint, methods=["GET"])
