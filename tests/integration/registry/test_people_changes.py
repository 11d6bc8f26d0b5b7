"""Registering people and correcting the book over HTTP: what is kept, what is told, what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.desk import Desk, resident_id
from tests.integration.registry.households import GRID, Households

ELSEWHERE = ("community_clerk", "compound:lj-002")


@pytest.fixture
async def houses(desk: Desk) -> Households:
    return await Households.of(desk)


@pytest.mark.scenario("P2")
async def test_a_newborn_is_counted_once_and_the_id_attaches_to_the_same_person(houses: Households) -> None:
    mother = await houses.register(at="1幢")
    baby: dict[str, Any] = {
        "name": "司徒小满",
        "sex": "female",
        "born": "2020-02-20",
        "relation": "dependant",
    }
    child = await houses.register(at="1幢", documents=[], guardian_ref=mother, **baby)
    again = await houses.ask_register(at="1幢", documents=[], guardian_ref=mother, **baby)
    assert (again.status_code, again.json()["person_ref"], again.json()["outcome"]) == (200, child, "known")

    number = resident_id(77, "20200220")
    paper: dict[str, Any] = {"kind": "resident_id", "number": number}
    assert (await houses.change(child, "documents", **paper)).status_code == 200
    later = await houses.ask_register(at="1幢", documents=[paper], **{**baby, "name": "司徒满"})
    assert (later.status_code, later.json()["person_ref"]) == (200, child)
    told = await houses.person(child)
    assert [one["number"] for one in told["documents"]] == [number]
    assert told["guardian_ref"] == mother
    assert await houses.count("person") == 2
    registered = [event["person_ref"] for event in await houses.desk.told("PersonRegistered")]
    assert sorted(registered) == sorted([mother, child])
    household = (await houses.desk.told("HouseholdChanged"))[-1]
    assert sorted(household["members"]) == sorted([mother, child])
    cards = [event for event in await houses.desk.told("SubjectCardSealed") if event["person_ref"] == child]
    opened = houses.desk.client.context.cards.open_card("gate", cards[-1]["card"])
    assert opened["documents"] == [number]


@pytest.mark.scenario("P2")
async def test_twins_are_two_people_and_a_guardian_must_live_there(houses: Households) -> None:
    mother = await houses.register(at="1幢")
    baby: dict[str, Any] = {"sex": "male", "born": "2020-02-20", "relation": "dependant", "documents": []}
    twins = {
        await houses.register(at="1幢", name=name, guardian_ref=mother, **baby)
        for name in ("司徒大", "司徒二")
    }
    assert len(twins) == 2
    for refused, code in (
        (await houses.ask_register(at="2幢", name="甲", guardian_ref=mother, **baby), "guardian_unfit"),
        (await houses.ask_register(at="1幢", name="甲", **baby), "guardian_required"),
        (await houses.ask_register(at="1幢", name="甲", guardian_ref=str(uuid4()), **baby), "person_unknown"),
    ):
        assert refused.json()["code"] == code, refused.text
        assert refused.status_code in {404, 422}


@pytest.mark.scenario("P3")
async def test_a_renewed_passport_and_a_bad_check_digit_stay_with_the_same_person(houses: Households) -> None:
    first = {"kind": "passport", "number": "zx 0100001"}
    person = await houses.register(at="1幢", documents=[first], born="1985-03-12", sex="male")
    await houses.change(person, "documents", kind="passport", number="ZX0900009")
    good = resident_id(5)
    bad = good[:-1] + ("0" if good[-1] != "0" else "1")
    await houses.change(person, "documents", kind="resident_id", number=bad)
    documents = (await houses.person(person))["documents"]
    assert {(one["kind"], one["number"], one["verified"], one["error"]) for one in documents} == {
        ("passport", "ZX0100001", True, None),
        ("passport", "ZX0900009", True, None),
        ("resident_id", bad, False, "document_checksum"),
    }
    for number in ("ZX0100001", "zx0900009", f" {bad[:6]} {bad[6:]} "):
        assert await houses.find(document=number) == [person]


@pytest.mark.scenario("P3")
async def test_two_lifelong_numbers_are_never_one_person_and_a_document_is_never_two_peoples(
    houses: Households,
) -> None:
    one = await houses.register(at="1幢")
    other = await houses.register(at="2幢", name="叶知秋")
    number = (await houses.person(other))["documents"][0]["number"]
    taken = await houses.change(one, "documents", kind="resident_id", number=number)
    assert (taken.status_code, taken.json()["code"]) == (422, "document_of_another")
    second = await houses.change(one, "documents", kind="resident_id", number=resident_id(91))
    assert (second.status_code, second.json()["code"]) == (409, "document_conflicts")
    own = (await houses.person(one))["documents"][0]
    wrong: dict[str, Any] = {"kind": own["kind"], "number": own["number"], "reason": "登错了人"}
    assert (await houses.change(one, "documents/withdrawal", **wrong)).status_code == 200
    assert (
        await houses.change(one, "documents", kind="resident_id", number=resident_id(91))
    ).status_code == 200
    gone = await houses.change(one, "documents/withdrawal", **wrong)
    assert (gone.status_code, gone.json()["code"]) == (404, "document_unknown")
    assert await houses.find(document=own["number"]) == []


@pytest.mark.scenario("P4")
async def test_an_absentee_owner_is_in_the_book_and_gets_no_pass(houses: Households) -> None:
    owner = await houses.register(at="1幢", relation="owner", resident=False)
    tenant = await houses.register(at="1幢", name="叶知秋")
    refused = await houses.desk.ask_pass(owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_resident")
    assert (await houses.desk.ask_pass(tenant)).status_code == 201
    home: dict[str, Any] = {"dwelling_id": houses.at["1幢"], "relation": "owner", "resident": True}
    assert (await houses.change(owner, "residences", **home)).status_code == 200
    issued = await houses.desk.ask_pass(owner)
    assert issued.status_code == 201
    await houses.change(owner, "residences", **{**home, "resident": False})
    stopped = await houses.desk.get(f"/v1/passes/{issued.json()['pass_id']}")
    assert (stopped.json()["state"], stopped.json()["reason"]) == ("revoked", "moved_away")
    assert (await houses.desk.told("ResidenceEnded"))[-1]["person_ref"] == owner


async def test_one_person_at_several_dwellings_is_registered_in_one_step(houses: Households) -> None:
    homes = [
        {"dwelling_id": houses.at["1幢"], "relation": "owner", "resident": True},
        {"dwelling_id": houses.at["2幢"], "relation": "owner", "resident": False},
    ]
    bad = {
        "kind": "resident_id",
        "number": "123456",
    }  # unverified: only the clerk knows that both are one person
    person = await houses.register(homes=homes, documents=[bad], born="1970-01-01", sex="male")
    told = await houses.person(person)
    assert [(home["room"], home["resident"]) for home in told["homes"]] == [
        ("1幢-2-501", True),
        ("2幢-2-501", False),
    ]
    assert await houses.count("person") == 1


async def test_every_correction_is_kept_with_author_and_reason_and_changes_the_lookups(
    houses: Households,
) -> None:
    person = await houses.register(at="1幢", phone="19911112222")
    corrected: dict[str, Any] = {"name": "欧阳南星", "born": "1990-03-08", "reason": "按身份证更正"}
    assert (await houses.change(person, "corrections", **corrected)).status_code == 200
    assert (await houses.change(person, "phones", phone="+86 199 3333 4444")).status_code == 200
    assert await houses.find(name="司徒南星") == await houses.find(phone="19911112222") == []
    assert await houses.find(name="欧阳南星") == await houses.find(phone="19933334444") == [person]
    assert await houses.find(surname="欧阳", dwelling_id=houses.at["1幢"]) == [person]
    assert (await houses.change(person, "phones", phone="")).status_code == 200
    assert await houses.find(phone="19933334444") == []
    kept = await houses.desk.rows(
        "select kind, recorded_by from person_change join people_change using (change_id) order by nth"
    )
    assert [(row["kind"], row["recorded_by"]) for row in kept] == [
        ("registered", "test-community_clerk"),
        ("corrected", "test-community_clerk"),
        ("phone_changed", "test-community_clerk"),
        ("phone_changed", "test-community_clerk"),
    ]
    card = (await houses.desk.told("SubjectCardSealed"))[-1]["card"]
    assert houses.desk.client.context.cards.open_card("gate", card)["surname"] == "欧阳"


async def test_a_repeat_gets_the_first_answer_and_other_content_is_refused(houses: Households) -> None:
    person = await houses.register(at="1幢")
    change = str(uuid4())
    body = {"change_id": change, "phone": "19911112222"}
    first = await houses.desk.post(f"/v1/people/{person}/phones", body)
    events = len(await houses.desk.rows("select id from outbox"))
    assert (await houses.desk.post(f"/v1/people/{person}/phones", body)).json() == first.json()
    assert len(await houses.desk.rows("select id from outbox")) == events
    for path, other in (
        ("phones", {**body, "phone": "19911113333"}),
        ("documents", {"change_id": change, **PAPER}),
    ):
        refused = await houses.desk.post(f"/v1/people/{person}/{path}", other)
        assert (refused.status_code, refused.json()["code"]) == (422, "same_id_other_content")


PAPER = {"kind": "passport", "number": "ZX0100001"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"homes": []}, 422),
        ({"name": ""}, 422),
        ({"name": "甲\0乙"}, 400),
        ({"documents": [{"kind": "resident_id", "number": ""}]}, 422),
        ({"documents": [PAPER], "sex": None, "born": None}, 422),
        ({"documents": [PAPER], "sex": "male", "born": "2020-02-25"}, 422),
        ({"nickname": "甲"}, 422),
        ({"documents": [PAPER] * 6}, 422),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_nothing_is_written(
    houses: Households, changes: dict[str, Any], status: int
) -> None:
    answer = await houses.ask_register(at="1幢", **changes)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert await houses.count("person") == await houses.count("people_change") == 0
    assert await houses.desk.told("PersonRegistered") == []


@pytest.mark.scenario("H3")
async def test_people_outside_of_ones_scope_are_not_touched(houses: Households) -> None:
    person = await houses.register(at="1幢")
    body = {"change_id": str(uuid4()), "phone": ""}
    for who in (ELSEWHERE, ("grid_worker", "grid:lj-001-w02")):
        refused = await houses.desk.post(f"/v1/people/{person}/phones", body, who)
        assert (refused.status_code, refused.json()["code"]) == (403, "out_of_scope")
    assert (await houses.desk.post(f"/v1/people/{person}/phones", body, GRID)).status_code == 200
    nobody = await houses.desk.post(f"/v1/people/{uuid4()}/phones", {**body, "change_id": str(uuid4())})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "person_unknown")
    foreign = await houses.ask_register(at="1幢", who=ELSEWHERE)
    assert foreign.status_code == 403


async def test_what_is_corrected_reaches_observation_when_it_watches_the_person(houses: Households) -> None:
    desk = houses.desk
    await desk.publish_risk({"330300": "concern"})
    told = await desk.register()
    await desk.hear(desk.started(told))
    cards = [one for one in await desk.told("SubjectCardSealed") if one["recipient"] == "observation"]
    await houses.change(told["person_ref"], "phones", phone="19912345678")
    again = [one for one in await desk.told("SubjectCardSealed") if one["recipient"] == "observation"]
    assert len(again) == len(cards) + 1
    assert again[-1]["person_ref"] == told["person_ref"]
    assert again[-1]["version"] == cards[-1]["version"] + 1


@pytest.mark.parametrize(
    ("stated", "code", "field"),
    [
        ({"origin_code": "999999"}, "division_unknown", "origin_code"),
        ({"name": "司徒*"}, "invalid_request", "name"),
        (
            {"documents": [{"kind": "resident_id", "number": "320583********001X"}]},
            "person_incomplete",
            "documents.0",
        ),
    ],
)
async def test_what_is_masked_or_no_place_is_not_taken_for_anybody(
    houses: Households, stated: dict[str, Any], code: str, field: str
) -> None:
    answer = await houses.ask_register(at="1幢", **stated)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert field in answer.text
    known = await houses.register(at="2幢")
    if "documents" not in stated:
        corrected = await houses.change(known, "corrections", reason="按证件更正", **stated)
        assert (corrected.status_code, corrected.json()["code"]) == (422, code)
    assert await houses.count("person") == 1
