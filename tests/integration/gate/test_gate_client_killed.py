"""A device killed with -9 at any moment: what its screen showed is handed in, once, and no number is missing."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx
import pytest

from services.gate.client.device import Device
from services.gate.domain.rulings import Verdict
from shared.obs.logging import get_logger
from shared.testing.waiting import eventually
from tests.integration.gate.test_gate_killed import running
from tests.integration.gate.town import GateTown

KEY = bytes(range(32))
NOWHERE = "http://127.0.0.1:9"


async def until_killed(store: Path, url: str, token: str, lines: int) -> list[str]:
    """Let the device show so many verdicts, then kill it; tells what it showed."""
    worker: Process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.gate.device_worker", str(store), KEY.hex(), url, token),
        stdout=PIPE,
    )
    assert worker.stdout is not None
    shown: list[str] = []
    while len(shown) < lines:
        line = (await asyncio.wait_for(worker.stdout.readline(), 30)).decode()
        assert line, f"the device ended by itself: {worker.returncode}"
        if line.count(" ") == 2 and line[8] == "-":
            shown.append(line)
    worker.kill()
    rest = (await worker.stdout.read()).decode().splitlines(keepends=True)
    shown += [line for line in rest if line.endswith("\n") and line.count(" ") == 2 and line[8] == "-"]
    await worker.wait()
    return shown


@pytest.mark.requirement("F6")
async def test_a_device_killed_again_and_again_loses_nothing_that_it_showed(
    town: GateTown, tmp_path: Path
) -> None:
    wang = await town.resident()
    store = tmp_path / "device.sqlite"
    async with running(town) as (_, http):
        device = await Device.enrol(store, KEY, http, await town.code())
        await device.heartbeat()
        device.close()
        url = str(http.base_url)
        shown: list[str] = []
        for where, lines in ((url, 12), (NOWHERE, 6), (url, 1)):
            shown += await until_killed(store, where, wang.token, lines)
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            device = Device.open(store, KEY, client)
            while (synced := await device.sync()).left:
                assert synced.retry_after is None or synced.retry_after < 10
            assert device.waiting() == {}
            device.close()
    kept = {
        str(row["check_id"]): row
        for row in await town.rows(
            "select check_id, seq, verdict from entry_check where device_id = $1", device.device_id
        )
    }
    for line in shown:
        check_id, seq, verdict = line.split()
        assert (kept[check_id]["seq"], kept[check_id]["verdict"]) == (int(seq), Verdict(verdict))
    numbers = sorted(row["seq"] for row in kept.values())
    assert numbers == list(range(1, numbers[-1] + 1))
    told = [event["check_id"] for event in await town.published("EntryChecked")]
    assert sorted(told) == sorted(kept)


@pytest.mark.release
@pytest.mark.requirement("F16")
async def test_a_revocation_reaches_another_process_within_a_minute(town: GateTown) -> None:
    device_id = town.device.partition(".")[0]
    headers = {"Authorization": f"Device {town.device}"}
    async with running(town) as (_, other):

        async def status() -> int:
            return (await other.get("/v1/checkpoints/me", headers=headers)).status_code

        assert await status() == 200  # from here on the other process believes the device for a while
        path = f"/v1/devices/{device_id}/revoke"
        began = time.monotonic()
        revoked = await town.client.http.post(path, headers=town.client.as_role("shift_leader"))
        assert revoked.status_code == 200

        async def stopped() -> bool:
            return await status() == 401

        await eventually(stopped, within=60, every=0.25, what="the revocation elsewhere")
        seconds = round(time.monotonic() - began, 1)
        get_logger(__name__).info("revocation_measured", seconds=seconds)  # `pytest -m release -s` shows it
        assert seconds <= 60
