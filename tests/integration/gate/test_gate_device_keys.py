"""A device's key: a copied credential alone opens nothing, a device of former times gives itself one (0058)."""

import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.gate.client.keys import DeviceKey
from services.gate.desk import SESSION_SECONDS
from shared.runtime import assemble
from shared.testing.waiting import eventually
from tests.integration.gate.town import GateTown

CHECK, BATCH = "/v1/entry-checks", "/v1/entry-checks/batch"
BEAT = {"device_time": "2020-02-24T09:00:00+08:00", "app_version": "1.0", "queue_length": 0}


@dataclass(kw_only=True)
class Handset:
    """A device with a key, spelling out its requests; `key` may be a thief's."""

    http: httpx.AsyncClient
    credential: str
    key: DeviceKey | None
    ahead: int = 0

    async def ask(
        self, method: str, path: str, body: Any = None, *, proof: str | None = None, sent: bytes | None = None
    ) -> httpx.Response:
        """One request, signed unless another proof is given; `sent`: another body than the one that was signed."""
        content = b"" if body is None else json.dumps(body).encode()
        if proof is None and self.key is not None:
            device_id = UUID(self.credential.partition(".")[0])
            proof = self.key.proof(method, path, device_id, int(time.time()) + self.ahead, content)
        shown = f"Device {self.credential}" + (f" {proof}" if proof else "")
        return await self.http.request(
            method,
            path,
            content=content if sent is None else sent,
            headers={"Authorization": shown, "Content-Type": "application/json"},
        )

    async def ticket(self) -> str:
        """What a heartbeat brings."""
        told: str = (await self.ask("POST", "/v1/devices/me/heartbeat", BEAT)).json()["ticket"]
        return told


@pytest.fixture
async def handset(town: GateTown) -> Handset:
    """A device that told its key when it enrolled."""
    return await enrolled(town)


async def enrolled(town: GateTown) -> Handset:
    key = DeviceKey.make()
    body = {"code": await town.code(), "device_id": str(uuid4()), "public_key": key.public()}
    answer = await town.client.http.post("/v1/devices", json=body)
    assert answer.status_code == 201, answer.text
    again = await town.client.http.post("/v1/devices", json=body)
    assert (again.status_code, again.json()) == (200, answer.json())
    other = body | {"public_key": DeviceKey.make().public()}
    refused = await town.client.http.post("/v1/devices", json=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "enrolment_code_invalid")
    return Handset(http=town.client.http, credential=answer.json()["credential"], key=key)


def asked_of_devices(town: GateTown) -> list[tuple[str, str, Any]]:
    """What a device asks for itself."""
    return [
        ("POST", CHECK, town.body({"kind": "visitor"})),
        ("POST", BATCH, {"checks": [town.body({"kind": "visitor"})]}),
        ("POST", "/v1/devices/me/heartbeat", BEAT),
        ("POST", "/v1/devices/me/credential", {"request_id": str(uuid4())}),
        ("GET", "/v1/checkpoints/me", None),
        ("GET", "/v1/checkpoints/me/snapshot", None),
        ("GET", "/v1/duty/post", None),
        ("POST", "/v1/vehicle-checks/batch", {"checks": [{}]}),
        ("POST", "/v1/arrivals/batch", {"checks": [{}]}),
    ]


async def test_a_device_that_signs_is_answered(town: GateTown, handset: Handset) -> None:
    for method, path, body in asked_of_devices(town):
        answer = await handset.ask(method, path, body)
        assert answer.status_code in {200, 201}, (path, answer.text)


@pytest.mark.requirement("F15")
async def test_a_copied_credential_without_the_key_opens_nothing(town: GateTown, handset: Handset) -> None:
    copied = Handset(http=handset.http, credential=handset.credential, key=None)
    guessed = Handset(http=handset.http, credential=handset.credential, key=DeviceKey.make())
    for thief in (copied, guessed):
        for method, path, body in asked_of_devices(town):
            answer = await thief.ask(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (401, "proof_needed"), path
    assert await town.rows("select 1 from entry_check") == []
    assert (await town.rows("select count(*) as n from device where next_credential_hash is not null"))[0][
        "n"
    ] == 0


async def test_a_batch_that_was_altered_on_the_way_is_not_taken(town: GateTown, handset: Handset) -> None:
    checks = {"checks": [town.body(await town.resident())]}
    altered = json.dumps(checks).replace("36.5", "36.6").encode()
    answer = await handset.ask("POST", BATCH, checks, sent=altered)
    assert (answer.status_code, answer.json()["code"]) == (401, "proof_needed")
    assert (await handset.ask("POST", BATCH, checks)).json()["items"][0]["status"] == "created"


async def test_a_device_whose_clock_is_wrong_learns_the_servers_time_from_the_answer(
    handset: Handset,
) -> None:
    handset.ahead = 7_200
    stale = await handset.ask("GET", "/v1/checkpoints/me")
    assert (stale.status_code, stale.json()["code"]) == (401, "proof_stale")
    handset.ahead = stale.json()["now"] - int(time.time())
    assert (await handset.ask("GET", "/v1/checkpoints/me")).status_code == 200


async def test_a_ticket_stands_for_a_signature_with_single_checks_alone(
    town: GateTown, handset: Handset
) -> None:
    ticket = await handset.ticket()
    for _ in range(2):
        answer = await handset.ask("POST", CHECK, town.body({"kind": "visitor"}), proof=ticket)
        assert answer.status_code == 201
    for method, path, body in asked_of_devices(town)[1:]:
        assert (await handset.ask(method, path, body, proof=ticket)).json()["code"] == "proof_needed", path
    other = await enrolled(town)
    kind, until, mark = ticket.split(".")
    forged = [
        f"{kind}.{int(until) + 60}.{mark}",
        f"{kind}.{until}.{mark[:-1]}{'0' if mark[-1] != '0' else '1'}",
        f"{kind}.1.{mark}",
        await other.ticket(),
        *("t", "t..", f"t.{'9' * 30}.{mark}", f"t.{until}."),
    ]
    for one in forged:
        answer = await handset.ask("POST", CHECK, town.body({"kind": "visitor"}), proof=one)
        assert (answer.status_code, answer.json()["code"]) == (401, "proof_needed"), one


@pytest.fixture
async def another_process(town: GateTown) -> AsyncIterator[httpx.AsyncClient]:
    app = assemble(town.client.service, town.client.context)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gate") as http:
        yield http


async def test_another_process_of_the_gate_believes_a_ticket_too(
    town: GateTown, handset: Handset, another_process: httpx.AsyncClient
) -> None:
    ticket = await handset.ticket()
    there = Handset(http=another_process, credential=handset.credential, key=None)
    answer = await there.ask("POST", CHECK, town.body({"kind": "visitor"}), proof=ticket)
    assert answer.status_code == 201


async def test_a_device_of_former_times_gives_itself_a_key_and_its_credential_alone_is_worth_nothing_then(
    town: GateTown,
) -> None:
    old = Handset(http=town.client.http, credential=town.device, key=None)
    assert (await old.ask("GET", "/v1/checkpoints/me")).status_code == 200
    key, thiefs = DeviceKey.make(), DeviceKey.make()
    asked = {"request_id": str(uuid4()), "public_key": key.public()}
    unsigned = await old.ask("POST", "/v1/devices/me/credential", asked)
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "proof_needed")
    bound = Handset(http=old.http, credential=town.device, key=key)
    told = await bound.ask("POST", "/v1/devices/me/credential", asked)
    again = await bound.ask("POST", "/v1/devices/me/credential", asked)
    assert (told.status_code, again.json()) == (200, told.json())
    assert (await old.ask("GET", "/v1/checkpoints/me")).json()["code"] == "proof_needed"
    other = asked | {"public_key": thiefs.public()}
    refused = await bound.ask("POST", "/v1/devices/me/credential", other)
    assert (refused.status_code, refused.json()["code"]) == (422, "device_key_invalid")
    renewed = Handset(http=old.http, credential=told.json()["credential"], key=key)
    assert (await renewed.ask("GET", "/v1/checkpoints/me")).status_code == 200
    assert (await bound.ask("GET", "/v1/checkpoints/me")).json()["code"] == "token_refused"


async def test_from_the_policys_day_on_a_device_without_a_key_does_nothing_but_give_itself_one(
    town: GateTown, forget_sessions: Callable[[], None]
) -> None:
    old = Handset(http=town.client.http, credential=town.device, key=None)
    town.client.move_to(datetime(2020, 6, 1, 1, tzinfo=UTC))
    forget_sessions()
    for method, path, body in asked_of_devices(town):
        assert (await old.ask(method, path, body)).json()["code"] == "device_key_needed", path
    key = DeviceKey.make()
    bound = Handset(http=old.http, credential=town.device, key=key)
    asked = {"request_id": str(uuid4()), "public_key": key.public()}
    assert (await bound.ask("POST", "/v1/devices/me/credential", asked)).status_code == 200
    assert (await bound.ask("GET", "/v1/checkpoints/me")).status_code == 200


@pytest.fixture
def forget_sessions(town: GateTown) -> Callable[[], None]:
    """What a process does by itself some seconds later."""

    def forget() -> None:
        town.client.http._transport.app.state.desk = None  # type: ignore[attr-defined]

    return forget


@pytest.mark.release
@pytest.mark.scenario("G16")
async def test_a_revocation_reaches_every_process_within_a_minute(
    town: GateTown, another_process: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """By real time and without a hand on any clock; how long it took is printed."""
    there = Handset(http=another_process, credential=town.device, key=None)
    assert (await there.ask("GET", "/v1/checkpoints/me")).status_code == 200
    device_id, began = town.device.partition(".")[0], time.monotonic()
    headers = town.client.as_role("ops")
    assert (
        await town.client.http.post(f"/v1/devices/{device_id}/revoke", headers=headers)
    ).status_code == 200
    assert (await town.send(town.body({"kind": "visitor"}))).status_code == 401  # here at once

    async def stopped() -> bool:
        return (await there.ask("GET", "/v1/checkpoints/me")).status_code == 401

    await eventually(stopped, within=60, every=0.25, what="the other process")
    with capsys.disabled():
        took = time.monotonic() - began
        sys.stdout.write(
            f"\nrevoked elsewhere after {took:.1f} s; asked again every {SESSION_SECONDS:.0f} s\n"
        )
