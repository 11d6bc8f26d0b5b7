"""All five services as real processes on the test servers, driven through HTTP only."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.live.system import PATIENCE, System
from deploy.local.issuer import Account, Issuer
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from deploy.nats.streams import keep_streams
from shared.bus.lag import Lag, progress_seen
from shared.kernel.clock import SteppedClock
from shared.kernel.tasks import stop
from shared.testing.databases import Databases, Urls
from shared.testing.waiting import eventually
from tests.acceptance.forked import Forked

ROOT = Path(__file__).parents[2]
SERVICES = ("registry", "gate", "observation", "sanitation", "reporting")


@dataclass
class Stack:
    """The running system."""

    folder: Path
    nats: NatsServer
    secrets: Secrets
    issuer: Issuer
    clock_file: Path
    urls: dict[str, Urls] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    faces: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes] | Forked] = field(default_factory=dict)
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=20))
    keeper: asyncio.Task[None] | None = None
    stepper: System | None = None
    onlookers: "dict[str, asyncpg.Connection[asyncpg.Record]]" = field(default_factory=dict)

    async def start(self, databases: Databases) -> None:
        """Fresh databases, streams, five processes; returns when all are ready."""
        for service in SERVICES:
            await self.prepare(service, databases)
        await self.start_only(*SERVICES)

    async def start_only(self, *services: str) -> None:
        """Streams, and the processes of services that are prepared; returns when all are ready."""
        self.keeper = asyncio.create_task(keep_streams(self.nats.url, self.nats.admin, every=0.5))
        for service in services:
            self.launch(service)
        for service in services:
            await self.ready(service)

    async def prepare(self, service: str, databases: Databases) -> None:
        """Fresh databases, a port and credentials for one service."""
        self.urls[service] = await databases.fresh(service)
        self.ports[service] = any_free()
        self.nats.credentials(service)

    async def connect(self, service: str) -> "asyncpg.Connection[asyncpg.Record]":
        """Look into a service's database."""
        return await asyncpg.connect(self.urls[service].owner)

    def launch(self, service: str, *, tree: Path = ROOT) -> None:
        """Start one service's process; `tree`: where its program lies."""
        environment = os.environ | {
            "PYTHONPATH": str(tree),
            "FANGKONG_MODE": "test",
            "FANGKONG_DATABASE_URL": self.urls[service].database,
            "FANGKONG_KEYSTORE_URL": self.urls[service].keystore,
            "FANGKONG_NATS_URL": self.nats.url,
            "FANGKONG_NATS_CREDENTIALS_FILE": str(self.nats.files.seed_file(service)),
            "FANGKONG_HTTP_PORT": str(self.ports[service]),
            "FANGKONG_MASTER_KEY_FILE": str(self.secrets.master_key_file(service)),
            "FANGKONG_CARD_KEYS_FILE": str(self.secrets.card_keys_file(service)),
            "FANGKONG_ISSUER": self.issuer.url,
            "FANGKONG_JWKS_FILE": str(self.issuer.folder / "jwks.json"),
            "FANGKONG_CLOCK_FILE": str(self.clock_file),
            "FANGKONG_FACES": json.dumps(self.faces),
            "FANGKONG_CALLER_RATE_SCALE": "50",  # one account enters what a whole town's would
            "FANGKONG_LOG_LEVEL": "debug",
            "FANGKONG_TRACE_FILE": str(self.folder / "traces.jsonl"),
        }
        log = self.folder / f"{service}.log"
        if tree == ROOT:
            self.processes[service] = Forked(service, folder=tree, environment=environment, log=log)
            return
        with log.open("ab") as file:
            self.processes[service] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", f"services.{service}"],
                cwd=tree,
                env=environment,
                stdout=file,
                stderr=file,
            )

    async def ready(self, service: str) -> None:
        """Wait for `/readyz`."""

        async def look() -> bool:
            if self.processes[service].poll() is not None:
                raise RuntimeError(f"{service} ended:\n{self.log(service)[-3000:]}")
            with suppress(httpx.HTTPError):
                return (await self.http.get(f"{self.base(service)}/readyz")).status_code == 200
            return False

        await eventually(look, within=150, what=f"{service} is ready")

    async def stop(self) -> None:
        """Drain all; every process must end cleanly."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {name: await asyncio.to_thread(process.wait, 30) for name, process in self.processes.items()}
        if self.keeper:
            await stop(self.keeper)
        if self.stepper:
            await self.stepper.close()
        await self.http.aclose()
        for connection in self.onlookers.values():
            await connection.close()
        assert set(codes.values()) == {0}, codes

    def kill(self, service: str) -> None:
        """Kill -9."""
        self.processes[service].kill()
        self.processes[service].wait()

    def base(self, service: str) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def log(self, service: str) -> str:
        """What the service logged."""
        return (self.folder / f"{service}.log").read_text(encoding="utf-8")

    def dead_letters(self) -> list[str]:
        """What consumers said of events that they could not apply."""
        return [
            line
            for service in self.urls
            for line in self.log(service).splitlines()
            if '"dead_letter"' in line
        ]

    def as_role(self, role: str, scope: str = "town") -> dict[str, str]:
        """Headers of somebody with one role."""
        account = Account(subject=f"test-{role}", name=role, role=role, scope=scope)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    async def call(
        self,
        method: str,
        service: str,
        path: str,
        *,
        headers: Mapping[str, str],
        expect: int | tuple[int, ...] = (200, 201, 202),
        **rest: Any,
    ) -> Any:
        """One request; its JSON answer. Fails with the problem when the status is another."""
        if isinstance(headers, httpx.Auth):
            rest["auth"] = headers
        answer = await self.http.request(method, f"{self.base(service)}{path}", headers=dict(headers), **rest)
        allowed = (expect,) if isinstance(expect, int) else expect
        assert answer.status_code in allowed, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    async def equal(self, within: float = 30) -> None:
        """Wait until every consumer has applied everything that was committed."""

        behind: list[Lag] = []

        async def look() -> bool:
            now = await progress_seen({service: await self.onlooker(service) for service in self.urls})
            assert now.dead_letters == 0, self.dead_letters()
            behind[:] = [lag for lag in now.lags if lag.behind]
            return now.equal

        try:
            await eventually(look, within=within, every=0.1, what="all consumers equal")
        except AssertionError as error:
            error.add_note("\n".join(map(str, behind)))
            raise

    async def onlooker(self, service: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection into a service's database that is kept for looking; a new one where it was cut."""
        kept = self.onlookers.get(service)
        if kept is None or kept.is_closed():
            kept = self.onlookers[service] = await self.connect(service)
        return kept

    def now(self) -> datetime:
        """The business instant."""
        return SteppedClock(self.clock_file).now()

    async def move_to(self, instant: datetime) -> None:
        """Step business time for all services at once, and wait until what fell due is done and told."""
        if self.stepper is None:
            self.stepper = self.system(patience=timedelta(seconds=60))
        await self.stepper.move_to(instant)
        await self.equal()

    def system(self, *, patience: timedelta = PATIENCE) -> System:
        """The same system as the people of a town meet it; to be closed."""
        return System(
            urls={service: self.base(service) for service in self.urls},
            databases={service: urls.owner for service, urls in self.urls.items()},
            nats_url=self.nats.url,
            nats_as=self.nats.admin,
            issuer=self.issuer,
            clock_file=self.clock_file,
            http=httpx.AsyncClient(timeout=60),
            patience=patience,
        )
