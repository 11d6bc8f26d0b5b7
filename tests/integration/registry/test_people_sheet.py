"""A person's sheet, what follows people with a vehicle, and holds settled without a pass (R4.3, P2, P4, G2)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.events.gate import FirstReturnSeen
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef
from tests.integration.registry.desk import OFFICER, Desk, resident_id
from tests.integration.registry.households import GRID, TOWN_CLERK, Households

YE: dict[str, Any] = {"name": "叶知秋", "sex": "male", "born": "1985-03-12"}
PASSPORT = {"kind": "passport", "number": "ZX0100001"}
PLATE = "苏E·D77431"


@pytest.fixture
async def houses(desk: Desk) -> Households:
    return await Households.of(desk)


async def sheet_of(houses: Households, person: str, who: tuple[str, str] = TOWN_CLERK) -> dict[str, Any]:
    answer = await houses.desk.get(f"/v1/people/{person}/sheet", who)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def give_pass(houses: Households, person: str, compound: str = "lj-001") -> str:
    body = {"request_id": str(uuid4()), "person_ref": person, "compound": compound}
    answer = await houses.desk.post("/v1/passes", body, TOWN_CLERK)
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["pass_id"])


async def give_vehicle(houses: Households, person: str, at: str = "1幢") -> str:
    """A vehicle with a pass; tells the pass."""
    vehicle = str(uuid4())
    body = {"vehicle_ref": vehicle, "plate": PLATE, "person_ref": person, "dwelling_id": houses.at[at]}
    answer = await houses.desk.post("/v1/vehicles", body, TOWN_CLERK)
    assert answer.status_code == 201, answer.text
    request = {"request_id": str(uuid4()), "vehicle_ref": vehicle, "compound": "lj-001"}
    given = await houses.desk.post("/v1/vehicle-passes", request, TOWN_CLERK)
    assert given.status_code == 201, given.text
    return str(given.json()["vehicle_pass_id"])


async def merge(houses: Households, kept: str, merged: str) -> str:
    body = {"merge_id": str(uuid4()), "kept": kept, "merged": merged, "reason": "本人到场核实"}
    answer = await houses.desk.post("/v1/merges", body, TOWN_CLERK)
    assert answer.status_code == 201, answer.text
    return str(body["merge_id"])


async def separate(houses: Households, merge_id: str) -> None:
    body = {"separation_id": str(uuid4()), "reason": "核实为两人"}
    assert (await houses.desk.post(f"/v1/merges/{merge_id}/undo", body, TOWN_CLERK)).status_code == 200


async def settle(houses: Households, person: str, kind: str = "fever", **changes: Any) -> httpx.Response:
    who = changes.pop("who", TOWN_CLERK)
    body = {"settlement_id": str(uuid4()), "reason": "settled", "note": "门诊已排除"} | changes
    return await houses.desk.post(f"/v1/people/{person}/holds/{kind}/settlement", body, who)


@pytest.mark.scenario("P2")
@pytest.mark.requirement("R4.3")
async def test_a_sheet_tells_everything_that_is_kept_of_a_person(houses: Households) -> None:
    desk = houses.desk
    unread = {"kind": "resident_id", "number": "12345"}
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT, unread], phone="19912340000")
    other = await houses.register(at="2幢", who=TOWN_CLERK, **YE, phone="19912340000", documents=[unread])
    withdrawn = await houses.change(person, "documents/withdrawal", TOWN_CLERK, **unread, reason="抄错")
    assert withdrawn.status_code == 200, withdrawn.text
    entry, car = await give_pass(houses, person), await give_vehicle(houses, person)
    moved = await houses.done(
        "/v1/moves", people=[person], to=houses.at["3幢"], relation="tenant", moved_on="2020-02-24"
    )
    await desk.hear(desk.fever(person))
    merge_id = await merge(houses, person, other)

    sheet = await sheet_of(houses, other)
    assert (sheet["person"]["person_ref"], sheet["merged"]) == (person, [other])
    assert sheet["person"]["name"] == "叶知秋"
    papers = {one["kind"]: one for one in sheet["documents"]}
    assert (papers["passport"]["state"], papers["passport"]["number"]) == ("verified", "ZX0100001")
    assert papers["resident_id"]["state"] == "unverified"  # the other record still has it
    stays = {one["room"]: (one["person_ref"], one["ended_on"]) for one in sheet["stays"]}
    assert stays == {
        "1幢-2-501": (person, "2020-02-24"),
        "3幢-2-501": (person, None),
        "2幢-2-501": (other, None),
    }
    assert [(one["pass_id"], one["state"], one["reason"]) for one in sheet["passes"]] == [
        (entry, "suspended", "fever")
    ]
    [vehicle] = sheet["vehicles"]
    assert (vehicle["plate"], [one["vehicle_pass_id"] for one in vehicle["passes"]]) == ("苏ED77431", [car])
    assert [(one["kind"], one["stands"]) for one in sheet["holds"]] == [("fever", True)]
    assert [(one["merge_id"], one["separated_at"]) for one in sheet["merges"]] == [(merge_id, None)]
    kinds = [one["kind"] for one in sheet["history"]]
    assert kinds == ["moved", "document_withdrawn", "registered", "registered"]
    assert sheet["history"][0]["change_id"] == moved["change_id"]
    assert (sheet["history"][1]["reason"], sheet["history"][1]["fields"]) == ("抄错", ["documents"])

    await separate(houses, merge_id)
    alone = await sheet_of(houses, person)
    assert {one["kind"]: one["state"] for one in alone["documents"]} == {
        "passport": "verified",
        "resident_id": "withdrawn",
    }
    assert (await sheet_of(houses, other))["passes"] == []
    read = await desk.rows("select action, person_ref from audit_read where action = 'people.sheet'")
    assert [str(row["person_ref"]) for row in read] == [other, person, other]


@pytest.mark.scenario("H3")
async def test_a_sheet_is_masked_by_role_and_closed_outside_of_the_scope(houses: Households) -> None:
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT], phone="19912340000")
    await give_vehicle(houses, person)
    await houses.change(person, "corrections", name="叶知春", reason="本名")
    answer = await houses.desk.get(f"/v1/people/{person}/sheet", GRID)
    assert answer.status_code == 200, answer.text
    for personal in ("知秋", "知春", "ZX0100001", "19912340000", "D77431", "1985-03-12", "本名"):
        assert personal not in answer.text
    told = answer.json()["history"][0]
    assert (told["kind"], told["fields"], told["before"]) == ("corrected", ["name"], None)
    for who, code in (
        (("community_clerk", "compound:lj-002"), (404, "not_found")),
        (("guard", "compound:lj-001"), (403, "role_not_allowed")),
    ):
        refused = await houses.desk.get(f"/v1/people/{person}/sheet", who)
        assert (refused.status_code, refused.json()["code"]) == code
    assert (await houses.desk.get(f"/v1/people/{uuid4()}/sheet", TOWN_CLERK)).status_code == 404
    rows = await houses.desk.rows("select action from audit_read where action like 'people.sheet%'")
    assert [row["action"] for row in rows] == ["people.sheet.masked"]


@pytest.mark.scenario("P4")
@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/moves", {"people": ["{person}"], "to": "{x1幢}", "relation": "tenant"}, "moved_away"),
        ("/v1/departures", {"people": ["{person}"]}, "moved_away"),
        ("/v1/people/{person}/death", {}, "deceased"),
    ],
)
async def test_a_vehicle_pass_ends_with_its_owners_stay_and_comes_back_with_the_undo(
    houses: Households, path: str, body: dict[str, Any], reason: str
) -> None:
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT])
    car = await give_vehicle(houses, person)
    days = {"/v1/moves": "moved_on", "/v1/departures": "left_on"}
    filled: dict[str, Any] = {days.get(path, "died_on"): "2020-02-24"}
    if "people" in body:
        filled["people"] = [person]
    if "to" in body:
        filled |= {"to": houses.at["x1幢"], "relation": body["relation"]}
    done = await houses.done(path.replace("{person}", person), **filled)
    [told] = await houses.desk.told("VehiclePassRevoked")
    assert (told["vehicle_pass_id"], told["reason"], told["version"]) == (car, reason, 2)
    await houses.undo(done)
    issued = await houses.desk.told("VehiclePassIssued")
    assert [(one["vehicle_pass_id"], one["serial"], one["version"]) for one in issued] == [
        (car, 1, 1),
        (car, 1, 3),
    ]
    [row] = await houses.desk.rows("select state, reason from vehicle_pass")
    assert (row["state"], row["reason"]) == ("active", None)
    [listed] = await houses.desk.rows("select state from pass_list_entry where kind = 'vehicle'")
    assert listed["state"] == "active"


async def test_a_move_within_the_compound_ends_no_vehicle_pass_and_drops_no_plate(houses: Households) -> None:
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT])
    await give_vehicle(houses, person)
    await houses.done(
        "/v1/moves", people=[person], to=houses.at["2幢"], relation="tenant", moved_on="2020-02-24"
    )
    await houses.register(at="3幢", **YE, documents=[PASSPORT])
    assert await houses.desk.told("VehiclePassRevoked") == []
    cards = [
        houses.desk.client.context.cards.open_card("gate", one["card"])
        for one in await houses.desk.told("SubjectCardSealed")
    ]
    assert [len(card["vehicles"]) for card in cards] == [0, 1, 1, 1]


@pytest.mark.scenario("G2")
async def test_a_fever_of_somebody_without_a_pass_is_settled_by_a_clerk_with_a_reason(
    houses: Households,
) -> None:
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT])
    nothing = await settle(houses, person)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "hold_not_standing")
    await houses.desk.hear(houses.desk.fever(person))
    body = {"request_id": str(uuid4()), "person_ref": person, "compound": "lj-001"}
    refused = await houses.desk.post("/v1/passes", body, TOWN_CLERK)
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_suspended")
    for who, code in (
        (GRID, "role_not_allowed"),
        (("community_clerk", "compound:lj-002"), "out_of_scope"),
    ):
        other = await settle(houses, person, who=who)
        assert (other.status_code, other.json()["code"]) == (403, code)
    houses.desk.move("2020-02-24 12:00")
    settlement = str(uuid4())
    for _ in range(2):
        done = await settle(houses, person, settlement_id=settlement)
        assert done.status_code == 200, done.text
        assert [one["stands"] for one in done.json()["holds"]] == [False]
    other = await settle(houses, person, settlement_id=settlement, reason="other")
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    [kept] = (await sheet_of(houses, person))["settlements"]
    assert (kept["kind"], kept["reason"], kept["note"]) == ("fever", "settled", "门诊已排除")
    [masked] = (await sheet_of(houses, person, GRID))["settlements"]
    assert masked["note"] is None
    await give_pass(houses, person)


async def test_a_contact_is_settled_by_headquarters_only(houses: Households) -> None:
    person = await houses.register(at="1幢", **YE, documents=[PASSPORT])
    async with houses.desk.database.begin(actor="test") as tx:
        await tx.execute(
            "insert into pass_hold (person_ref, kind, since) values ($1, 'close_contact', $2)", person, tx.now
        )
    refused = await settle(houses, person, "close_contact")
    assert (refused.status_code, refused.json()["code"]) == (403, "headquarters_decides")
    houses.desk.move("2020-02-24 12:00")
    assert (await settle(houses, person, "close_contact", who=OFFICER)).status_code == 200
    assert (await settle(houses, person, "headache")).status_code == 422


@pytest.mark.scenario("P10")
async def test_what_is_kept_under_a_merged_record_is_found_for_the_person(houses: Households) -> None:
    """Passes print, a household's form names everybody, and one intake is due, under whichever reference."""
    desk = houses.desk
    kept = await houses.register(at="1幢", **YE, documents=[PASSPORT])
    number = resident_id(3)
    bad = number[:-1] + ("0" if number[-1] != "0" else "1")
    mistyped = [{"kind": "resident_id", "number": bad}]
    merged = await houses.register(at="2幢", **YE, documents=mistyped)
    old = await give_pass(houses, merged)
    await desk.hear(seen(desk, merged))
    merge_id = await merge(houses, kept, merged)

    printed = await desk.post("/v1/pass-sheets", {"pass_ids": [old]}, TOWN_CLERK)
    assert printed.status_code == 200, printed.text
    await desk.hear(seen(desk, kept))
    tasks = (await desk.get("/v1/intake-tasks", TOWN_CLERK, compound="lj-001")).json()["items"]
    assert [task["person_ref"] for task in tasks] == [kept]
    await separate(houses, merge_id)
    tasks = (await desk.get("/v1/intake-tasks", TOWN_CLERK, compound="lj-001")).json()["items"]
    assert [task["person_ref"] for task in tasks] == [merged]


def seen(desk: Desk, person: str) -> FirstReturnSeen:
    return FirstReturnSeen.model_validate(
        {
            "check_id": uuid4(),
            "person_ref": PersonRef(person),  # type: ignore[arg-type]
            "compound": CompoundId("lj-001"),
            "checkpoint": CheckpointId("lj-001-n"),
            "held": False,
            "checked_at": desk.client.context.clock.now(),
        }
    )
