"""A service as a process: it starts without the bus, answers, drains, comes back, and follows the common clock."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.stack import Stack
from tests.bench.gate_town import children_of
from tests.conftest import NINE_ON_THE_24TH


@pytest.fixture
async def lone(nats: NatsServer, secrets: Secrets, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack of which single services are started by the test."""
    clock_file = tmp_path / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    stack = Stack(folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
    yield stack
    await stack.stop()


async def test_a_service_is_ready_while_the_bus_is_away(
    lone: Stack, databases: Databases, nats: NatsServer
) -> None:
    nats.stop()
    try:
        await lone.prepare("registry", databases)
        lone.launch("registry")
        await lone.ready("registry")
        answer = await lone.call(
            "GET", "registry", "/v1/policies/current", headers=lone.as_role("hq_officer"), expect=200
        )
        assert answer["version"] == 1
    finally:
        nats.start()


async def test_sigterm_under_load_drains_without_a_failed_answer(lone: Stack, databases: Databases) -> None:
    await lone.prepare("registry", databases)
    lone.launch("registry")
    await lone.ready("registry")
    headers = lone.as_role("hq_officer")
    statuses: list[int] = []
    stopping = asyncio.Event()

    async def caller() -> None:
        async with httpx.AsyncClient(base_url=lone.base("registry"), timeout=20) as http:
            while True:
                try:
                    statuses.append((await http.get("/v1/policies/current", headers=headers)).status_code)
                except (
                    httpx.TransportError
                ):  # refused or closed between two requests: nobody was promised anything
                    assert stopping.is_set()
                    return

    callers = [asyncio.create_task(caller()) for _ in range(8)]

    async def busy() -> bool:
        return len(statuses) > 50

    await eventually(busy, what="the service is under load")
    stopping.set()
    lone.processes["registry"].send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(lone.processes["registry"].wait, 25) == 0
    await asyncio.gather(*callers)
    assert set(statuses) == {200}


async def test_a_taken_port_is_one_clear_sentence(lone: Stack, databases: Databases) -> None:
    await lone.prepare("reporting", databases)
    lone.launch("reporting")
    await lone.ready("reporting")
    first = lone.processes.pop("reporting")
    lone.launch("reporting")
    second = lone.processes["reporting"]
    assert await asyncio.to_thread(second.wait, 20) == 1
    lone.processes["reporting"] = first
    last = lone.log("reporting").strip().splitlines()
    assert any(f"port {lone.ports['reporting']}" in line and "cannot be used" in line for line in last)
    assert not any("Traceback" in line for line in last)


async def test_a_second_process_takes_over_when_the_first_is_killed(
    lone: Stack, databases: Databases
) -> None:
    await lone.prepare("registry", databases)
    lone.launch("registry")
    await lone.ready("registry")
    first = lone.processes.pop("registry")
    lone.ports["registry"] = any_free()
    lone.launch("registry")
    await lone.ready("registry")
    leads = lone.log("registry").count('"leading"')
    assert leads == 1, "two processes of a service, one leader"
    first.kill()
    first.wait()

    async def taken_over() -> bool:
        return lone.log("registry").count('"leading"') == 2

    await eventually(taken_over, within=15, what="the second process leads")


async def test_a_database_that_dies_is_a_503_and_then_forgotten(
    lone: Stack, databases: Databases, postgres: Postgres
) -> None:
    await lone.prepare("registry", databases)
    lone.launch("registry")
    await lone.ready("registry")
    headers = lone.as_role("hq_officer")
    postgres.kill()
    try:
        broken = await lone.http.get(f"{lone.base('registry')}/v1/policies/current", headers=headers)
        assert broken.status_code == 503
        assert broken.headers["retry-after"]
        assert (await lone.http.get(f"{lone.base('registry')}/livez")).status_code == 200
        assert (await lone.http.get(f"{lone.base('registry')}/readyz")).status_code == 503
    finally:
        postgres.start()
    await lone.ready("registry")
    assert (
        await lone.http.get(f"{lone.base('registry')}/v1/policies/current", headers=headers)
    ).status_code == 200


async def test_business_time_is_set_and_sped_up_for_all_services_at_once(
    lone: Stack, databases: Databases
) -> None:
    for service in ("registry", "observation"):
        await lone.prepare(service, databases)
        lone.launch(service)
    for service in ("registry", "observation"):
        await lone.ready(service)
    write_control(lone.clock_file, NINE_ON_THE_24TH + timedelta(days=3), 3600.0)  # an hour a second
    before = lone.now()

    async def hours_passed() -> bool:
        return lone.now() - before > timedelta(hours=1)

    await eventually(hours_passed)
    connection = await lone.connect("observation")
    try:

        async def ticked() -> bool:
            return bool(await connection.fetchval("select min(through) > $1 from ticked", before))

        await eventually(ticked, what="observation acted by the faster clock")
    finally:
        await connection.close()
    exposed = await lone.http.get(f"{lone.base('registry')}/metrics")
    assert "eventbus_up" in exposed.text
    assert "http_server_requests_total" in exposed.text
    assert "build_info{" in exposed.text


async def test_every_log_line_is_json_with_service_and_level(lone: Stack, databases: Databases) -> None:
    await lone.prepare("gate", databases)
    lone.launch("gate")
    await lone.ready("gate")
    await lone.http.post(f"{lone.base('gate')}/v1/entry-checks", json={"check_id": str(uuid4())})
    lines = [json.loads(line) for line in lone.log("gate").splitlines()]
    assert lines
    assert all({"event", "level", "service", "timestamp"} <= line.keys() for line in lines)


async def test_the_gate_answers_in_one_process_and_leads_in_another_and_neither_outlives_the_other(
    lone: Stack, databases: Databases
) -> None:
    await lone.prepare("gate", databases)
    lone.launch("gate")
    await lone.ready("gate")
    [leader] = children_of(lone.processes["gate"].pid)

    async def told() -> bool:
        figures = (await lone.http.get(f"{lone.base('gate')}/metrics")).text
        names = [family.name for family in text_string_to_metric_families(figures)]
        assert len(names) == len(set(names)), "each family of figures is told once"
        return "eventbus_up 1.0" in figures and "leader_process_resident_memory_bytes" in names

    await eventually(told, what="the figures of both")
    os.kill(leader, signal.SIGKILL)
    assert await asyncio.to_thread(lone.processes["gate"].wait, 30) == 1, (
        "whoever watches it starts both again"
    )
    assert "LeaderEndedError" in lone.log("gate")

    lone.launch("gate")
    await lone.ready("gate")
    [leader] = children_of(lone.processes["gate"].pid)
    lone.kill("gate")

    async def gone() -> bool:
        status = Path(f"/proc/{leader}/status")
        return not status.exists() or "State:\tZ" in status.read_text(encoding="utf-8")

    await eventually(gone, what="the leader ends with the process that it leads for")
    lone.launch("gate")
    await lone.ready("gate")
