"""The outermost layer around every request: correlation id, log line, figures, headers, the last catch."""

import time
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db import reach
from shared.http import problem
from shared.kernel.ids import uuid7
from shared.obs.logging import get_logger, use_correlation, write_fact
from shared.obs.metrics import HTTP_REQUESTS, HTTP_SECONDS
from shared.obs.tracing import begin

log = get_logger("http")

HEADERS = {  # set unless the response brings its own: pages have their own policy, assets their own caching
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    b"cross-origin-opener-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
PLAIN = ("/livez", "/readyz", "/metrics", "/openapi.json")
"""What every service has beside its own surface; asked every few seconds, so counted and not logged."""
_PASSING = (  # the database is away, restarting, full or in conflict: asking again is right
    ConnectionError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


class Shell:
    """Pure ASGI, one layer for all of it: a check at a gate passes here."""

    def __init__(self, app: ASGIApp, *, service: str, routes: Mapping[int, str]) -> None:
        self._app = app
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; an unhandled error becomes a 500 (or 503) problem and one log entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given, traceparent = _origin(scope)
        correlation = correlation_of(given) or uuid7()
        spelled = str(correlation)
        status = 0

        async def start(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-correlation-id", spelled.encode())]
                present = {name.lower() for name, _ in headers}
                if present.isdisjoint(HEADERS):
                    headers += HEADERS.items()
                else:
                    headers += [(name, value) for name, value in HEADERS.items() if name not in present]
                message["headers"] = headers
            await send(message)

        nowhere = reach.reaching(reach.NOBODY)  # until the access table has let somebody in
        with use_correlation(correlation), begin(traceparent, correlation=spelled), nowhere:
            try:
                if _holds_nul(scope):
                    answer = problem.render(400, "bad_request", "地址含有不允许的字符。A NUL in the address.")
                    await answer(scope, receive, start)
                else:
                    await self._app(scope, receive, start)
            except ClientDisconnect:
                log.info("caller_hung_up", method=scope["method"], route=self._route(scope))
            except Exception as error:  # the last catch: logged once, answered, never swallowed
                log.exception("request_failed", method=scope["method"], route=self._route(scope))
                if status == 0:
                    await problem.presented(Request(scope), _failure(error))(scope, receive, start)
            finally:
                self._account(scope, status or 499, time.perf_counter() - began)

    def _route(self, scope: Scope) -> str:
        known = self._routes.get(id(scope.get("route")))
        return known or (scope["path"] if scope["path"] in PLAIN else "(none)")

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"  # strangers invent methods
        account(self._service, self._route(scope), method, status, seconds)


def account(
    service: str, route: str, method: str, status: int, seconds: float, *, correlation: str | None = None
) -> None:
    """Count a request that was answered, and log it under its correlation id (None: the one under way)."""
    duration, count = _figures(service, route, method, status)
    duration.observe(seconds)
    count.inc()
    if route not in PLAIN:
        write_fact(
            "http",
            "http_request",
            correlation=correlation,
            method=method,
            route=route,
            code=status,
            seconds=round(seconds, 5),
        )


@lru_cache(maxsize=1_000)
def _figures(service: str, route: str, method: str, status: int) -> tuple[Histogram, Counter]:
    """The series of a kind of answer; there are few, and finding one costs more than counting."""
    found = service, route, method, status
    return HTTP_SECONDS.labels(*found), HTTP_REQUESTS.labels(*found)


def _failure(error: Exception) -> problem.ProblemResponse:
    if isinstance(error, _PASSING):
        return problem.of_refusal(problem.Unavailable())
    return problem.render(
        500,
        "internal_error",
        "系统内部错误，已记录。Something went wrong here; it has been recorded.",
        remedy="请稍后重试，报告时附上 correlation_id。Try again later; report it with the correlation_id.",
    )


def _origin(scope: Scope) -> tuple[str | None, str | None]:
    """What the caller says of where the request comes from: correlation id and trace."""
    correlation = traceparent = None
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            correlation = correlation or value.decode("latin-1")
        elif name == b"traceparent":
            traceparent = traceparent or value.decode("latin-1")
    return correlation, traceparent


def correlation_of(text: str | None) -> UUID | None:
    """The id that a caller gave, if it is one."""
    try:
        return UUID(text) if text else None
    except ValueError:  # a caller's oddity is no reason to refuse; it gets a fresh id
        return None


def _holds_nul(scope: Scope) -> bool:
    return "\0" in scope["path"] or b"%00" in scope["query_string"] or b"\0" in scope["query_string"]
