"""Vehicles and arrivals that a device queued: each by itself, reported when they come, quarantined like the rest."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.gate.test_gate_arrivals import WUHAN, alerts, body, gate, loops
from tests.integration.gate.test_gate_quarantine import held, revoke, settle
from tests.integration.gate.test_gate_vehicles import Car, car, owner_of_car
from tests.integration.gate.town import NOW, GateTown, Resident

__all__ = ["car", "gate", "owner_of_car"]  # fixtures

ALONE: dict[str, Any] = {"reasons": ["not_checkable_offline"], "policy_version": 1}
HELD = ALONE | {"verdict": "held", "reasons": ["vehicle_pass_unverifiable"]}
NOT_VERIFIED = ALONE | {"verdict": "cannot_verify", "action": "call_shift_leader"}


async def hand_in(town: GateTown, route: str, items: list[Any]) -> list[dict[str, Any]]:
    answer = await town.client.http.post(
        f"/v1/{route}/batch", json={"checks": items}, headers={"Authorization": f"Device {town.device}"}
    )
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["items"]
    return told


@pytest.mark.scenario("G7")
@pytest.mark.requirement("R2.3")
async def test_queued_vehicles_are_taken_one_by_one_and_stay_what_the_device_decided(
    town: GateTown, car: Car, owner_of_car: Resident
) -> None:
    driver = await town.check(owner_of_car)
    known = car.body(driver)
    assert (await car.send(known)).status_code == 201
    decided = car.body(driver, offline=HELD, checked_at=(NOW - timedelta(hours=2)).isoformat())
    ahead = car.body(driver, offline=HELD, checked_at=(NOW + timedelta(hours=3)).isoformat())
    mended = car.body(
        driver,
        offline=HELD | {"clock_skew_seconds": 3 * 3600},
        checked_at=(NOW + timedelta(hours=3)).isoformat(),
    )
    nameless = car.body(driver, pass_token=None)
    sent = [known, decided, decided, known | {"boot_opened": None}, ahead, mended, nameless, {}, None]
    items = await hand_in(town, "vehicle-checks", sent)
    assert [(item["status"], item["code"]) for item in items] == [
        *(("exists", None), ("created", None), ("exists", None)),
        ("rejected", "same_id_other_content"),
        ("quarantined", "stamp_in_future"),
        ("created", None),
        ("rejected", "vehicle_not_named"),
        *[("rejected", "invalid_request")] * 2,
    ]
    assert all(item["detail"] and item["remedy"] for item in items if item["status"] == "rejected")
    assert (items[1]["answer"]["verdict"], items[1]["answer"]["offline"]) == ("held", True)
    told = await town.published("VehicleChecked")
    assert [(event["verdict"], event["offline"]) for event in told] == [
        ("complete", False),
        *[("held", True)] * 2,
    ]
    rows = await town.rows("select happened_at, time_trusted from vehicle_check where offline")
    assert {row["time_trusted"] for row in rows} == {True}
    assert sorted(row["happened_at"] for row in rows) == [NOW - timedelta(hours=2), NOW]


@pytest.mark.scenario("G17")
@pytest.mark.requirement("R2.5")
async def test_an_arrival_that_a_device_kept_is_reported_when_it_comes_in_as_of_when_they_stood_there(
    gate: GateTown,
) -> None:
    who, stood_there = await gate.resident(with_pass=False), NOW - timedelta(hours=2)
    kept = body(gate, who, origin_code=WUHAN, offline=NOT_VERIFIED, checked_at=stood_there.isoformat())
    items = await hand_in(gate, "arrivals", [kept, kept, kept | {"origin_code": "510100"}, {"x": 1}])
    assert [(item["status"], item["code"]) for item in items] == [
        *(("created", None), ("exists", None)),
        *(("rejected", "same_id_other_content"), ("rejected", "invalid_request")),
    ]
    answer = items[0]["answer"]  # what was shown at the gate stays
    assert (answer["verdict"], answer["offline"]) == ("cannot_verify", True)
    assert await alerts(gate) == ["FirstReturnSeen", "FocusAreaPersonReported", "IntakeAnswersSealed"]
    [seen] = await gate.published("FirstReturnSeen")
    assert seen["held"] is True
    [reported] = await gate.published("FocusAreaPersonReported")
    assert {datetime.fromisoformat(one["checked_at"]) for one in (seen, reported)} == {stood_there}
    assert {loop["kind"] for loop in await loops(gate)} == {"first_return", "focus_area"}


@pytest.mark.scenario("G16")
@pytest.mark.requirement("F16")
async def test_what_a_revoked_device_still_holds_waits_and_is_applied_once_it_is_released(
    gate: GateTown, car: Car, owner_of_car: Resident
) -> None:
    who = await gate.resident(with_pass=False)
    person = gate.body(owner_of_car, offline={"verdict": "admit", "reasons": [], "policy_version": 1})
    vehicle, arrival = car.body(person, offline=HELD), body(gate, who, offline=NOT_VERIFIED)
    await revoke(gate)
    for route, item in (("vehicle-checks", vehicle), ("arrivals", arrival), ("entry-checks", person)):
        [told] = await hand_in(gate, route, [item])
        assert (told["status"], told["code"]) == ("quarantined", "device_revoked")
    assert await gate.rows("select 1 from vehicle_check union all select 1 from entry_check") == []
    kept = await held(gate)
    assert [(item["check"]["what"], item["check"]["verdict"]) for item in kept] == [
        *(("vehicle", "held"), ("arrival", "cannot_verify"), ("person", "admit")),
    ]
    assert who.document not in str(kept)
    for _ in range(2):
        released = await settle(gate, "release", kept)
        assert [item["outcome"] for item in released.json()["items"]] == ["created"] * 3, released.text
    assert len(await gate.published("VehicleChecked")) == 1
    assert len(await gate.published("EntryChecked")) == 2
    assert await alerts(gate) == ["FirstReturnSeen", "IntakeAnswersSealed"]
