"""The gate killed with -9 under load: what was answered is there, and sent again everything is there once."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from deploy.local.ports import any_free
from shared.testing.waiting import eventually
from tests.integration.gate.town import GateTown


@asynccontextmanager
async def running(town: GateTown) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """The gate as a process of its own, on the town's databases."""
    given = town.client.context.settings.model_dump(mode="json", exclude_none=True)
    port = any_free()
    env = {f"FANGKONG_{name.upper()}": str(value) for name, value in given.items()}
    env |= {"FANGKONG_HTTP_PORT": str(port), "PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.gate", env=env, stdout=asyncio.subprocess.DEVNULL
    )
    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=20) as http:

        async def ready() -> bool:
            try:
                return (await http.get("/livez")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await eventually(ready, within=60, what="the gate")
            yield process, http
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def send(http: httpx.AsyncClient, town: GateTown, body: dict[str, Any]) -> int | None:
    """The status of one check; None when no answer came."""
    headers = {"Authorization": f"Device {town.device}"}
    try:
        return (await http.post("/v1/entry-checks", json=body, headers=headers)).status_code
    except httpx.TransportError:
        return None


@pytest.mark.scenario("G12")
async def test_a_killed_gate_has_kept_what_it_answered_and_repeats_make_nothing_twice(town: GateTown) -> None:
    wang = await town.resident()
    bodies = [town.body(wang) for _ in range(400)]
    answered: set[str] = set()
    async with running(town) as (process, http):

        async def one(body: dict[str, Any]) -> None:
            if await send(http, town, body) == 201:
                answered.add(body["check_id"])
                if len(answered) == 150:
                    process.kill()

        await asyncio.gather(*(one(body) for body in bodies))
    assert 150 <= len(answered) < len(bodies)
    kept = {str(row["check_id"]) for row in await town.rows("select check_id from entry_check")}
    told = [event["check_id"] for event in await town.published("EntryChecked")]
    assert answered <= kept
    assert sorted(told) == sorted(kept)
    async with running(town) as (_, http):
        statuses = await asyncio.gather(*(send(http, town, body) for body in bodies))
    assert set(statuses) <= {200, 201}
    assert statuses.count(200) == len(kept)
    told = [event["check_id"] for event in await town.published("EntryChecked")]
    assert sorted(told) == sorted(body["check_id"] for body in bodies)
