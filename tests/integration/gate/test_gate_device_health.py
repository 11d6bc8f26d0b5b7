"""How devices are: heartbeats, clocks, credentials, and what is missing of what they sent."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from services.gate.tickers import show_devices
from shared.testing.figures import figure
from tests.integration.gate.town import CHECKPOINT, EPOCH, HERE, NOW, OTHER_CHECKPOINT, THERE, GateTown


async def beat(town: GateTown, *, device: str | None = None, **changes: Any) -> Response:
    body = {"device_time": NOW.isoformat(), "app_version": "1.4.0", "queue_length": 0} | changes
    headers = {"Authorization": f"Device {device or town.device}"}
    return await town.client.http.post("/v1/devices/me/heartbeat", json=body, headers=headers)


def device_id(credential: str) -> str:
    return credential.partition(".")[0]


async def test_a_heartbeat_tells_the_skew_and_the_list_of_devices_shows_how_it_is(town: GateTown) -> None:
    made, oldest = NOW - timedelta(minutes=16), NOW - timedelta(minutes=5)
    answer = await beat(
        town,
        device_time=(NOW + timedelta(hours=3)).isoformat(),
        queue_length=23,
        oldest_queued_at=oldest.isoformat(),
        list_made_at=made.isoformat(),
        rejected=1,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "now": "2020-02-24T01:00:00Z",
        "clock_skew_seconds": 10_800,
        "policy_version": 1,
        "ticket": None,  # it has no key
    }
    listed = await town.client.http.get("/v1/devices", headers=town.client.as_role("ops"))
    [line] = listed.json()["items"]
    assert (line["device_id"], line["state"], line["app_version"]) == (
        device_id(town.device),
        "in_service",
        "1.4.0",
    )
    assert (line["queue_length"], line["rejected"], line["quarantined"], line["held"]) == (23, 1, 0, 0)
    assert (line["list_age_seconds"], line["clock_skew_seconds"]) == (16 * 60, 10_800)
    at = {"checkpoint": CHECKPOINT, "compound": HERE}
    await show_devices(town.client.context.database)
    real_now = town.client.context.clock.real_now().timestamp()
    assert figure("gate_device_queue_length", **at) == 23
    assert figure("gate_device_clock_skew_seconds", **at) == 10_800
    queued = figure("gate_device_oldest_queued_timestamp_seconds", **at)
    assert queued == pytest.approx(
        real_now - 5 * 60 - 10_800, abs=60
    )  # the device's stamp is three hours ahead
    updated = figure("gate_list_updated_timestamp_seconds", **at, list="oldest")
    assert updated == pytest.approx(real_now - 16 * 60, abs=60)


async def test_the_others_are_told_at_most_once_a_minute(town: GateTown) -> None:
    for queue in (5, 4, 3):
        assert (await beat(town, queue_length=queue)).status_code == 200
    [seen] = await town.published("DeviceSeen")
    assert (seen["queue_length"], seen["checkpoint"]) == (5, CHECKPOINT)
    async with town.client.context.database.begin() as tx:
        await tx.execute("update device_report set told_at = told_at - interval '61 seconds'")
    await beat(town, queue_length=2)
    assert [event["queue_length"] for event in await town.published("DeviceSeen")] == [5, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"queue_length": -1},
        {"queue_length": 1.5},
        {"queue_length": 10**9},
        {"app_version": "a b"},
        {"app_version": ""},
        {"device_time": "2020-02-24T09:00:00"},
        {"device_time": "9999-01-01T00:00:00Z"},
        {"battery": 3},
    ],
)
async def test_a_heartbeat_that_cannot_be_read_changes_nothing(
    town: GateTown, changes: dict[str, Any]
) -> None:
    answer = await beat(town, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await town.rows("select 1 from device_report") == []


async def test_devices_are_shown_within_the_callers_places_page_by_page(town: GateTown) -> None:
    other = await town.enrol(OTHER_CHECKPOINT)
    third = await town.enrol()

    async def ids(role: str, scope: str, **query: Any) -> list[str]:
        headers = town.client.as_role(role, scope)
        found: list[str] = []
        after: str | None = None
        while True:
            params = query | ({"after": after} if after else {})
            page = (await town.client.http.get("/v1/devices", params=params, headers=headers)).json()
            found += [item["device_id"] for item in page["items"]]
            after = page["next"]
            if after is None:
                return found

    everything = sorted(map(device_id, (town.device, other, third)), key=UUID)
    assert await ids("ops", "town", limit=1) == everything
    here = sorted(map(device_id, (town.device, third)), key=UUID)
    assert await ids("shift_leader", f"checkpoint:{CHECKPOINT}") == here
    assert await ids("supervisor", f"compound:{THERE}") == [device_id(other)]
    assert await ids("supervisor", "neighbourhood:nb-1") == everything
    assert await ids("supervisor", "neighbourhood:nb-2") == []
    assert await ids("supervisor", f"compound:{THERE}", compound=HERE) == []
    assert await ids("ops", "town", checkpoint=OTHER_CHECKPOINT) == [device_id(other)]
    assert await ids("hq_officer", "town", revoked="true") == []
    near = town.client.as_role("supervisor", "neighbourhood:nb-1")
    path = f"/v1/devices/{device_id(town.device)}"
    assert (await town.client.http.get(path, headers=near)).status_code == 200
    foreign = town.client.as_role("shift_leader", f"checkpoint:{OTHER_CHECKPOINT}")
    one = await town.client.http.get(path, headers=foreign)
    assert (one.status_code, one.json()["code"]) == (404, "unknown_device")


@pytest.mark.requirement("F8")
async def test_a_gap_in_a_devices_numbers_is_visible(town: GateTown) -> None:
    for seq in (2, 3, 7):
        await town.check({"kind": "visitor"}, seq=seq)
    path = f"/v1/devices/{device_id(town.device)}"
    one = (await town.client.http.get(path, headers=town.client.as_role("ops"))).json()
    assert one["highest_seq"] == 7
    assert one["missing"] == [{"first": 1, "last": 1}, {"first": 4, "last": 6}]
    await town.batch([town.body({"kind": "visitor"}, seq=seq) for seq in (6, 1, 5, 4)])
    assert (await town.client.http.get(path, headers=town.client.as_role("ops"))).json()["missing"] == []
    unknown = await town.client.http.get(f"/v1/devices/{uuid4()}", headers=town.client.as_role("ops"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_device")


async def test_a_credential_is_changed_without_a_moment_in_which_none_holds(town: GateTown) -> None:
    async def rotate(request_id: str, device: str) -> Response:
        return await town.client.http.post(
            "/v1/devices/me/credential",
            json={"request_id": request_id},
            headers={"Authorization": f"Device {device}"},
        )

    old, request_id = town.device, str(uuid4())
    first, again = await rotate(request_id, old), await rotate(request_id, old)
    assert first.status_code == 200
    assert first.json() == again.json()
    new = first.json()["credential"]
    assert (await town.send(town.body({"kind": "visitor"}), device=old)).status_code == 201
    assert (await town.send(town.body({"kind": "visitor"}), device=new)).status_code == 201
    assert (await town.send(town.body({"kind": "visitor"}), device=old)).status_code == 401
    assert (await town.send(town.body({"kind": "visitor"}), device=new)).status_code == 201
    assert (await rotate(request_id, old)).status_code == 401
    assert (await rotate(str(uuid4()), new)).json()["credential"] != new
    assert new.partition(".")[2] not in str(await town.rows("select * from device"))


@pytest.mark.scenario("G11")
@pytest.mark.requirement("F13")
@pytest.mark.parametrize("hours", [-24, -1, 1, 3, 24])
@pytest.mark.parametrize(
    "decided", [None, {"verdict": "refuse", "reasons": ["no_pass"], "policy_version": 1}]
)
async def test_a_known_skew_is_taken_off_a_devices_stamp(
    town: GateTown, hours: int, decided: dict[str, Any] | None
) -> None:
    wrong = timedelta(hours=hours)
    await beat(town, device_time=(NOW + wrong).isoformat())
    really = NOW - timedelta(minutes=20)
    body = town.body({"kind": "visitor"}, checked_at=(really + wrong).isoformat(), offline=decided)
    answer = await town.batch([body])
    assert [item["status"] for item in answer.json()["items"]] == ["created"]
    [row] = await town.rows("select device_at, happened_at, time_trusted, received_at from entry_check")
    assert row == {
        "device_at": really + wrong,
        "happened_at": really,
        "time_trusted": True,
        "received_at": NOW,
    }


@pytest.mark.scenario("G11")
async def test_what_the_device_knew_of_its_clock_then_outweighs_what_it_says_now(town: GateTown) -> None:
    await beat(town)  # somebody has set the clock right meanwhile
    decided = {
        "verdict": "refuse",
        "reasons": ["no_pass"],
        "policy_version": 1,
        "clock_skew_seconds": round((EPOCH - NOW).total_seconds()) + 600,
    }
    item = (
        await town.batch([town.body({"kind": "visitor"}, checked_at=EPOCH.isoformat(), offline=decided)])
    ).json()
    assert item["items"][0]["status"] == "created"
    [row] = await town.rows("select device_at, happened_at from entry_check")
    assert row == {"device_at": EPOCH, "happened_at": NOW - timedelta(minutes=10)}
