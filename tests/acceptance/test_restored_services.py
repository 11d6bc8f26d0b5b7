"""A service restored to a moment while the others go on: nobody else loses anything, and all say what is over."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from deploy.cli.verify import verify
from deploy.local.backups import Backups, replace
from deploy.local.beyond import held_beyond
from deploy.local.postgres import Postgres
from services.reporting.projections import all_projections
from services.reporting.rebuild import rebuild
from shared.bus.link import Link
from shared.db.pool import Database
from shared.kernel.clock import SteppedClock
from shared.kernel.days import local_day
from shared.kernel.tasks import stop
from tests.acceptance.gatehouse import HERE, Gatehouse, Resident
from tests.acceptance.gates import Device
from tests.acceptance.people import resident_id
from tests.acceptance.stack import Stack

SERVICES = (
    "gate",
    "observation",
    *(pytest.param(one, marks=pytest.mark.release) for one in ("registry", "sanitation", "reporting")),
)


@dataclass(kw_only=True)
class Traffic:
    """Facts of every service, as people make them over HTTP, and the backups of the cluster that keeps them."""

    house: Gatehouse
    device: Device
    resident: Resident
    site: str
    dwelling: str
    backups: Backups
    returned: int = 0

    async def fact(self, service: str) -> None:
        """One more fact that a service owns; reporting owns none that people make."""
        stack = self.house.stack
        match service:
            case "gate" | "reporting":
                await self.house.check(self.device, self.resident.scanned)
            case "registry":
                await stack.call("POST", "registry", "/v1/leads", headers={}, json=self._lead())
            case "observation":
                clerk = stack.as_role("community_clerk")
                await stack.call("POST", "registry", "/v1/returnees", headers=clerk, json=self._returnee())
            case _:
                worker = stack.as_role("sanitation_worker", f"compound:{HERE}")
                await stack.call("POST", "sanitation", "/v1/rounds", headers=worker, json=self._round())

    def _lead(self) -> dict[str, Any]:
        return {
            "lead_id": str(uuid4()),
            "request_secret": token_urlsafe(16),
            "channel": "gate_code",
            "category": "gathering",
            "compound": HERE,
            "place": "1幢楼下",
            "text": "多人聚集打牌",
            "observed_at": self.house.stack.now().isoformat(),
        }

    def _returnee(self) -> dict[str, Any]:
        self.returned += 1
        day = local_day(self.house.stack.now())
        number = resident_id("19850412", self.returned)
        return {
            "intake_id": str(uuid4()),
            "person": {
                "name": "东方归",
                "phone": "19900001234",
                "documents": [{"kind": "resident_id", "number": number}],
            },
            "dwelling": {"dwelling_id": self.dwelling},
            "trip": {
                "origin_code": "330100",
                "arrived_on": day.isoformat(),
                "transport": "train",
                "proof": True,
            },
        }

    def _round(self) -> dict[str, Any]:
        return {
            "round_id": str(uuid4()),
            "site_code": self.site,
            "agent": "chlorine_84",
            "concentration_mg_l": 500,
            "done_at": self.house.stack.now().isoformat(),
        }


@asynccontextmanager
async def going_on(traffic: Traffic, *services: str) -> AsyncIterator[None]:
    """Facts of other services all the while; every one of them must be acknowledged."""

    async def more() -> None:
        while True:
            for service in services:
                await traffic.fact(service)
            await asyncio.sleep(0.3)

    running = asyncio.create_task(more(), name="traffic")
    try:
        yield
        assert not running.done(), running.exception()
    finally:
        await stop(running)


@pytest.fixture(scope="module")
async def traffic(house: Gatehouse, postgres: Postgres) -> Traffic:
    await house.risk_areas()
    resident, device = await house.resident(), await house.device()
    body = {"code": f"{HERE}-s1", "compound": HERE, "kind": "lift", "name": "1号点位"}
    clerk = house.stack.as_role("community_clerk")
    await house.stack.call("POST", "sanitation", "/v1/sites", headers=clerk, json=body, expect=201)
    backups = Backups(postgres=postgres)
    backups.take()
    return Traffic(
        house=house,
        device=device,
        resident=resident,
        site=f"{HERE}-s1",
        dwelling=resident.dwelling,
        backups=backups,
    )


async def to_the_moment(stack: Stack, backups: Backups, service: str, moment: datetime) -> None:
    """Stop a service, put its database back to a moment, start it: what `./fangkong restore` does."""
    process = stack.processes[service]
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 30) == 0
    await backups.archive_now()
    recovered = await backups.recover(moment)
    try:
        await replace(backups.postgres, recovered, urlsplit(stack.urls[service].database).path[1:])
    finally:
        await asyncio.to_thread(recovered.remove)
    stack.launch(service)
    await stack.ready(service)


async def built_anew(stack: Stack) -> None:
    """Read models without what a restored producer no longer has."""
    who = stack.nats.credentials("reporting")
    link = Link(stack.nats.url, name="reporting", credentials=who)
    link.start()
    live = await Database.open(
        stack.urls["reporting"].database, service="reporting", clock=SteppedClock(stack.clock_file)
    )
    try:
        await link.up.wait()
        await rebuild(live, link, all_projections(), name="all", told=lambda *_: None)
    finally:
        await live.close()
        await link.stop()


async def committed(stack: Stack, service: str) -> dict[str, int]:
    """How many events each channel of a service has."""
    rows = await (await stack.onlooker(service)).fetch("select channel, max_pos from outbox_channel")
    return {row["channel"]: row["max_pos"] for row in rows}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_restored_under_traffic_goes_on_in_a_new_epoch_and_readers_name_what_is_over(
    traffic: Traffic, service: str
) -> None:
    stack = traffic.house.stack
    urls = {name: one.database for name, one in stack.urls.items()}
    others = [one for one in ("gate", "sanitation") if one != service]
    async with going_on(traffic, *others):
        for _ in range(3):
            await traffic.fact(service)
        await stack.equal()
        kept = await committed(stack, service)
        moment = datetime.now(UTC)
        for _ in range(4):
            await traffic.fact(service)
        await stack.equal()
        told = await committed(stack, service)

        await to_the_moment(stack, traffic.backups, service, moment)
        await traffic.fact(service)
    await stack.equal(within=60)

    epochs = await (await stack.onlooker(service)).fetch(
        "select channel, starts_after from outbox_epoch where epoch = 2"
    )
    assert {row["channel"]: row["starts_after"] for row in epochs} == kept
    held = [one for one in await held_beyond(urls) if one.producer == service]
    assert all(told[one.channel] >= one.to_pos >= one.from_pos > kept[one.channel] for one in held)
    lost = {channel for channel, pos in told.items() if pos > kept[channel]}
    assert {one.channel for one in held if one.service == "reporting"} == lost
    await built_anew(stack)
    found = await verify(urls, stack.now())
    assert (found.differences, found.behind) == ((), 0)
    assert not [one for one in await held_beyond(urls) if one.service == "reporting"]
