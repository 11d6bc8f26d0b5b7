"""A wire between a client and a server that can be cut, fall silent, or lose what comes back."""

import asyncio
from contextlib import suppress
from enum import StrEnum

from shared.kernel.tasks import stop

CHUNK = 65_536


class Wire(StrEnum):
    """How a wire behaves."""

    OPEN = "open"
    CUT = "cut"  # connections break, new ones are refused at once
    SILENT = "silent"  # connections stand and nothing arrives: half-open
    ONE_WAY = "one_way"  # requests arrive, answers do not


class Proxy:
    """Listens on a port of its own and passes everything on, as its wire allows."""

    def __init__(self, target: int, port: int = 0) -> None:
        self.target, self.port = target, port
        self._wire = Wire.OPEN
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._opened = asyncio.Event()
        self._opened.set()

    async def start(self) -> "Proxy":
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Hang up, and wait until everybody has."""
        self.set(Wire.CUT)
        if self._server:
            self._server.close()
            await self._server.wait_closed()
        for passing in list(self._passing):
            await stop(passing)

    def set(self, wire: Wire) -> None:
        """Change how it behaves; what was lost while it was one-way breaks its connection when it opens again."""
        was, self._wire = self._wire, wire
        if wire is Wire.CUT or (was is Wire.ONE_WAY and wire is Wire.OPEN):
            for end in list(self._ends):
                end.transport.abort()
        if wire is Wire.SILENT:
            self._opened.clear()
        else:
            self._opened.set()

    def lead_to(self, target: int) -> None:
        """Whoever comes from now on is led to another port; who is here breaks off and comes again."""
        self.target = target
        for end in list(self._ends):
            end.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._serve(reader, writer))
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._wire is Wire.CUT:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, back}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back, answers=False))
                both.create_task(self._pass(there, writer, answers=True))
        finally:
            self._ends -= {writer, back}
            for end in (writer, back):
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(ConnectionError, OSError):
            while chunk := await source.read(CHUNK):
                await self._opened.wait()
                if answers and self._wire is Wire.ONE_WAY:
                    continue
                sink.write(chunk)
                await sink.drain()
        sink.transport.abort()  # whoever hung up, the other end learns of it
