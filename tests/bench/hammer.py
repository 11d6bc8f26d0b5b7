"""The load: a process of its own that sends prepared requests over raw kept-alive connections and times the answers.

`python -m tests.bench.hammer plan.json` prints what it saw as one JSON object. In a closed loop each connection sends
its next request when the last one was answered; several processes of a server share the connections evenly. With a
`rate` requests fall due by the clock and are timed from when they were due, so that a server which stalls cannot hide
it.
"""

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import uvloop

from tests.bench.figures import quantile

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "

Answered = Callable[["Wire", int, float], None]
"""Is told of an answer: the connection, its status, and since when it was waited for."""


class Wire(asyncio.Protocol):
    """One connection, one request at a time. What comes next is done in the turn that an answer came in.

    Tasks and futures would cost as much as sending does, on processors that the server needs.
    """

    def __init__(self, answered: Answered) -> None:
        self.failed: Exception | None = None
        self._answered = answered
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own class is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        """No answer will come."""
        self.failed = exc or ConnectionResetError("closed by the server")
        self._answered(self, 0, self._asked)

    def ask(self, request: bytes, since: float | None = None) -> None:
        """Send a request; its time counts from now, or from when it was due."""
        assert self._transport is not None
        self._asked = time.perf_counter() if since is None else since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Gather until the announced length is there."""
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(_END)
        if head < 0:
            return
        start = self._buffer.find(_LENGTH, 0, head) + len(_LENGTH)
        length = int(self._buffer[start : self._buffer.index(b"\r", start)])
        if len(self._buffer) < head + len(_END) + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self._answered(self, status, self._asked)


class Seen:
    """Times and statuses of the answers, until all have come."""

    def __init__(self, expected: int) -> None:
        self.seconds = list[float]()
        self.statuses = Counter[int]()
        self.all = asyncio.get_running_loop().create_future()
        self._expected = expected
        self._before = time.process_time()

    def note(self, wire: Wire, status: int, since: float) -> None:
        """One answer; an end of the connection ends the whole run."""
        if wire.failed is not None:
            if not self.all.done():
                self.all.set_exception(wire.failed)
            return
        self.seconds.append(time.perf_counter() - since)
        self.statuses[status] += 1
        if len(self.seconds) == self._expected:
            self.all.set_result(None)

    def told(self, took: float) -> dict[str, Any]:
        """What is printed."""
        return {
            "requests": len(self.seconds),
            "took": took,
            "cpu_seconds": time.process_time() - self._before,
            "per_second": len(self.seconds) / took,
            "p50_ms": quantile(self.seconds, 0.5) * 1000,
            "p99_ms": quantile(self.seconds, 0.99) * 1000,
            "max_ms": max(self.seconds) * 1000,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
        }


async def _wires(ports: Sequence[int], count: int, answered: Answered) -> list[Wire]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: Wire(answered), "127.0.0.1", ports[nth % len(ports)]))[1]
        for nth in range(count)
    ]


async def closed_loop(ports: Sequence[int], requests: Sequence[bytes], connections: int) -> dict[str, Any]:
    """As fast as the answers come."""
    waiting, seen = deque(requests), Seen(len(requests))

    def answered(wire: Wire, status: int, since: float) -> None:
        seen.note(wire, status, since)
        if waiting and wire.failed is None:
            wire.ask(waiting.popleft())

    wires = await _wires(ports, min(connections, len(requests)), answered)
    began = time.perf_counter()
    for wire in wires:
        wire.ask(waiting.popleft())
    await seen.all
    return seen.told(time.perf_counter() - began)


async def by_the_clock(
    ports: Sequence[int], requests: Sequence[bytes], connections: int, rate: float, lasting: float
) -> dict[str, Any]:
    """`rate` requests a second for `lasting` seconds, whatever the server does."""
    count = int(rate * lasting)
    due, seen = deque[tuple[bytes, float]](), Seen(count)

    def answered(wire: Wire, status: int, since: float) -> None:
        seen.note(wire, status, since)
        if wire.failed is not None:
            return
        if due:
            wire.ask(*due.popleft())
        else:
            free.append(wire)

    free = deque(await _wires(ports, connections, answered))
    began = time.perf_counter()
    for nth in range(count):
        falls = began + nth / rate
        if (wait := falls - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if free:
            free.popleft().ask(requests[nth], falls)
        else:
            due.append((requests[nth], falls))
    await seen.all
    return seen.told(time.perf_counter() - began)


def main() -> None:
    """Read the plan, send, print."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    requests = [text.encode() for text in plan["requests"]]
    if rate := plan.get("rate"):
        run = by_the_clock(plan["ports"], requests, plan["connections"], rate, plan["seconds"])
    else:
        run = closed_loop(plan["ports"], requests, plan["connections"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run)))


if __name__ == "__main__":
    main()
