"""What a body may be, checked while it arrives: its size, and for JSON its strictness.

Python's parser accepts NaN, lone surrogates, UTF-16 and deep nesting, and PostgreSQL stores no NUL: each
would end in a 500 somewhere behind. Here they end in a 400 in front, for every route, also those that read
the raw body.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.access import SAFE
from shared.http.problem import HttpRefusal

DEFAULT_LIMIT = 1_000_000
"""Bytes; a route that takes more says so in `make_app(body_limits=...)`."""
PARSED = "fangkong.json"
"""Scope key of the parsed JSON value, for a handler that validates by hand and need not parse again."""

# All digits as one and all exponents as one: what may be infinite is then found by plain search, in a fifth of the time
# that a pattern takes on a body of some hundred bytes.
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")


class BodyRefused(HttpRefusal, HTTPException):
    """A body that is not taken. Also an HTTPException: the one kind FastAPI lets through while it reads."""

    def __init__(self, detail: str, *, remedy: str | None = None) -> None:
        HttpRefusal.__init__(self, detail, remedy=remedy)
        self.status_code = self.status


class MalformedJson(BodyRefused):
    """The body is not JSON in the sense of RFC 8259 and I-JSON."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "malformed_json"

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail, remedy="请以 UTF-8 编码的 JSON 重新提交。Send it again as JSON in UTF-8 (RFC 8259)."
        )


class BodyTooLarge(BodyRefused):
    """The body is longer than the route takes."""

    status: ClassVar[int] = 413
    code: ClassVar[str] = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"请求超过 {limit} 字节。The body is longer than {limit} bytes.",
            remedy="请分几次提交。Send it in parts.",
        )
        self.headers = {"Connection": "close"}  # or the caller would go on sending, and the server reading


def parse_json(body: bytes) -> Any:
    """Parse strictly: UTF-8, no NaN or infinity, no NUL, no lone surrogate, at most 200 levels deep.

    Raises:
        MalformedJson: with the position, never with the content.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJson(f"请求不是有效的 JSON。The body is not valid JSON: {error}") from None
    if _suspicious(body) and _unstorable(value):
        raise MalformedJson(
            "请求含有不允许的字符或数值。The body holds a NUL character or an infinite number."
        )
    return value


def _suspicious(body: bytes) -> bool:
    """May there be a NUL character, or a number with an exponent of three digits or more?"""
    if b"\\u0000" in body:
        return True
    shape = body.translate(_SHAPE)
    return b"0e000" in shape or b"0e+000" in shape


def _unstorable(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case float():
            return math.isinf(value)
        case dict():
            return any("\0" in key or _unstorable(item) for key, item in value.items())
        case list():
            return any(_unstorable(item) for item in value)
        case _:
            return False


async def read_guarded(scope: Scope, receive: Receive, limit: int = DEFAULT_LIMIT) -> bytes:
    """Read a whole body under the same guard, for routes that are answered before the middleware.

    Raises:
        BodyTooLarge, MalformedJson: as soon as that is known.
        ClientDisconnect: the caller hung up before the end.
    """
    announced, size, parts = _announced(scope), 0, []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit or announced > limit:
            raise BodyTooLarge(limit)
        parts.append(part)
        if not message.get("more_body", False):
            break
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    if body and _is_json(scope):
        scope[PARSED] = parse_json(body)
    return body


class BodyGuard:
    """Count and check the body as it is received; the route is known by then, so limits are per route."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[int, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a guarded `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] in SAFE:
            await self._app(scope, _unheard(receive), send)
            return
        parts: list[bytes] = []
        size, answering = 0, False

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        async def guarded() -> Message:
            nonlocal size
            message = await receive()
            # Whoever receives while it answers waits for the caller to hang up, and what it hears it throws away.
            if message["type"] != "http.request" or answering:
                return message
            part: bytes = message.get("body", b"")
            size += len(part)
            limit = self._limits.get(id(scope.get("route")), DEFAULT_LIMIT)
            if size > limit or _announced(scope) > limit:
                raise BodyTooLarge(limit)
            if part:
                parts.append(part)
            if not message.get("more_body", False) and parts and _is_json(scope):
                scope[PARSED] = parse_json(parts[0] if len(parts) == 1 else b"".join(parts))
            return message

        await self._app(scope, guarded, noted)


def _unheard(receive: Receive) -> Receive:
    """For who only asks: a body means nothing, and whoever receives wants to hear that the caller hung up.

    A file begins to go out while that is waited for: a refusal then would come into the middle of it.
    """

    async def without() -> Message:
        message = await receive()
        return {**message, "body": b""} if message["type"] == "http.request" else message

    return without


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _announced(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _is_json(scope: Scope) -> bool:
    return b"json" in _header(scope, b"content-type").lower()
