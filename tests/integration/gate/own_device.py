"""A device with the reference client: its clock, its store and its way to the gate, each of which may fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from services.gate.client.clock import DeviceClock
from services.gate.client.device import Device
from services.gate.client.shapes import Entry
from services.gate.domain.rulings import Direction
from tests.integration.gate.town import NOW, GateTown, Resident

KEY = bytes(range(32))


class SetClock(DeviceClock):
    """A device's clock, to be set wrong."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def pass_by(self, time: timedelta) -> None:
        self.wall += time
        self.steady += time.total_seconds()


class Line(httpx.AsyncBaseTransport):
    """The way to the gate: it may be cut, or lose what comes back after the gate has done its part."""

    def __init__(self, app: Any) -> None:
        self._gate = httpx.ASGITransport(app=app)
        self.cut = self.loses_answers = False
        self.busy: int | None = None
        self.asked: list[str] = []
        self.document: bytes | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.cut:
            raise httpx.ConnectError("no way", request=request)
        if self.busy is not None:
            return httpx.Response(
                429, headers={"Retry-After": str(self.busy)}, json={"code": "too_many_requests"}
            )
        answer = await self._gate.handle_async_request(request)
        if self.loses_answers:
            await answer.aread()
            raise httpx.ReadError("the answer is lost", request=request)
        if self.document is not None and request.url.path.endswith("snapshot"):
            await answer.aread()
            return httpx.Response(200, headers=answer.headers, content=self.document)
        return answer


@dataclass(kw_only=True)
class Post:
    """A device at the gate of the town."""

    device: Device
    clock: SetClock
    line: Line
    http: httpx.AsyncClient
    store: Path

    async def passes(self, who: Resident | dict[str, str], **changes: Any) -> Any:
        subject = {"kind": "pass_token", "token": who.token} if isinstance(who, Resident) else who
        values: dict[str, Any] = {
            "direction": Direction.ENTRY,
            "mask": True,
            "temperature_c": Decimal("36.5"),
        } | changes
        return await self.device.check(Entry(subject=subject, **values))

    def reopen(self) -> None:
        """The device starts again."""
        self.device.close()
        self.device = Device.open(self.store, KEY, self.http, self.clock)


@asynccontextmanager
async def enrolled(town: GateTown, folder: Path) -> AsyncIterator[Post]:
    """A post of the town with a device, which may be another one in the end."""
    line = Line(town.client.http._transport.app)  # type: ignore[attr-defined]
    clock, store = SetClock(), folder / "device.sqlite"
    async with httpx.AsyncClient(transport=line, base_url="http://gate.test") as http:
        device = await Device.enrol(store, KEY, http, await town.code(), clock)
        made = Post(device=device, clock=clock, line=line, http=http, store=store)
        yield made
        made.device.close()
