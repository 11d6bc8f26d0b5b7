"""Erasing somebody: refused while anything needs them, then gone from every lookup, and every figure as before."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id

PHONE, PLATE = "19900000077", "苏E00077"


async def erase(desk: Desk, person: str, erasure_id: str | None = None, **body: str) -> httpx.Response:
    asked = {"erasure_id": erasure_id or str(uuid4()), "reason": "retention_over"} | body
    return await desk.post(f"/v1/people/{person}/erasure", asked, OFFICER)


async def found(desk: Desk, **wanted: str) -> list[str]:
    answer = await desk.post("/v1/people/lookup", wanted, OFFICER)
    assert answer.status_code == 200, answer.text
    return [one["person_ref"] for one in answer.json()["people"]]


async def lived_here_and_left(desk: Desk) -> tuple[str, str, dict[str, Any]]:
    """A returnee who was observed, got passes for themselves and a vehicle, and left the town."""
    await desk.publish_risk({})
    number = resident_id(77)
    body = desk.intake(
        person={
            "name": "欧阳海棠",
            "documents": [{"kind": "resident_id", "number": number}],
            "phone": PHONE,
        },
        health={"symptoms": ["cough"], "note": "夜里咳嗽"},
    )
    intake = await desk.register(body)
    person = intake["person_ref"]
    case = desk.started(intake)
    await desk.hear(case)
    observed = (await erase(desk, person)).json()
    assert (observed["code"], observed["dwellings"], observed["observations"]) == ("person_in_use", 1, 1)
    desk.move("2020-03-10 00:00")
    await desk.hear(desk.completed(case))
    desk.move("2020-03-10 09:00")
    assert (await desk.ask_pass(person)).status_code == 201
    vehicle = {
        "vehicle_ref": str(uuid4()),
        "plate": PLATE,
        "person_ref": person,
        "dwelling_id": intake["dwelling_id"],
    }
    assert (await desk.post("/v1/vehicles", vehicle)).status_code == 201
    asked = {"request_id": str(uuid4()), "vehicle_ref": vehicle["vehicle_ref"], "compound": "lj-001"}
    assert (await desk.post("/v1/vehicle-passes", asked)).status_code == 201
    living = (await erase(desk, person)).json()
    assert (living["dwellings"], living["passes"], living["observations"]) == (1, 2, 0)
    left = {"change_id": str(uuid4()), "people": [person], "left_on": "2020-03-10", "reason": "返乡"}
    gone = await desk.post("/v1/departures", left)
    assert gone.status_code == 200, gone.text
    return person, number, body


COUNTED = (
    "person",
    "residence",
    "returnee_intake",
    "entry_pass",
    "vehicle",
    "people_change",
    "observation_state",
)


async def counts(desk: Desk) -> list[int]:
    return [(await desk.rows(f"select count(*) as n from {table}"))[0]["n"] for table in COUNTED]


@pytest.mark.requirement("Data and law")
async def test_an_erased_person_is_found_by_nothing_and_every_count_stays(desk: Desk) -> None:
    person, number, body = await lived_here_and_left(desk)
    early = (await erase(desk, person)).json()
    assert (early["code"], early["first_possible"]) == ("within_retention", "2020-04-10")
    desk.move("2020-04-10 00:00")
    assert (await desk.post(f"/v1/people/{person}/erasure", {}, CLERK)).status_code in {403, 422}
    before = await counts(desk)
    documents = await desk.rows("select document from outbox where channel like 'cards%' order by id")
    assert any(person in row["document"] and '"card":"' in row["document"] for row in documents)

    erasure = str(uuid4())
    done = await erase(desk, person, erasure)
    assert (done.status_code, done.json()["people"]) == (201, [person])
    again = await erase(desk, person, erasure)
    assert (again.status_code, again.json()) == (200, done.json())
    other = await erase(desk, person)
    assert (other.status_code, other.json()["code"]) == (410, "person_erased")
    changed = await erase(desk, person, erasure, reason="requested")
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")
    [told] = await desk.told("PersonErased")
    assert told["person_ref"] == person
    newest = max(one["version"] for one in await desk.told("PersonRegistered"))
    assert told["version"] > newest

    # Nothing finds them; whoever knows the pseudonym learns that nothing is kept; the figures are what they were.
    for wanted in ({"document": number}, {"phone": PHONE}, {"name": "欧阳海棠"}):
        assert await found(desk, **wanted) == []
    plate = await desk.post("/v1/vehicles/lookup", {"plate": PLATE})
    assert plate.json()["code"] == "vehicle_unknown"
    assert (await desk.get(f"/v1/people/{person}", OFFICER)).status_code == 404
    profile = (await desk.get(f"/v1/returnees/{body['intake_id']}")).json()
    assert (profile["name"], profile["health"], profile["category"]) == (None, None, "other")
    correction = {"correction_id": str(uuid4()), "reason": "误填", "suzhou_code": "green"}
    refused = await desk.post(f"/v1/returnees/{body['intake_id']}/corrections", correction)
    assert (refused.status_code, refused.json()["code"]) == (404, "person_unknown")
    settling = {"settlement_id": str(uuid4()), "reason": "other", "note": "无"}
    held = await desk.post(f"/v1/people/{person}/holds/fever/settlement", settling)
    assert held.status_code < 500
    assert await counts(desk) == before
    for row in await desk.rows("select document from outbox where channel like 'cards%' order by id"):
        assert person not in row["document"] or '"card": null' in row["document"]
    kept = await desk.rows(
        "select name_sealed, born_sealed, phone_sealed, phone_index from person where person_ref = $1", person
    )
    assert kept == [{"name_sealed": b"", "born_sealed": b"", "phone_sealed": None, "phone_index": None}]

    # The same paper is somebody new now, whoever brings it.
    desk.move("2020-04-11 09:00")
    anew = await desk.register(body | {"intake_id": str(uuid4())})
    assert anew["person_ref"] != person
    assert await found(desk, document=number) == [anew["person_ref"]]


@pytest.mark.requirement("Data and law")
async def test_records_that_were_merged_go_together_and_a_guardian_stays(desk: Desk) -> None:
    home = (await desk.get("/v1/compounds/lj-001/dwellings")).json()["items"][0]["dwelling_id"]

    async def enter(**stated: Any) -> str:
        stay = {"dwelling_id": home, "relation": "tenant"} | stated.pop("stay", {})
        entered = await desk.post("/v1/people", {"change_id": str(uuid4()), "homes": [stay], **stated})
        assert entered.status_code == 201, entered.text
        return str(entered.json()["person_ref"])

    woman: dict[str, Any] = {"sex": "female", "born": "1990-03-07"}
    one = await enter(name="慕容听雪", documents=[{"kind": "passport", "number": "ZX0700001"}], **woman)
    two = await enter(name="慕容雪", documents=[{"kind": "passport", "number": "ZX0700002"}], **woman)
    child = {"name": "慕容小满", "sex": "female", "born": "2020-02-20", "stay": {"relation": "dependant"}}
    await enter(**child, guardian_ref=one)
    merge = {"merge_id": str(uuid4()), "kept": one, "merged": two, "reason": "同一人"}
    assert (await desk.post("/v1/merges", merge)).status_code == 201
    left = {"change_id": str(uuid4()), "people": [two], "left_on": "2020-02-24", "reason": "返乡"}
    assert (await desk.post("/v1/departures", left)).status_code == 200
    guardian = (await erase(desk, one)).json()
    assert (guardian["code"], guardian["wards"], guardian["dwellings"]) == ("person_in_use", 1, 0)
    [ward] = await desk.rows("select person_ref from person where guardian_ref is not null")
    over = {
        "change_id": str(uuid4()),
        "people": [str(ward["person_ref"])],
        "left_on": "2020-02-24",
        "reason": "返乡",
    }
    assert (await desk.post("/v1/departures", over)).status_code == 200
    done = await erase(desk, two, reason="requested")
    assert (done.status_code, sorted(done.json()["people"])) == (201, sorted([one, two]))
    assert {event["person_ref"] for event in await desk.told("PersonErased")} == {one, two}
    assert await found(desk, document="ZX0700001") == await found(desk, document="ZX0700002") == []
    desk.client.move_to(desk.client.context.clock.now() + timedelta(days=1))
    undo = {"separation_id": str(uuid4()), "reason": "是两个人"}
    undone = await desk.post(f"/v1/merges/{merge['merge_id']}/undo", undo)
    assert (undone.status_code, undone.json()["code"]) == (410, "person_erased")
