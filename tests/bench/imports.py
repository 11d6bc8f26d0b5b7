"""Importing people against the town's limit: rows a second, the re-import, and how long the loop stands still.

`python -m tests.bench.imports [people]` (30,000 without a number) writes the office's files of a town of about that
size, takes them in over HTTP as a clerk does, and polls the progress all the while. It prints the rows per second of
the residents' lists, what 130,000 people take at that rate against the limit of 120 s, the same for the second
import, which must change nothing, and the longest pause of the event loop against 100 ms.
"""

import asyncio
import gc
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from deploy.local.issuer import Account, Issuer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from deploy.town.build import Manifest, generate
from services.registry.app import build
from services.registry.settings import Settings
from shared.context import Context, open_context
from shared.kernel.clock import SteppedClock, write_control
from shared.obs import logging
from shared.runtime import Service, assemble
from shared.testing.databases import Databases

TOWN_PEOPLE = 130_000
LIMIT_SECONDS = 120
PAUSE_MS = 100
POLL_SECONDS = 0.25
LOOK_SECONDS = 0.002
ISSUER_URL = "http://issuer.bench"


@dataclass(slots=True)
class Pauses:
    """How long the event loop did not come round: the excess over a short sleep, in seconds.

    `busiest` is the most processor time that the loop's own thread used in one pause: the longest stretch of work
    without a breath, whatever else the machine does meanwhile.
    """

    longest: float = 0.0
    busiest: float = 0.0
    over: int = 0

    async def watch(self) -> None:
        """Look every two milliseconds until cancelled."""
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LOOK_SECONDS)
            late = time.perf_counter() - before - LOOK_SECONDS
            self.longest = max(self.longest, late)
            self.busiest = max(self.busiest, time.thread_time() - used)
            self.over += late > PAUSE_MS / 1000


@dataclass(slots=True)
class Run:
    """One import of all residents' lists."""

    rows: int = 0
    accepted: int = 0
    seconds: float = 0.0
    polls: list[float] = field(default_factory=list)
    pauses: Pauses = field(default_factory=Pauses)

    def told(self, name: str) -> str:
        """A line of the table."""
        rate = self.rows / self.seconds
        whole = TOWN_PEOPLE / rate
        return (
            f"{name:<10} {self.rows:7} rows {self.seconds:7.1f} s {rate:7.0f} rows/s  "
            f"{TOWN_PEOPLE} people in {whole:5.0f} s = {whole / LIMIT_SECONDS:4.2f} of the limit  "
            f"changed {self.accepted:6}  longest pause {self.pauses.longest * 1000:4.0f} ms "
            f"= {self.pauses.longest * 1000 / PAUSE_MS:4.2f} of 100 ms ({self.pauses.over} over; "
            f"{self.pauses.busiest * 1000:.0f} ms of work at a stretch)  "
            f"slowest poll {max(self.polls, default=0) * 1000:4.0f} ms"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry with real databases, over HTTP in this process."""

    context: Context
    service: Service
    http: httpx.AsyncClient
    headers: dict[str, str]

    async def import_file(self, kind: str, path: Path, run: Run) -> None:
        """Hand in a file, work it off as the ticker does, and poll its progress meanwhile."""
        answer = await self.http.post(
            "/v1/imports",
            params={"kind": kind},
            files={"file": (path.name, path.read_bytes())},
            headers=self.headers,
            timeout=600,
        )
        answer.raise_for_status()
        where = f"/v1/imports/{answer.json()['import_id']}"
        (ticker,) = [one for one in self.service.tickers if one.name == "registry.imports"]
        working = asyncio.ensure_future(ticker.act(self.context.database))
        while not working.done():
            began = time.perf_counter()
            (await self.http.get(where, headers=self.headers, timeout=600)).raise_for_status()
            run.polls.append(time.perf_counter() - began)
            await asyncio.wait({working}, timeout=POLL_SECONDS)
        await working
        told = (await self.http.get(where, headers=self.headers)).json()
        if told["state"] != "done":
            raise SystemExit(f"{path.name}: {told}")
        run.rows += told["rows_total"]
        run.accepted += told["rows_accepted"]


async def _open(folder: Path, postgres: Postgres) -> Registry:
    secrets = Secrets(folder=folder / "secrets")
    secrets.folder.mkdir()
    secrets.make()
    issuer = Issuer(folder, folder / "key.json", ISSUER_URL)
    issuer.make()
    clock_file = folder / "clock.json"
    write_control(clock_file, datetime(2020, 2, 24, 1, 0, tzinfo=UTC), 0.0)
    urls = await Databases(postgres.superuser_url()).fresh("registry")
    settings = Settings(
        mode="test",
        database_url=urls.database,
        keystore_url=urls.keystore,
        nats_url="nats://127.0.0.1:1",
        master_key_file=secrets.master_key_file("registry"),
        card_keys_file=secrets.card_keys_file("registry"),
        issuer=ISSUER_URL,
        jwks_file=folder / "jwks.json",
        caller_rate_scale=1_000,
        clock_file=clock_file,
    )
    context = await open_context("registry", settings, SteppedClock(clock_file))
    service = build(context)
    for prepare in service.prepare:
        await prepare()
    transport = httpx.ASGITransport(app=assemble(service, context))
    clerk = Account(subject="bench", name="bench", role="admin", scope="town")
    return Registry(
        context=context,
        service=service,
        http=httpx.AsyncClient(transport=transport, base_url="http://registry.bench"),
        headers={"Authorization": f"Bearer {issuer.access_token(clerk)}"},
    )


async def _measure(registry: Registry, town: Path, name: str) -> Run:
    run = Run()
    watching = asyncio.create_task(run.pauses.watch())
    began = time.perf_counter()
    for file in Manifest.load(town).files:
        if file.service == "registry" and file.kind == "residents":
            await registry.import_file(file.kind, town / file.file, run)
    run.seconds = time.perf_counter() - began
    watching.cancel()
    print(run.told(name))
    return run


async def compare(folder: Path, people: int, postgres: Postgres) -> None:
    """Take the town in twice and print the table."""
    town = folder / "town"
    generate(town, seed=20200224, scale=people / TOWN_PEOPLE)
    registry = await _open(folder, postgres)
    gc.collect()
    gc.freeze()  # as the runtime does once a service is up: and the generator's leavings are no part of a service
    try:
        for file in Manifest.load(town).files:
            if file.service == "registry" and file.kind != "residents":
                await registry.import_file(file.kind, town / file.file, Run())
        await _measure(registry, town, "first")
        again = await _measure(registry, town, "re-import")
        if again.accepted:
            raise SystemExit(f"the second import changed {again.accepted} rows")
    finally:
        await registry.http.aclose()
        await registry.context.close()


def main() -> None:
    """A real PostgreSQL with fsync on."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    logging.configure("registry", "warning")
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder) / "pg")
        with postgres:
            asyncio.run(compare(Path(folder), people, postgres))
        postgres.remove()


if __name__ == "__main__":
    main()
