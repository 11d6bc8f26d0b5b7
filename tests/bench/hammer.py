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
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import uvloop

from tests.bench.figures import quantile

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.WriteTransport | None = None
        self._buffer = bytearray()
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's own class is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        """No answer will come."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed by the server"))

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """Send a request; the future tells the status of its answer."""
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Gather until the announced length is there."""
        self._buffer += data
        head = self._buffer.find(_END)
        if head < 0:
            return
        start = self._buffer.find(_LENGTH, 0, head)
        length = int(self._buffer[start + len(_LENGTH) : self._buffer.index(b"\r", start)])
        if len(self._buffer) < head + len(_END) + length:
            return
        status = int(self._buffer[9:12])
        self._buffer.clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)


async def _wires(ports: Sequence[int], count: int) -> list[Wire]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(Wire, "127.0.0.1", ports[nth % len(ports)]))[1] for nth in range(count)
    ]


async def closed_loop(ports: Sequence[int], requests: Sequence[bytes], connections: int) -> dict[str, Any]:
    """As fast as the answers come."""
    wires = await _wires(ports, connections)
    waiting, seconds, statuses = deque(requests), list[float](), Counter[int]()

    async def work(wire: Wire) -> None:
        while waiting:
            request = waiting.popleft()
            began = time.perf_counter()
            statuses[await wire.ask(request)] += 1
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*map(work, wires))
    return _told(seconds, statuses, time.perf_counter() - began)


async def by_the_clock(
    ports: Sequence[int], requests: Sequence[bytes], connections: int, rate: float, lasting: float
) -> dict[str, Any]:
    """`rate` requests a second for `lasting` seconds, whatever the server does."""
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for wire in await _wires(ports, connections):
        free.put_nowait(wire)
    seconds, statuses = list[float](), Counter[int]()

    async def one(request: bytes, due: float) -> None:
        wire = await free.get()
        statuses[await wire.ask(request)] += 1
        seconds.append(time.perf_counter() - due)
        free.put_nowait(wire)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for nth in range(int(rate * lasting)):
            due = began + nth / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(requests[nth], due))
    return _told(seconds, statuses, time.perf_counter() - began)


def _told(seconds: list[float], statuses: Counter[int], took: float) -> dict[str, Any]:
    return {
        "requests": len(seconds),
        "took": took,
        "per_second": len(seconds) / took,
        "p50_ms": quantile(seconds, 0.5) * 1000,
        "p99_ms": quantile(seconds, 0.99) * 1000,
        "max_ms": max(seconds) * 1000,
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
    }


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
