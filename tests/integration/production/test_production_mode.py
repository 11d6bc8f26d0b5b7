"""Services in production mode, whole: every hop closed, an issuer that is not ours, units as they are committed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.local.names import SERVICES
from deploy.production import workloads
from services.gate.client.keys import DeviceKey
from shared.bus.lag import progress_seen
from shared.kernel.days import local_day
from shared.testing.waiting import eventually
from tests.acceptance.gates import Device
from tests.integration.pages.independent import walk
from tests.integration.production.image import Image
from tests.integration.production.installed import OFFICER, PUBLIC, Installation

COMPOUND = {
    "version": 0,
    "neighbourhood_id": "wx",
    "name": "望新花园",
    "building_type": "high_rise",
    "address": "望新路 1 号",
    "area_m2": 90_000,
    "mode": "closed",
}
IN_THE_CLEAR = """
select usename from pg_stat_activity join pg_stat_ssl using (pid)
where backend_type = 'client backend' and not ssl
"""


def at(service: str, path: str) -> str:
    """A public address."""
    return f"https://{PUBLIC[service]}{path}"


@pytest.fixture
async def installation(image: Image, tmp_path: Path) -> AsyncIterator[Installation]:
    made = Installation.start(tmp_path, image)
    yield made
    made.close()


async def ready(installation: Installation, *services: str) -> None:
    """All answer, over TLS and by their public names."""
    async with installation.browser() as http:
        for service in services:

            async def look(service: str = service) -> bool:
                ended = installation.processes[service].poll() is not None
                assert not ended, installation.log_file(service).read_text()[-3000:]
                try:
                    return (await http.get(at(service, workloads.READY))).status_code == 200
                except httpx.HTTPError:
                    return False

            await eventually(look, within=120, what=f"{service} is ready")


async def send(
    installation: Installation, method: str, url: str, body: Mapping[str, object]
) -> httpx.Response:
    """A command of headquarters, with a token that was just made."""
    async with await installation.officer() as http:
        return await http.request(method, url, json=body)


async def a_gate_opens(installation: Installation) -> None:
    """Commands at the registry; the gate learns of them by the bus alone, and takes a device into service."""
    place = {"version": 0, "name": "望新社区", "kind": "community"}
    gate = {
        "checkpoint_id": "wx-001-n",
        "name": "北门",
        "traffic": "mixed",
        "opened_on": local_day(datetime.now(UTC)).isoformat(),
    }
    for method, path, body in (
        ("PUT", "/v1/neighbourhoods/wx", place),
        ("PUT", "/v1/compounds/wx-001", COMPOUND),
        ("POST", "/v1/compounds/wx-001/checkpoints", gate),
    ):
        answer = await send(installation, method, at("registry", path), body)
        assert answer.status_code in {200, 201}, answer.text

    async def enrolled() -> str:
        asked = {"request_id": str(uuid4()), "checkpoint": "wx-001-n"}
        answer = await send(installation, "POST", at("gate", "/v1/enrolment-codes"), asked)
        return str(answer.json()["code"]) if answer.status_code == 201 else ""

    code = await eventually(enrolled, every=0.5, what="the gate hears of the checkpoint")
    key, device_id = DeviceKey.make(), uuid4()
    asked = {"code": code, "device_id": str(device_id), "public_key": key.public()}
    async with installation.browser() as http:
        enrolled_as = await http.post(at("gate", "/v1/devices"), json=asked)
        assert enrolled_as.status_code == 201, enrolled_as.text
        device = Device(enrolled_as.json()["credential"], device_id, key)
        here = await http.get(at("gate", "/v1/checkpoints/me"), auth=device)
        assert (here.status_code, here.json()["checkpoint"]) == (200, "wx-001-n"), here.text


async def somebody_signs_in(installation: Installation, service: str) -> None:
    """Through the provider's own pages, and back to a page of the service."""
    async with installation.browser() as browser:
        begin = await browser.get(at(service, "/sign-in?next=/"))
        back = at(service, "/sign-in/callback")
        walked = await walk(browser, begin.headers["location"], account=OFFICER, until=back)
        done = await browser.get(back, params=walked.answer)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert f"__Host-fangkong-{service}-session=" in done.headers["set-cookie"]
        assert "secure" in done.headers["set-cookie"].lower()
        assert (await browser.get(at(service, "/"))).status_code == 200


async def every_line_is_closed(installation: Installation, processes: int) -> None:
    """As the servers see their clients, and a service whoever calls in the clear."""
    root = await asyncpg.connect(installation.database.url(ca=installation.authority.files.ca))
    try:
        assert await root.fetch(IN_THE_CLEAR) == []
    finally:
        await root.close()
    async with httpx.AsyncClient() as http:
        clients = (await http.get(f"{installation.bus.monitor_url}/connz")).json()["connections"]
        assert len(clients) >= processes
        assert {client["tls_version"] for client in clients} == {"1.3"}
        with pytest.raises(httpx.HTTPError):
            await http.get(f"http://127.0.0.1:{installation.ports['registry']}{workloads.READY}")


def nothing_secret_is_told(installation: Installation) -> None:
    """Neither in what everybody may read of a process nor in what it logs."""
    told = installation.command_lines() + "".join(
        file.read_text() for file in installation.folder.glob("*.log")
    )
    assert "services.registry" in told
    assert not [drawn for drawn in installation.drawn() if drawn in told]


async def prove(installation: Installation, *services: str) -> None:
    """From an empty database to a device at a gate, and down again."""
    installation.migrate(*services)
    installation.launch(*services)
    await ready(installation, *services)
    await a_gate_opens(installation)
    for service in services:
        if service != "gate":  # people go to a gate with a device; it has no sign-in of its own
            await somebody_signs_in(installation, service)
    await every_line_is_closed(installation, len(services) + 1)
    nothing_secret_is_told(installation)


@pytest.mark.requirement("F17")
@pytest.mark.timeout(300)
async def test_registry_and_gate_work_in_production_mode(installation: Installation) -> None:
    await prove(installation, "registry", "gate")
    process = installation.processes["gate"]
    owner = Path(f"/proc/{process.pid}/status").read_text()
    assert "Uid:\t" + "\t".join([str(workloads.UID)] * 4) in owner
    assert "CapEff:\t0000000000000000" in owner
    assert "NoNewPrivs:\t1" in owner
    assert await asyncio.to_thread(installation.lives, "gate")
    codes = await asyncio.to_thread(installation.stop)
    assert set(codes.values()) == {0}, codes
    assert not await asyncio.to_thread(installation.lives, "gate")


@pytest.mark.release
@pytest.mark.requirement("F17")
@pytest.mark.timeout(600)
async def test_all_five_work_in_production_mode_and_hear_each_other(installation: Installation) -> None:
    await prove(installation, *SERVICES)
    address = installation.database.url(ca=installation.authority.files.ca)
    onlookers = {
        service: await asyncpg.connect(address.replace("/postgres?", f"/{service}?")) for service in SERVICES
    }

    async def equal() -> bool:
        now = await progress_seen(onlookers)
        assert now.dead_letters == 0
        return now.equal

    await eventually(equal, within=60, what="everybody has heard of everything")
    for onlooker in onlookers.values():
        await onlooker.close()
    codes = await asyncio.to_thread(installation.stop)
    assert set(codes.values()) == {0}, codes
