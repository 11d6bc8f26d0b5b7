"""Quarantine: nothing applied, nothing lost, a supervisor decides."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from tests.integration.gate.town import CHECKPOINT, HERE, NOW, THERE, GateTown

ADMITTED: dict[str, Any] = {"verdict": "admit", "reasons": [], "policy_version": 1}


async def revoke(town: GateTown) -> None:
    path = f"/v1/devices/{town.device.partition('.')[0]}/revoke"
    answer = await town.client.http.post(path, headers=town.client.as_role("ops"))
    assert answer.status_code == 200, answer.text


async def held(town: GateTown, scope: str = "town", **query: Any) -> list[dict[str, Any]]:
    headers = town.client.as_role("supervisor", scope)
    answer = await town.client.http.get("/v1/quarantine", params={"limit": 200} | query, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def settle(
    town: GateTown,
    how: str,
    items: list[dict[str, Any]],
    because: str = "guard_confirms",
    scope: str = "town",
) -> Response:
    return await town.client.http.post(
        f"/v1/quarantine/{how}",
        json={"item_ids": [item["item_id"] for item in items], "because": because},
        headers=town.client.as_role("supervisor", scope),
    )


@pytest.mark.scenario("G16")
@pytest.mark.requirement("F16")
async def test_two_hundred_checks_of_a_revoked_device_wait_for_a_supervisor(town: GateTown) -> None:
    wang = await town.resident()
    checks = [
        town.body(wang, checked_at=(NOW - timedelta(minutes=nth)).isoformat(), offline=ADMITTED)
        for nth in range(199)
    ]
    checks.append(town.body({"kind": "document", "number": wang.document}))
    await revoke(town)
    [revoked] = await town.published("DeviceRevoked")
    assert (revoked["checkpoint"], revoked["device_id"]) == (CHECKPOINT, town.device.partition(".")[0])
    first, again = await town.batch(checks), await town.batch(checks)
    for answer in (first, again):
        assert answer.status_code == 200
        items = answer.json()["items"]
        assert {(item["status"], item["code"]) for item in items} == {("quarantined", "device_revoked")}
        assert [item["check_id"] for item in items] == [check["check_id"] for check in checks]
    assert await town.rows("select 1 from entry_check") == []
    assert await town.published("EntryChecked") == []
    kept = await held(town)
    assert [item["check"]["check_id"] for item in kept] == [check["check_id"] for check in checks]
    assert {item["state"] for item in kept} == {"held"}
    stored = str(await town.rows("select * from quarantined_item"))
    assert wang.document not in stored
    assert wang.document not in str(kept)
    other_ways = [
        await town.send(checks[0]),
        await town.client.http.get("/v1/checkpoints/me", headers={"Authorization": f"Device {town.device}"}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in other_ways] == [
        (401, "device_revoked")
    ] * 2


@pytest.mark.scenario("G16")
async def test_what_is_released_is_applied_once_and_what_is_discarded_never(town: GateTown) -> None:
    wang = await town.resident()
    applied = town.body(wang)
    await town.send(applied)
    sent: list[Any] = [
        applied,
        town.body(wang, offline=ADMITTED),
        town.body({"kind": "visitor"}),
        applied | {"mask": False},
        {"check_id": "x"},
        ["no check"],
    ]
    await revoke(town)
    answer = await town.batch(sent)
    assert {item["status"] for item in answer.json()["items"]} == {"quarantined"}
    items = await held(town)
    assert [item["check"] is not None for item in items] == [True, True, True, True, False, False]
    assert (await settle(town, "discard", items[2:3], "trial_data")).status_code == 200
    released = await settle(town, "release", [items[nth] for nth in (0, 1, 3, 4, 5)])
    assert released.status_code == 200, released.text
    outcomes = ["exists", "created", "same_id_other_content", "invalid_request", "invalid_request"]
    assert [item["outcome"] for item in released.json()["items"]] == outcomes
    assert {item["decided_because"] for item in released.json()["items"]} == {"guard_confirms"}
    assert (await settle(town, "release", [items[1]])).json()["items"][0]["outcome"] == "created"
    ids = {row["check_id"] for row in await town.rows("select check_id::text from entry_check")}
    assert ids == {applied["check_id"], sent[1]["check_id"]}
    assert len(await town.published("EntryChecked")) == 2
    [later] = [event for event in await town.published("EntryChecked") if event["offline"]]
    assert (later["checkpoint"], later["verdict"]) == (CHECKPOINT, "admit")
    other_way = await settle(town, "release", [items[2]])
    assert (other_way.status_code, other_way.json()["code"]) == (409, "quarantined_item_settled")
    assert [item["state"] for item in await held(town, state="discarded")] == ["discarded"]
    again = await town.batch(sent)
    assert {item["status"] for item in again.json()["items"]} == {"quarantined"}
    assert await held(town, state="held") == []


async def test_only_supervisors_of_the_place_decide(town: GateTown) -> None:
    await revoke(town)
    await town.batch([town.body({"kind": "visitor"})])
    items = await held(town, f"compound:{HERE}")
    assert len(items) == 1
    assert await held(town, f"compound:{THERE}") == await held(town, "neighbourhood:nb-2") == []
    assert await held(town, "neighbourhood:nb-1") == items
    foreign = await settle(town, "release", items, scope=f"compound:{THERE}")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "out_of_scope")
    guard = await town.client.http.get("/v1/quarantine", headers=town.client.as_role("shift_leader"))
    assert guard.status_code == 403
    unknown = await settle(town, "discard", [*items, {"item_id": str(uuid4())}], "other")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_quarantined_item")
    assert [item["state"] for item in await held(town)] == ["held"]


@pytest.mark.scenario("G11")
@pytest.mark.requirement("F13")
async def test_a_stamp_from_the_future_is_quarantined_and_its_neighbours_are_not(town: GateTown) -> None:
    wang = await town.resident()
    checks = [
        town.body(wang, offline=ADMITTED),
        town.body(wang, offline=ADMITTED, checked_at=(NOW + timedelta(hours=3)).isoformat()),
        town.body(wang, offline=ADMITTED, checked_at=(NOW + timedelta(seconds=299)).isoformat()),
    ]
    items = (await town.batch(checks)).json()["items"]
    assert [item["status"] for item in items] == ["created", "quarantined", "created"]
    assert items[1]["code"] == "stamp_in_future"
    [item] = await held(town)
    assert (item["cause"], item["check"]["check_id"]) == ("stamp_in_future", checks[1]["check_id"])
    assert (await settle(town, "release", [item])).json()["items"][0]["outcome"] == "created"
    [row] = await town.rows("select * from entry_check where check_id = $1", checks[1]["check_id"])
    assert (row["device_at"], row["happened_at"], row["time_trusted"]) == (
        NOW + timedelta(hours=3),
        NOW,
        False,
    )
