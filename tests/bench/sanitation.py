"""Sanitation at the size of the town: closing a day against the limit of two seconds, and what a log costs.

`python -m tests.bench.sanitation [compounds] [sites] [days]` (53, 60 and 30 without numbers) enters the sites as a
clerk does, writes a month of logs in bulk (every site twice a day, every tenth short), closes every day as the ticker
does after a standstill, and prints how long a day takes beside the limit: the typical one and the longest. Then it
asks headquarters' figures and a compound's last fourteen days over HTTP, and hands in the queue of a phone.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from deploy.local.issuer import Account, Issuer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from services.sanitation.app import build
from services.sanitation.handlers.day_close import close_next
from services.sanitation.imports.job import SiteImports
from services.sanitation.settings import Settings
from shared.context import Context, open_context
from shared.kernel.clock import SteppedClock, write_control
from shared.kernel.days import at_local, start_of
from shared.obs import logging
from shared.runtime import Service, assemble
from shared.testing.databases import Databases
from tests.bench.figures import quantile
from tests.integration.sanitation.test_site_import import site_line, site_list
from tests.integration.sanitation.world import Service as Town
from tests.integration.sanitation.world import policy

LIMIT_SECONDS = 2.0
FIRST = date(2020, 2, 24)
ISSUER_URL = "http://issuer.bench"
COLUMNS = (
    *("round_id", "site_id", "day", "agent", "concentration_mg_l", "within_range", "counts", "done_at"),
    *("device_at", "source", "logged_at", "logged_by", "policy_version"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The service in this process, over HTTP without a network, on a database that syncs."""

    context: Context
    service: Service
    http: httpx.AsyncClient
    issuer: Issuer
    clock_file: Path

    def as_role(self, role: str, scope: str = "town") -> dict[str, str]:
        """Headers of somebody with one role."""
        account = Account(subject=f"bench-{role}", name=role, role=role, scope=scope)
        return {"Authorization": f"Bearer {self.issuer.access_token(account)}"}

    def move_to(self, instant: datetime) -> None:
        """Step business time."""
        write_control(self.clock_file, instant, 0.0)


def month(sites: list[UUID], days: int) -> list[tuple[Any, ...]]:
    """Every site twice a day, eight hours apart; every tenth only once."""
    rows = []
    for nth in range(days):
        day = FIRST + timedelta(days=nth)
        for number, site in enumerate(sites):
            hours = (8,) if (number + nth) % 10 == 0 else (8, 16)
            for hour in hours:
                done = start_of(day) + timedelta(hours=hour, seconds=number)
                rows.append(
                    (uuid4(), site, day, "chlorine_84", 500, True, True, done, done, "code", done, "bench", 1)
                )
    return rows


async def enter(town: Town, compounds: int, sites: int) -> float:
    """The town's sites, as a clerk sends them; seconds."""
    places = [f"lj-{number:03}" for number in range(1, compounds + 1)]
    await town.hear_compounds(*places)
    await town.hear_policy(1, date(2020, 2, 1), policy())
    began = time.perf_counter()
    lines = [site_line(number, compound=place) for place in places for number in range(1, sites + 1)]
    answer = await town.send_list(site_list(*lines))
    assert answer.status_code == 202, answer.text
    while await town.context.database.pool.fetchval("select count(*) from site") < compounds * sites:
        await town.work()
        await asyncio.sleep(0.2)
    return time.perf_counter() - began


async def close_one_day(bench: Bench, day: date) -> float:
    """The close of one day, as the ticker does it; seconds."""
    bench.move_to(at_local(day + timedelta(days=1), datetime.min.time()))
    began = time.perf_counter()
    while True:
        async with bench.context.database.begin(actor="bench") as tx:
            if not await close_next(tx):
                return time.perf_counter() - began


async def timed(bench: Bench, path: str, times: int = 15, **query: str) -> list[float]:
    """Seconds of several requests."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        answer = await bench.http.get(path, params=query, headers=bench.as_role("hq_officer"))
        found.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
    return found


async def queue(bench: Bench, day: date, sites: int) -> float:
    """Logs a second, handed in by 200 as a phone does that had no network."""
    at = at_local(day, datetime.min.time()).isoformat()
    total, began = 1_000, time.perf_counter()
    for first in range(0, total, 200):
        logs = [
            {
                "kind": "round",
                "round_id": str(uuid4()),
                "site_code": f"lj-001-s{(first + nth) % sites + 1:04}",
                "agent": "chlorine_84",
                "concentration_mg_l": 500,
                "done_at": at,
            }
            for nth in range(200)
        ]
        answer = await bench.http.post(
            "/v1/logs/batch", json={"logs": logs}, headers=bench.as_role("sanitation_worker")
        )
        assert {one["status"] for one in answer.json()["items"]} == {"created"}, answer.text
    return total / (time.perf_counter() - began)


async def measure(bench: Bench, compounds: int, sites: int, days: int) -> None:
    """Everything in its order, one line each."""
    town = Town(client=bench, imports=SiteImports())
    entered = await enter(town, compounds, sites)
    print(f"entered    {compounds * sites:7} sites in {entered:5.1f} s")
    known = [
        row["site_id"]
        for row in await town.context.database.pool.fetch("select site_id from site order by code")
    ]
    rows = month(known, days)
    async with bench.context.database.begin() as tx:
        await tx.copy_to_places("round_log", COLUMNS, rows)
    await bench.context.database.pool.execute("analyze")
    closes = [await close_one_day(bench, FIRST + timedelta(days=nth)) for nth in range(days)]
    missed = await town.context.database.pool.fetchval("select count(*) from site_day where shortfall > 0")
    usual, longest = quantile(closes, 0.5), max(closes)
    print(f"logs       {len(rows):7} over {days} days; {missed} site-days short, each told")
    print(
        f"day close  usual {usual:5.2f} s = {usual / LIMIT_SECONDS:4.2f} of the limit of {LIMIT_SECONDS:.0f} s, "
        f"longest {longest:5.2f} s = {longest / LIMIT_SECONDS:4.2f}; all {days} days {sum(closes):5.1f} s"
    )
    last = FIRST + timedelta(days=days - 1)
    whole = await timed(bench, "/v1/day-figures", day=last.isoformat())
    open_day = await timed(bench, "/v1/day-figures")
    history = await timed(bench, "/v1/figures-history", compound="lj-001")
    for name, found in (("closed day", whole), ("open day", open_day), ("14 days", history)):
        usual, high = quantile(found, 0.5) * 1000, quantile(found, 0.95) * 1000
        print(f"figures    {name:<10} {usual:6.1f} ms, p95 {high:6.1f} ms")
    print(
        f"queue      {await queue(bench, last + timedelta(days=1), sites):7.0f} logs/s, one phone after another"
    )


async def run(compounds: int, sites: int, days: int) -> None:
    """Measure on a server of its own."""
    logging.configure("bench", "error")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Postgres(folder / "pg")
        server.start()
        try:
            secrets = Secrets(folder=folder / "secrets")
            secrets.make()
            issuer = Issuer(folder, folder / "key.json", ISSUER_URL)
            issuer.make()
            clock_file = folder / "clock.json"
            write_control(clock_file, datetime(2020, 2, 23, 16, 0, tzinfo=UTC), 0.0)
            urls = await Databases(server.superuser_url()).fresh("sanitation")
            settings = Settings(
                mode="test",
                database_url=urls.database,
                keystore_url=urls.keystore,
                nats_url="nats://127.0.0.1:1",
                master_key_file=secrets.master_key_file("sanitation"),
                card_keys_file=secrets.card_keys_file("sanitation"),
                issuer=ISSUER_URL,
                jwks_file=issuer.folder / "jwks.json",
                caller_rate_scale=1_000,
                clock_file=clock_file,
            )
            context = await open_context("sanitation", settings, SteppedClock(clock_file))
            service = build(context)
            context.database.rejections = service.rejections
            transport = httpx.ASGITransport(app=assemble(service, context))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sanitation.bench", timeout=120
            ) as http:
                bench = Bench(
                    context=context, service=service, http=http, issuer=issuer, clock_file=clock_file
                )
                await measure(bench, compounds, sites, days)
            await context.close()
        finally:
            server.stop()


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:4]]
    asyncio.run(run(*(numbers + [53, 60, 30][len(numbers) :])))
