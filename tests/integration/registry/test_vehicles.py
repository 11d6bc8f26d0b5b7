"""Vehicles and vehicle passes over HTTP, and what gates are told of plates (R2.3, R2.4, G7)."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.kernel import pass_token
from tests.integration.registry.desk import Desk

pytestmark = pytest.mark.requirement("R2.3")
PLATE = "苏E·D77431"


async def home_of(desk: Desk, person: UUID) -> str:
    [row] = await desk.rows("select dwelling_id from residence where person_ref = $1", person)
    return str(row["dwelling_id"])


async def body_of(desk: Desk, person: UUID, plate: str = PLATE) -> dict[str, Any]:
    return {
        "vehicle_ref": str(uuid4()),
        "plate": plate,
        "person_ref": str(person),
        "dwelling_id": await home_of(desk, person),
    }


async def registered(desk: Desk, person: UUID, plate: str = PLATE) -> str:
    answer = await desk.post("/v1/vehicles", await body_of(desk, person, plate))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["vehicle_ref"])


async def ask(desk: Desk, vehicle: str, request: str | None = None, compound: str = "lj-001") -> Any:
    body = {"request_id": request or str(uuid4()), "vehicle_ref": vehicle, "compound": compound}
    return await desk.post("/v1/vehicle-passes", body)


async def card_of(desk: Desk, person: UUID) -> dict[str, Any]:
    cards = [card for card in await desk.told("SubjectCardSealed") if card["person_ref"] == str(person)]
    return desk.client.context.cards.open_card("gate", cards[-1]["card"])


async def test_gates_learn_plates_from_the_owners_sealed_card(desk: Desk) -> None:
    person = await desk.resident()
    before = await card_of(desk, person)
    assert before["vehicles"] == []
    vehicle = await registered(desk, person)
    assert await card_of(desk, person) == {
        **before,
        "vehicles": [{"vehicle_ref": vehicle, "plate": "苏ED77431"}],
    }
    assert len(await desk.told("PersonRegistered")) == 1  # the person themself has not changed
    removed = await desk.post(f"/v1/vehicles/{vehicle}/removal", None)
    assert removed.json()["removed_at"] is not None
    assert (await card_of(desk, person))["vehicles"] == []
    versions = [card["version"] for card in await desk.told("SubjectCardSealed")]
    assert versions == sorted(set(versions))


async def test_one_pass_per_vehicle_and_compound_with_a_token_of_its_own_kind(desk: Desk) -> None:
    vehicle = await registered(desk, await desk.resident())
    answers = await asyncio.gather(*(ask(desk, vehicle) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    told = answers[0].json()
    assert len({answer.text for answer in answers}) == 1
    [event] = await desk.told("VehiclePassIssued")
    assert (event["vehicle_ref"], event["serial"], event["version"]) == (vehicle, 1, 1)
    keys = {
        event["key_id"]: pass_token.read_public(event["jwk"]) for event in await desk.told("PassKeyAnnounced")
    }
    claims = pass_token.verify(told["token"], keys, kind="vehicle")
    assert (str(claims.pass_id), claims.compound) == (told["vehicle_pass_id"], "lj-001")
    with pytest.raises(pass_token.Malformed):
        pass_token.verify(told["token"].replace("VP1:", "EP1:"), keys)
    entry = (await desk.ask_pass(await desk.resident("2幢"))).json()["token"]
    with pytest.raises(pass_token.Malformed):
        pass_token.verify(entry.replace("EP1:", "VP1:"), keys, kind="vehicle")


async def test_printed_again_revoked_and_issued_anew(desk: Desk) -> None:
    vehicle = await registered(desk, await desk.resident())
    told = (await ask(desk, vehicle)).json()
    path = f"/v1/vehicle-passes/{told['vehicle_pass_id']}"
    request = {"request_id": str(uuid4()), "reason": "lost"}
    printed = [await desk.post(f"{path}/prints", request) for _ in range(2)]
    assert [(answer.status_code, answer.json()["serial"]) for answer in printed] == [(201, 2), (200, 2)]
    other = await desk.post(f"{path}/prints", {**request, "reason": "damaged"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    for reason in ("misused", "lost"):
        assert (await desk.post(f"{path}/revoke", {"reason": reason})).json()["reason"] == "misused"
    void = await desk.post(f"{path}/prints", {"request_id": str(uuid4()), "reason": "lost"})
    assert (void.status_code, void.json()["code"]) == (409, "vehicle_pass_void")
    assert [event["version"] for event in await desk.told("VehiclePassIssued")] == [1, 2]
    [event] = await desk.told("VehiclePassRevoked")
    assert (event["reason"], event["version"]) == ("misused", 3)
    new = await ask(desk, vehicle)
    assert (new.status_code, new.json()["number"] != told["number"]) == (201, True)
    await desk.post(f"/v1/vehicles/{vehicle}/removal", None)
    assert [event["reason"] for event in await desk.told("VehiclePassRevoked")] == ["misused", "sold"]
    gone = await ask(desk, vehicle)
    assert (gone.status_code, gone.json()["code"]) == (409, "vehicle_removed")


async def test_an_unusual_plate_is_kept_with_a_flag_and_each_plate_once(desk: Desk) -> None:
    person = await desk.resident()
    body = await body_of(desk, person, "HH-AB 123")
    told = await desk.post("/v1/vehicles", body)
    assert (told.status_code, told.json()["plate_kind"], told.json()["plate"]) == (201, "unusual", "HHAB123")
    again = await desk.post("/v1/vehicles", {**body, "plate": "hh ab123"})
    assert (again.status_code, again.json()) == (200, told.json())
    other = await desk.post("/v1/vehicles", {**body, "plate": PLATE})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    theirs = await body_of(desk, await desk.resident("2幢"), "HHAB123")
    second = await desk.post("/v1/vehicles", theirs)
    assert (second.status_code, second.json()["code"]) == (409, "plate_registered")
    empty = await desk.post("/v1/vehicles", await body_of(desk, person, "··"))
    assert (empty.status_code, empty.json()["code"]) == (422, "plate_empty")


async def test_a_vehicle_is_at_home_where_its_owner_lives(desk: Desk) -> None:
    person, other = await desk.resident(), await desk.resident("2幢")
    body = await body_of(desk, person) | {"dwelling_id": await home_of(desk, other)}
    refused = await desk.post("/v1/vehicles", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_the_owners_dwelling")
    vehicle = await registered(desk, person)
    town = ("community_clerk", "town")
    elsewhere = {"request_id": str(uuid4()), "vehicle_ref": vehicle, "compound": "lj-002"}
    assert (await desk.post("/v1/vehicle-passes", elsewhere, town)).json()["code"] == "vehicle_elsewhere"
    unknown = {"request_id": str(uuid4()), "vehicle_ref": str(uuid4()), "compound": "lj-001"}
    assert (await desk.post("/v1/vehicle-passes", unknown)).json()["code"] == "vehicle_unknown"


@pytest.mark.requirement("Data and law")
async def test_plates_are_sealed_found_by_index_and_reading_them_is_recorded(desk: Desk) -> None:
    vehicle = await registered(desk, await desk.resident())
    [row] = await desk.rows("select plate_sealed, plate_index from vehicle")
    assert all(part not in value for part in (b"77431",) for value in row.values())
    documents = await desk.rows("select document from outbox")
    assert all("77431" not in json.dumps(row["document"]) for row in documents)
    found = await desk.post("/v1/vehicles/lookup", {"plate": " 苏e d77431"})
    assert (found.status_code, found.json()["vehicle_ref"]) == (200, vehicle)
    unknown = await desk.post("/v1/vehicles/lookup", {"plate": "苏E00000"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "vehicle_unknown")
    foreign = await desk.get(f"/v1/vehicles/{vehicle}", ("community_clerk", "compound:lj-002"))
    assert foreign.json()["code"] == "vehicle_unknown"
    read = await desk.rows("select action from audit_read")
    assert read == [{"action": "vehicle.lookup"}]
    told = (await ask(desk, vehicle)).json()
    page = await desk.get(f"/v1/vehicle-passes/{told['vehicle_pass_id']}/sheet", form="58mm")
    assert "苏E****31" in page.text
    assert "<b>C</b> 车辆" in page.text
    assert "77431" not in page.text
    listed = (await desk.get("/v1/vehicle-passes", compound="lj-001", state="active")).json()["items"]
    assert [item["vehicle_pass_id"] for item in listed] == [told["vehicle_pass_id"]]
