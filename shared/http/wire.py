"""How requests arrive and answers leave: plain requests past ASGI, and head and body of an answer in one piece.

uvicorn writes the head of an answer and then its body, and the event loop sends each write at once. For a short answer
that is twice the work of sending it, here and at the caller's end.
"""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.http.express import LONGEST, Express


class GatheredWrites(asyncio.Transport):
    """A transport that sends what one turn of the event loop wrote as one piece, in order."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: Any) -> None:
        """Keep it until the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def send(self, data: bytes) -> None:
        """Send it now, after what was written before."""
        if self._parts:
            self._parts.append(data)
            self.flush()
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what is left, then close."""
        self.flush()
        self._transport.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection on, with what was written so far."""
        self.flush()
        self._transport.set_protocol(protocol)

    def is_closing(self) -> bool:
        """Say whether the connection is being closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell what the connection knows of itself."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take nothing more from the caller for the moment."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        self._transport.resume_reading()

    def flush(self) -> None:
        """Send what was written so far."""
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))


class _Held:
    """A request that may be answered at once. It stands where uvicorn keeps its own idea of a request."""

    __slots__ = ("body", "disconnected", "express", "keep_alive", "response_complete")

    def __init__(self, express: Express) -> None:
        self.express = express
        self.body = b""
        self.keep_alive = True
        self.disconnected = self.response_complete = False

    @property
    def message_event(self) -> asyncio.Event:
        """What uvicorn sets when a connection is lost; nobody waits for it here."""
        return asyncio.Event()


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over gathered writes, with an express way for the routes that have one."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._express: dict[bytes, Express] = getattr(self.config.app, "express", {})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection."""
        super().connection_made(GatheredWrites(transport, self.loop))

    def on_headers_complete(self) -> None:
        """Hold a request to an express route until its body is there; begin with any other at once."""
        if (
            (express := self._express.get(self.url)) is not None
            and (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
        ):
            self.cycle = cast("Any", _Held(express))
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        held: object = self.cycle
        if type(held) is not _Held or held.response_complete:
            super().on_body(body)
            return
        held.body = held.body + body if held.body else body
        if len(held.body) > LONGEST:
            self._hand_on(held)

    def on_message_complete(self) -> None:
        """The request is whole: answer it at once if it is plain."""
        held: object = self.cycle
        if type(held) is not _Held or held.response_complete:
            super().on_message_complete()
        elif not held.express.take(self.headers, held.body, partial(self._answer, held)):
            self._hand_on(held)
            super().on_message_complete()

    def _hand_on(self, held: _Held) -> None:
        """Let a request take the usual way, with what came of it so far."""
        self.cycle = cast("Any", None)
        super().on_headers_complete()
        if held.body:
            super().on_body(held.body)

    def _answer(self, held: _Held, response: bytes) -> None:
        held.response_complete = True
        if held.disconnected or self.transport.is_closing():
            return
        if not held.keep_alive:  # the server is draining
            response = response.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)
        cast("GatheredWrites", self.transport).send(response)
        if not held.keep_alive:
            self.transport.close()
        self.on_response_complete()
