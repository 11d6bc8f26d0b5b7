"""The board tells its readers that it moved, once for all of them, and lets go of them when the service stops."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.secrets import Secrets
from shared.db.pool import Database
from shared.kernel.clock import SystemClock, write_control
from shared.testing.databases import Databases
from tests.acceptance.stack import Stack
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.reporting.world import COMPOUNDS, Log, compounds, deliver, person


@pytest.fixture
async def lone(nats: NatsServer, secrets: Secrets, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Stack]:
    """Reporting as a process of its own."""
    clock_file = tmp_path / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    stack = Stack(folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
    yield stack
    await stack.stop()


async def next_of(lines: AsyncIterator[str]) -> dict[str, Any] | None:
    """The data of the next event of a stream; None when it ended."""
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            assert name == "board"
            found: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return found
    return None


@pytest.mark.requirement("R7.1")
async def test_who_listens_hears_of_a_move_and_is_let_go_when_the_service_stops(
    lone: Stack, databases: Databases
) -> None:
    await lone.prepare("reporting", databases)
    lone.launch("reporting")
    await lone.ready("reporting")
    url = f"{lone.base('reporting')}/v1/board/stream"
    refused = await lone.http.get(url, headers=lone.as_role("guard", f"compound:{COMPOUNDS[0]}"))
    assert refused.status_code == 403
    database = await Database.open(lone.urls["reporting"].database, service="reporting", clock=SystemClock())
    log = Log()
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", url, headers=lone.as_role("hq_officer")) as town,
        http.stream("GET", url, headers=lone.as_role("community_clerk", "neighbourhood:nb-01")) as part,
    ):
        assert town.headers["content-type"].startswith("text/event-stream")
        assert town.headers["cache-control"] == "no-cache"
        heard = [aiter(town.aiter_lines()), aiter(part.aiter_lines())]
        before = [await next_of(one) for one in heard]
        assert before[0] == before[1]

        log.say(*compounds(), person(COMPOUNDS[0]), person(COMPOUNDS[1]))
        await deliver(database, log)

        after = [await next_of(one) for one in heard]
        for one, earlier in zip(after, before, strict=True):
            assert one is not None
            assert earlier is not None
            assert set(one) == {"etag", "as_of"}
            assert one["etag"] != earlier["etag"]
            assert one["as_of"] is not None

        lone.processes["reporting"].send_signal(signal.SIGTERM)
        for lines in heard:
            while await next_of(lines) is not None:
                pass
        # Sooner than the patience with which a drain waits for answers that do not end.
        assert await asyncio.to_thread(lone.processes["reporting"].wait, 15) == 0
    await database.close()
