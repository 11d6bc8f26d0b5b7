"""How often devices and strangers may call the gate; three days of queued checks come through all the same."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from services.gate.access import caller_rates, rate_limits
from services.gate.app import build
from services.gate.settings import Settings
from shared.http.limits import Buckets
from shared.kernel.ids import uuid7
from shared.runtime import assemble
from tests.integration.gate.town import GateTown

TOKENS = 100
"""Batches of 200 that are 20,000 checks."""


@asynccontextmanager
async def gate(town: GateTown, **given: float) -> AsyncIterator[httpx.AsyncClient]:
    """Another process of the gate, with limits of its own."""
    own = town.client.context.settings.model_copy(update={"caller_rate_scale": 1, **given})
    context = replace(town.client.context, settings=own)
    app = assemble(build(context), context)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gate") as http:
        yield http


@pytest.mark.scenario("F8")
async def test_three_days_of_checks_are_handed_in_at_once_and_then_one_batch_a_second(town: GateTown) -> None:
    """What the settings say as they come; a whole upload of 20,000 checks is `test_gate_client`'s."""
    rate = caller_rates(town.client.context.settings.model_copy(update={"caller_rate_scale": 1}))
    now = 0.0
    uploads = Buckets(rate["POST /v1/entry-checks/batch"], lambda: now)
    for _ in range(TOKENS):
        uploads.take(town.device)
    patient = 0
    for _ in range(
        10 * TOKENS
    ):  # whoever holds ten times as much is told to wait, and is never turned away for good
        now += uploads.wait(town.device)
        uploads.take(town.device)
        patient += 1
    assert patient == 10 * TOKENS


@pytest.mark.scenario("F8")
async def test_a_device_that_is_too_fast_waits_and_another_one_does_not(town: GateTown) -> None:
    other = await town.enrol()
    wang = await town.resident()

    async with gate(town, upload_burst=3, check_burst=2, errand_burst=1) as http:

        async def told(path: str, device: str, body: object) -> httpx.Response:
            return await http.post(path, json=body, headers={"Authorization": f"Device {device}"})

        batches = [
            await told("/v1/entry-checks/batch", town.device, {"checks": [town.body(wang)] * 2})
            for _ in range(4)
        ]
        assert [answer.status_code for answer in batches] == [200, 200, 200, 429]
        assert int(batches[-1].headers["retry-after"]) >= 1
        assert batches[-1].json()["code"] == "too_many_requests"
        singles = [await told("/v1/entry-checks", town.device, town.body(wang)) for _ in range(3)]
        assert [answer.status_code for answer in singles] == [201, 201, 429]
        assert (await told("/v1/entry-checks", other, town.body(wang))).status_code == 201
        errand = {"request_id": str(uuid4())}
        asked = [await told("/v1/devices/me/credential", other, errand) for _ in range(2)]
        assert [answer.status_code for answer in asked] == [200, 429]
    assert len(await town.rows("select 1 from entry_check")) == 6  # what was refused was not recorded


async def test_enrolment_codes_are_not_tried_by_the_thousand(town: GateTown) -> None:
    async with gate(town, enrolment_burst_each=5, enrolments_per_minute_each=1) as http:
        tried = [
            (await http.post("/v1/devices", json={"code": uuid7().hex[:32].upper()})).status_code
            for _ in range(8)
        ]
    assert tried == [403] * 5 + [429] * 3


def test_every_limit_of_the_gate_holds_by_default_and_grows_by_the_scale(
    settings_of_the_gate: Callable[..., Settings],
) -> None:
    plain, loaded = settings_of_the_gate(), settings_of_the_gate(caller_rate_scale=50)
    limit, wide = rate_limits(plain)["POST /v1/devices"], rate_limits(loaded)["POST /v1/devices"]
    assert wide == limit.times(50)
    assert plain.rates.writes.times(50) == loaded.rates.writes


@pytest.fixture
def settings_of_the_gate() -> Callable[..., Settings]:
    """The settings that every service needs, and what a test gives."""

    def make(**given: float) -> Settings:
        return Settings(
            database_url="postgresql://x",
            nats_url="nats://x",
            issuer="http://x",
            **given,  # type: ignore[arg-type]
        )

    return make
