"""A checkpoint's device: the reference client, on a line that may be cut, with a clock that may be wrong."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from secrets import token_bytes
from typing import Any

import httpx

from services.gate.client.clock import DeviceClock
from services.gate.client.device import Device
from services.gate.client.shapes import SOON, Entry, Shown
from services.gate.client.wire import NoAnswerError
from services.gate.domain.rulings import Direction


class SetClock(DeviceClock):
    """A device's clock: business time, and by how much it is wrong. `steady` stands for the one nobody can set.

    `slow`: seconds that go by whenever the device looks at that one.
    """

    def __init__(self, now: Callable[[], datetime], wrong: timedelta = timedelta(0)) -> None:
        self._now, self.wrong, self.steady, self.slow = now, wrong, 0.0, 0.0

    def now(self) -> datetime:
        """What the device believes."""
        return self._now() + self.wrong

    def monotonic(self) -> float:
        """Seconds that somebody counts by hand."""
        self.steady += self.slow
        return self.steady


class Line(httpx.AsyncHTTPTransport):
    """The way to the gate, that may be cut."""

    cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Nothing goes through while it is cut."""
        if self.cut:
            raise httpx.ConnectError("no way", request=request)
        return await super().handle_async_request(request)


@dataclass(kw_only=True)
class Post:
    """A reference device at a checkpoint."""

    device: Device
    clock: SetClock
    line: Line
    http: httpx.AsyncClient

    @classmethod
    async def enrol(
        cls,
        store: Path,
        code: str,
        *,
        gate: str,
        now: Callable[[], datetime],
        wrong: timedelta = timedelta(0),
        timeout: float = 20,  # noqa: ASYNC109 -- of each request
    ) -> "Post":
        """Take a device into service by a one-time code.

        Args:
            store: the device's file.
            code: from the gate.
            gate: the gate's address.
            now: business time.
            wrong: by how much the device's clock is ahead.
            timeout: seconds for each request.
        """
        clock, line = SetClock(now, wrong), Line()
        http = httpx.AsyncClient(transport=line, base_url=gate, timeout=timeout)
        device = await Device.enrol(store, token_bytes(32), http, code, clock)
        return cls(device=device, clock=clock, line=line, http=http)

    async def passes(self, subject: dict[str, str], **changes: Any) -> Shown:
        """Somebody asks to pass."""
        values: dict[str, Any] = {
            "direction": Direction.ENTRY,
            "mask": True,
            "temperature_c": Decimal("36.5"),
        } | changes
        return await self.device.check(Entry(subject=subject, **values))

    async def hand_in(self, *, patience: float = 120.0) -> None:
        """Until nothing waits on the device any more, and it has the newest list.

        Raises:
            NoAnswerError: the gate stayed away.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while True:
            try:
                synced = await self.device.sync()
                if not synced.left:
                    await self.device.refresh()
                    return
                pause = synced.retry_after or SOON
            except NoAnswerError as error:
                pause = error.retry_after or SOON
            if loop.time() > end:
                raise NoAnswerError("the gate stayed away")
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Switch it off."""
        self.device.close()
        await self.http.aclose()
