"""Thirty devices check people while the gate, PostgreSQL and the bus are killed with -9 under them."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from shared.bus import names
from shared.bus.link import Link
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack
from tests.bench.gate_town import BenchTown, Device
from tests.faults.test_kill_nine import patiently

DEVICES = 30
TAKEN = {200, 201}
LATER = {503}
"""What a device may be told while something is away; anything else of 5xx is a fault."""


class Fleet:
    """The devices: each sends its checks in order and each check until it is answered, as the contract says."""

    def __init__(self, base: str) -> None:
        limits = httpx.Limits(max_connections=DEVICES)
        self.http = httpx.AsyncClient(base_url=base, limits=limits, timeout=20)
        self.answered: dict[str, str] = {}
        self.statuses: Counter[int] = Counter()

    async def work(self, device: Device, bodies: list[dict[str, Any]]) -> None:
        for body in bodies:
            while True:
                try:
                    answer = await self.http.post(
                        "/v1/entry-checks",
                        json=body,
                        headers={"Authorization": f"Device {device.credential}"},
                    )
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                self.statuses[answer.status_code] += 1
                if answer.status_code in TAKEN:
                    self.answered[body["check_id"]] = answer.json()["verdict"]
                    break
                assert answer.status_code in LATER, answer.text
                await asyncio.sleep(0.1)


async def _kill(victim: str, stack: Stack, postgres: Postgres) -> None:
    match victim:
        case "gate":
            stack.kill("gate")
            stack.launch("gate")
        case "nats":
            stack.nats.kill()
            stack.nats.start()
        case _:
            postgres.kill()
            postgres.start()


async def _on_the_bus(nats: NatsServer) -> int:
    """How many checks the stream holds."""
    link = Link(nats.url, name="counter", credentials=nats.admin)
    link.start()
    try:
        await link.up.wait()
        return (await link.js.stream_info(names.stream("gate", "checks"))).state.messages
    finally:
        await link.stop()


async def _rows(stack: Stack, service: str, query: str) -> list[Any]:
    async def look() -> list[Any]:
        connection = await stack.connect(service)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return await patiently(look)


async def run(
    stack: Stack, databases: Databases, postgres: Postgres, *, checks: int, kills: int
) -> Counter[str]:
    """Let the devices work, kill by turns, and compare what is kept, told and counted; returns who was killed."""
    for service in ("gate", "reporting"):
        await stack.prepare(service, databases)
    town = BenchTown(
        folder=stack.folder, urls=stack.urls["gate"], nats=stack.nats, secrets=stack.secrets, passes=300
    )
    await town.fill()
    await stack.start_only("gate", "reporting")
    people = town.tokens(len(town.walkers))
    draw = random.Random(20200224)
    queues: dict[str, list[dict[str, Any]]] = {device.credential: [] for device in town.devices}
    for nth in range(checks):
        device = town.devices[nth % DEVICES]
        [(_, body)] = town.checks([draw.choice(people)])
        queues[device.credential].append(body)
    fleet = Fleet(stack.base("gate"))
    work = asyncio.gather(*(fleet.work(device, queues[device.credential]) for device in town.devices))
    killed: Counter[str] = Counter()
    victims = cycle(draw.sample(["gate", "postgres", "nats"], 3))
    for nth in range(1, kills + 1):

        async def enough(share: float = nth / (kills + 1)) -> bool:
            return len(fleet.answered) >= share * checks or work.done()

        await eventually(enough, within=120, what="the devices get on")
        if work.done():
            break
        victim = next(victims)
        killed[victim] += 1
        await _kill(victim, stack, postgres)
    await work
    await fleet.http.aclose()

    sent = {body["check_id"] for queue in queues.values() for body in queue}
    assert fleet.answered.keys() == sent
    kept = dict(await _rows(stack, "gate", "select check_id::text, verdict from entry_check"))
    assert kept == fleet.answered, "what was answered is what is kept"
    told = await _rows(
        stack, "gate", "select document::jsonb -> 'data' ->> 'check_id' from outbox where channel = 'checks'"
    )
    assert Counter(check_id for (check_id,) in told) == Counter(sent)

    async def counted() -> bool:
        return await _rows(stack, "reporting", "select sum(checks)::int from entry_flow") == [(checks,)]

    await eventually(counted, within=60, what="headquarters counts every check")
    assert await _on_the_bus(stack.nats) == checks
    return killed


@pytest.fixture
async def stack(nats: NatsServer, secrets: Secrets, issuer: Issuer, tmp_path: Path) -> Any:
    """Gate and reporting on the session's servers; business time runs with the clock on the wall."""
    clock_file = tmp_path / "clock.json"
    write_control(clock_file, datetime.now(UTC), 1.0)
    running = Stack(folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
    try:
        yield running
    finally:
        await running.stop()


@pytest.mark.scenario("G12")
@pytest.mark.timeout(300)
async def test_every_answered_check_is_kept_told_and_counted_once_though_all_are_killed(
    stack: Stack, databases: Databases, postgres: Postgres
) -> None:
    killed = await run(stack, databases, postgres, checks=400, kills=3)
    assert killed.keys() == {"gate", "postgres", "nats"}


@pytest.mark.release
@pytest.mark.scenario("G12")
@pytest.mark.timeout(1_800)
async def test_twenty_thousand_checks_while_all_are_killed_again_and_again(
    stack: Stack, databases: Databases, postgres: Postgres
) -> None:
    killed = await run(stack, databases, postgres, checks=20_000, kills=40)
    assert min(killed[victim] for victim in ("gate", "postgres", "nats")) >= 5
