"""Kill -9 of relay, reader, nats-server and PostgreSQL at random while events flow."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import pytest

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from shared.db.pool import TRANSIENT
from shared.testing.databases import Databases
from tests.integration.bus.support import make_bench, wrong

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


async def patiently(look: Callable[[], Awaitable[T]]) -> T:
    """Look on connections of ours that a killed PostgreSQL may have taken along."""
    for _ in range(20):
        try:
            return await look()
        except TRANSIENT:
            await asyncio.sleep(0.2)
    return await look()


class Crew:
    """The processes of one run."""

    def __init__(self, plan: Path, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.members: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.members[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "tests.faults.workers", name, str(self.plan)],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        self.members[name].send_signal(signal.SIGKILL)
        self.members[name].wait()

    def stop(self) -> None:
        for member in self.members.values():
            if member.poll() is None:
                member.kill()
                member.wait()


async def run(
    postgres: Postgres, nats: NatsServer, databases: Databases, folder: Path, *, events: int, seed: int
) -> tuple[dict[str, int], Counter[str]]:
    """Let the events flow, kill at random, wait for the end; returns what the checker counts and what was killed."""
    bench = await make_bench(databases, nats)
    await bench.delete_stream()  # it may hold what another test published under the same positions
    await bench.streams()
    plan = folder / "plan.json"
    ledger = folder / "ledger.txt"
    ledger.touch()
    plan.write_text(
        json.dumps(
            {
                "producer_url": bench.producer_urls.database,
                "consumer_url": bench.consumer_urls.database,
                "nats_url": nats.url,
                "seeds": {user: nats.credentials(user).seed for user in ("sanitation", "reporting")},
                "sites": [str(uuid4()) for _ in range(20)],
                "events": events,
                "ledger": str(ledger),
            }
        ),
        encoding="utf-8",
    )
    crew = Crew(plan, folder)
    killed: Counter[str] = Counter()
    choose = random.Random(seed)
    for name in ("relay", "reader", "writer"):
        crew.start(name)
    try:
        while crew.members["writer"].poll() is None:
            await asyncio.sleep(choose.uniform(0.3, 1.2))
            victim = choose.choice(["relay", "reader", "relay", "reader", "nats", "postgres"])
            killed[victim] += 1
            if victim == "nats":
                nats.kill()
                nats.start()
            elif victim == "postgres":
                postgres.kill()
                postgres.start()
            else:
                crew.kill(victim)
                crew.start(victim)
        assert crew.members["writer"].returncode == 0, (folder / "writer.log").read_text()[-2000:]
        acknowledged: dict[UUID, int] = {}
        for line in ledger.read_text(encoding="utf-8").splitlines():
            site, version = line.split()
            acknowledged[UUID(site)] = max(acknowledged.get(UUID(site), 0), int(version))
        committed = await patiently(bench.committed)
        for known, newest in acknowledged.items():
            assert committed.get(known, 0) >= newest, "an acknowledged command is gone"
        end = time.monotonic() + 60
        while len(await patiently(bench.seen)) < sum(committed.values()) and time.monotonic() < end:
            await asyncio.sleep(0.2)
        return wrong(await patiently(bench.seen), committed), killed
    finally:
        crew.stop()
        await bench.producer.close()
        await bench.consumer.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("events", [2_500, pytest.param(20_000, marks=pytest.mark.release)])
async def test_nothing_is_lost_repeated_or_reordered_while_everything_is_killed(
    databases: Databases, postgres: Postgres, nats: NatsServer, tmp_path: Path, events: int
) -> None:
    counts, killed = await run(postgres, nats, databases, tmp_path, events=events, seed=20200224)
    assert sum(killed.values()) >= 5, "too little was killed to prove anything"
    assert counts == {"lost": 0, "twice": 0, "out_of_order": 0}, killed
