"""The running system as the town's people meet it: its doors, its clock, and when everything is done and told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.errors import LocalError
from deploy.local.issuer import Account, Issuer
from shared.bus.credentials import Credentials
from shared.bus.lag import Progress, progress_seen
from shared.db.pool import TRANSIENT
from shared.kernel.clock import SteppedClock, write_control

AWAY = frozenset({429, 502, 503, 504})
"""What a service says while something that it needs is away: asked again, like no answer at all."""
PATIENCE = timedelta(minutes=3)
AGAIN_SECONDS = 0.3


@dataclass(kw_only=True)
class System:
    """Five services on their servers. Every command carries an id of its own, so that it may be asked again."""

    urls: Mapping[str, str]
    databases: Mapping[str, str]
    nats_url: str
    nats_as: Credentials
    issuer: Issuer
    clock_file: Path
    http: httpx.AsyncClient
    patience: timedelta = PATIENCE
    _onlookers: "dict[str, asyncpg.Connection[asyncpg.Record]]" = field(default_factory=dict)

    async def close(self) -> None:
        """Let go of what was opened for looking."""
        for connection in self._onlookers.values():
            await connection.close(timeout=5)
        await self.http.aclose()

    # ---- doors

    def as_role(self, role: str, scope: str = "town") -> dict[str, str]:
        """Headers of somebody with one role."""
        account = Account(subject=f"live-{role}", name=role, role=role, scope=scope)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    async def ask(
        self, method: str, service: str, path: str, *, headers: Mapping[str, str], **rest: Any
    ) -> httpx.Response:
        """One request, asked again while the service is away.

        Raises:
            LocalError: it does not come back.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience.total_seconds()
        while True:
            try:
                answer = await self.http.request(
                    method, f"{self.urls[service]}{path}", headers=dict(headers), **rest
                )
                if answer.status_code not in AWAY:
                    return answer
                seen = str(answer.status_code)
            except httpx.TransportError as error:
                seen = type(error).__name__
            if loop.time() > end:
                raise LocalError(
                    f"服务 {service} 一直没有应答（{seen}）。", f"{service} does not answer ({seen})."
                )
            await asyncio.sleep(AGAIN_SECONDS)

    async def told(
        self,
        method: str,
        service: str,
        path: str,
        *,
        headers: Mapping[str, str],
        expect: tuple[int, ...] = (200, 201),
        **rest: Any,
    ) -> Any:
        """The JSON of an answer that must be one of `expect`.

        Raises:
            LocalError: it is another one; with the service's own words.
        """
        answer = await self.ask(method, service, path, headers=headers, **rest)
        if answer.status_code not in expect:
            said = f"{answer.status_code} {answer.text[:300]}"
            raise LocalError(
                f"{service} 没有接受 {method} {path}（{said}）。",
                f"{service} did not take {method} {path} ({said}).",
            )
        return answer.json()

    # ---- time

    def now(self) -> datetime:
        """The business instant."""
        return SteppedClock(self.clock_file).now()

    async def move_to(self, instant: datetime) -> None:
        """Step business time for all services at once, and wait until what fell due is done and told."""
        write_control(self.clock_file, instant, 0.0)
        await self._until(lambda: self._ticked(instant), f"everything due by {instant:%m-%d %H:%M} is done")
        await self.equal()

    async def equal(self) -> None:
        """Wait until every consumer has applied everything that was committed."""
        await self._until(self._equal, "all consumers are equal")

    async def published(self) -> None:
        """Wait until everything that was committed is on the bus, also what nobody reads."""
        await self._until(self._published, "everything is on the bus")

    async def progress(self) -> Progress:
        """How far every consumer is."""
        return await progress_seen({service: await self._onlooker(service) for service in self.databases})

    async def _equal(self) -> bool:
        return (await self.progress()).equal

    async def _published(self) -> bool:
        for service in self.databases:
            waiting = await (await self._onlooker(service)).fetchval(
                "select (select count(*) from outbox where pos is null)"
                " + (select sum(max_pos - published_pos) from outbox_channel)"
            )
            if waiting:
                return False
        return True

    async def _ticked(self, instant: datetime) -> bool:
        for service in self.databases:
            behind = await (await self._onlooker(service)).fetchval(
                "select count(*) from ticked where through < $1", instant - timedelta(seconds=1)
            )
            if behind:
                return False
        return True

    async def _onlooker(self, service: str) -> "asyncpg.Connection[asyncpg.Record]":
        kept = self._onlookers.get(service)
        if kept is None or kept.is_closed():
            kept = self._onlookers[service] = await asyncpg.connect(
                self.databases[service], timeout=10, command_timeout=20
            )
        return kept

    async def _until(self, look: Any, what: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience.total_seconds()
        while True:
            try:
                if await look():
                    return
            except TRANSIENT:
                self._onlookers.clear()
            if loop.time() > end:
                raise LocalError(f"等了很久也没有：{what}。", f"Waited in vain: {what}.")
            await asyncio.sleep(0.05)
