"""Requests that hold nothing out of the ordinary, answered from head and body as they came, without ASGI.

For a route that is asked all day, the tasks, scopes and messages between a server and an application cost more than the
answer. A direct route may therefore say how it answers at once (`at_once`). The protocol hands its requests in here; a
caller that is known already, with JSON that fits the model, is answered in one piece. Everything else takes the usual
way with the same bytes: here nothing is refused, and until a request is taken nothing has happened. What fails after
it was taken is told by the usual way too, so that there is one place that renders problems.

From outside the two ways look the same: `tests/integration/gate/test_gate_express.py` compares them.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message

from shared.http.access import Principal, Role
from shared.http.limits import Buckets
from shared.http.shell import HEADERS, account, correlation_of
from shared.kernel.ids import uuid7
from shared.obs import tracing

LONGEST = 16_384
"""Bytes of a body; longer ones take the usual way, which guards them while they arrive."""
FAILED = "fangkong.failed"
"""Scope key of what a request that was taken here failed with; a direct route raises it."""
_AT_ONCE = "at_once"

Headers = Sequence[tuple[bytes, bytes]]
Recogniser = Callable[[str, FastAPI], Principal | None]
"""Tells at once who is behind a credential that was proved lately; None: the authenticator has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from: what its log line, its answer and its events name."""

    correlation: UUID
    traceparent: str | None


class Reply(NamedTuple):
    """What is answered, in JSON."""

    status: int
    content: bytes


class Pending(NamedTuple):
    """An answer under way. `reply` makes it of the outcome, or raises what the usual way would raise."""

    outcome: "asyncio.Future[Any]"
    reply: Callable[[Any], Reply]


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
AtOnce = Callable[[Any, Principal, Origin, FastAPI], Pending | None]
"""Takes a request of body, caller and origin; None, before anything happened: let it take the usual way."""


def answers_at_once(at_once: AtOnce) -> Callable[[Endpoint], Endpoint]:
    """Say of a direct route's endpoint how requests without anything out of the ordinary are answered."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _AT_ONCE, at_once)
        return endpoint

    return mark


def at_once_of(endpoint: Callable[..., Any]) -> AtOnce | None:
    """How an endpoint answers at once, if it does."""
    found: AtOnce | None = getattr(endpoint, _AT_ONCE, None)
    return found


class Express:
    """One route for plain requests: `POST` of one JSON body to a fixed path."""

    def __init__(
        self,
        app: FastAPI,
        usual: ASGIApp,
        *,
        path: str,
        adapter: TypeAdapter[Any],
        at_once: AtOnce,
        allowed: frozenset[Role],
        calls: Buckets | None,
        recognisers: Mapping[str, Recogniser],
    ) -> None:
        self._app = app
        self._usual = usual
        self._path = path
        self._adapter = adapter
        self._at_once = at_once
        self._allowed = allowed
        self._calls = calls
        self._recognisers = {f"{scheme} ".encode(): found for scheme, found in recognisers.items()}

    def take(self, headers: Headers, body: bytes, answer: Callable[[bytes], None]) -> bool:
        """Take a request and answer it later, or leave it as if it had never been seen.

        Args:
            headers: names in lower case.
            body: all of it.
            answer: sends a whole HTTP response; called once, in a later turn of the event loop.
        """
        if self._app.state.door.closed:
            return False
        began = time.perf_counter()
        kind, credential, given, traceparent = _head(headers)
        who = self._caller(credential) if kind == b"application/json" and b"\\u0000" not in body else None
        if who is None or (self._calls is not None and self._calls.wait(who.subject) > 0):
            return False
        try:
            asked = self._adapter.validate_json(body)
        except ValidationError:
            return False
        origin = Origin(correlation=correlation_of(given) or uuid7(), traceparent=tracing.origin(traceparent))
        try:
            pending = self._at_once(asked, who, origin, self._app)
        except Exception:  # noqa: BLE001 -- nothing happened yet: the usual way finds it again, and tells and logs it
            return False
        if pending is None:
            return False
        if self._calls is not None:
            self._calls.spend(who.subject)
        pending.outcome.add_done_callback(partial(self._done, pending.reply, origin, began, answer, headers))
        return True

    def _caller(self, credential: bytes | None) -> Principal | None:
        if credential is None:
            return None
        scheme, space, rest = credential.partition(b" ")
        recognise = self._recognisers.get(scheme + space)
        who = recognise(rest.decode("latin-1"), self._app) if recognise else None
        if who is None or not who.grants or not all(grant.role in self._allowed for grant in who.grants):
            return None
        return who

    def _done(  # noqa: PLR0917 -- bound once for each request
        self,
        reply: Callable[[Any], Reply],
        origin: Origin,
        began: float,
        answer: Callable[[bytes], None],
        headers: Headers,
        outcome: "asyncio.Future[Any]",
    ) -> None:
        try:
            status, content = reply(outcome.result())
        except asyncio.CancelledError:  # the process is stopping; the server closes the connection
            return
        except Exception as error:  # noqa: BLE001 -- the usual way tells it
            task = asyncio.get_running_loop().create_task(self._fail(error, origin, answer, headers))
            _failing.add(task)
            task.add_done_callback(_failing.discard)
            return
        correlation = str(origin.correlation)
        answer(
            b"%bx-correlation-id: %b\r\ncontent-length: %d\r\n\r\n%b"
            % (_HEADS[status], correlation.encode(), len(content), content)
        )
        account(
            self._app.state.service,
            self._path,
            "POST",
            status,
            time.perf_counter() - began,
            correlation=correlation,
        )

    async def _fail(
        self, error: Exception, origin: Origin, answer: Callable[[bytes], None], headers: Headers
    ) -> None:
        """Let the usual way tell what was wrong, under the same correlation id."""
        told: list[Message] = []

        async def hear() -> Message:
            return {"type": "http.disconnect"}

        async def tell(message: Message) -> None:
            told.append(message)

        named = (b"x-correlation-id", str(origin.correlation).encode())
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": self._path,
            "query_string": b"",
            "headers": [named, *(header for header in headers if header[0] != named[0])],
            FAILED: error,
        }
        await self._usual(scope, hear, tell)
        start, *parts = told
        head = [_status_line(start["status"])]
        head += [b"%b: %b\r\n" % header for header in start["headers"]]
        answer(b"%b\r\n%b" % (b"".join(head), b"".join(part["body"] for part in parts)))


def _head(headers: Headers) -> tuple[bytes | None, bytes | None, str | None, str | None]:
    """Content type, the only credential, correlation id and trace, each of them the first one given."""
    kind = credential = given = traceparent = None
    for name, value in headers:
        match name:
            case b"authorization":
                credential = value if credential is None else b""  # two of them hold as none
            case b"content-type":
                kind = kind or value
            case b"x-correlation-id":
                given = given or value.decode("latin-1")
            case b"traceparent":
                traceparent = traceparent or value.decode("latin-1")
            case _:
                pass
    return kind, credential, given, traceparent


_failing: set[asyncio.Task[None]] = set()
"""Tasks are kept by whoever started them, or the collector may take them."""


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


class _Heads(dict[int, bytes]):
    """The part of an answer's head that all answers of a status have, each made once."""

    def __missing__(self, status: int) -> bytes:
        lines = [_status_line(status), b"content-type: application/json\r\n"]
        lines += [b"%b: %b\r\n" % header for header in HEADERS.items()]
        self[status] = b"".join(lines)
        return self[status]


_HEADS = _Heads()
