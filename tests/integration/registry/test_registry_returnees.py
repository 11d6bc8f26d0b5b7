"""People who came back: registered once, decided by the rules in force, followed through their observation."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.observation import (
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationResumed,
)
from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id
from tests.integration.registry.households import Households

GRID = ("grid_worker", "grid:lj-001-w02")


@pytest.fixture
async def open_desk(desk: Desk) -> Desk:
    """The desk on a day with a risk list."""
    await desk.publish_risk({"420000": "focus", "330300": "higher_risk", "411500": "concern"})
    return desk


@pytest.mark.requirement("R2.7", "R4.9")
async def test_a_returnee_is_told_measure_rule_and_first_day_of_a_pass(open_desk: Desk) -> None:
    body = open_desk.intake(
        trip={"origin_code": "330100", "arrived_on": "2020-02-23", "transport": "car", "proof": True}
    )
    told = await open_desk.register(body)
    assert (told["category"], told["measure"]) == ("other", "home_self_monitoring")
    assert "R4.9" in told["rule"]
    assert (told["anchor_date"], told["last_day"], told["pass_from"]) == (
        "2020-02-23",
        "2020-03-08",
        "2020-03-09",
    )
    assert (told["policy_version"], told["risk_revision"], told["state"]) == (1, 1, "pending")
    [event] = await open_desk.told("ReturneeRegistered")
    assert (event["version"], event["person_ref"], event["grid"]) == (1, told["person_ref"], "lj-001-w02")
    assert (event["anchor_basis"], event["origin_code"]) == ("arrival_with_proof", "330100")


@pytest.mark.scenario("O1")
@pytest.mark.parametrize(
    ("registered_at", "anchor", "last_day"),
    [
        ("2020-02-24T23:50:00", "2020-02-24", "2020-03-09"),
        ("2020-02-25T00:10:00", "2020-02-25", "2020-03-10"),
    ],
)
async def test_without_proof_the_day_of_registration_counts(
    open_desk: Desk, registered_at: str, anchor: str, last_day: str
) -> None:
    open_desk.move("2020-02-25 00:10")
    trip = {"origin_code": "330100", "arrived_on": "2020-02-20", "transport": "coach", "proof": False}
    told = await open_desk.register(open_desk.intake(trip=trip, registered_at=f"{registered_at}+08:00"))
    assert (told["anchor_date"], told["anchor_basis"], told["last_day"]) == (
        anchor,
        "registration_date",
        last_day,
    )


@pytest.mark.requirement("R4.6")
async def test_from_hubei_the_measure_is_centralized_and_home_needs_an_approver(open_desk: Desk) -> None:
    trip = {"origin_code": "429004", "arrived_on": "2020-02-24", "transport": "train", "proof": True}
    body = open_desk.intake(trip=trip, choice={"measure": "home_quarantine", "reason": "独居老人需照料"})
    refused = await open_desk.post("/v1/returnees", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "approval_required")
    approved = {**body, "choice": {**body["choice"], "approved_by": "农村社区防控组"}}
    told = await open_desk.register(approved)
    assert (told["category"], told["measure"], told["approved_by"]) == (
        "focus",
        "home_quarantine",
        "农村社区防控组",
    )
    kept = await open_desk.rows("select reason_sealed from returnee_intake")
    assert "独居老人".encode() not in kept[0]["reason_sealed"]
    assert (await open_desk.register(open_desk.intake(trip=trip)))["measure"] == "centralized_observation"


async def test_the_same_intake_is_one_however_often_it_is_sent(open_desk: Desk) -> None:
    body = open_desk.intake()
    answers = await asyncio.gather(*(open_desk.post("/v1/returnees", body) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert (
        len(await open_desk.told("ReturneeRegistered")) == len(await open_desk.told("PersonRegistered")) == 1
    )
    other = {**body, "trip": {**body["trip"], "proof": False}}
    changed = await open_desk.post("/v1/returnees", other)
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")


async def test_the_same_new_person_registered_at_two_desks_at_once_is_one_person(open_desk: Desk) -> None:
    body = open_desk.intake()
    bodies = [{**body, "intake_id": str(uuid4())} for _ in range(8)]
    answers = await asyncio.gather(*(open_desk.post("/v1/returnees", one) for one in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    refusals = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refusals <= {"already_observed", "registered_meanwhile"}
    assert await open_desk.rows("select count(*) from person") == [{"count": 1}]
    assert len(await open_desk.told("ReturneeRegistered")) == 1


async def test_a_known_person_is_found_by_document_however_it_is_written(open_desk: Desk) -> None:
    person = await open_desk.resident("8幢")
    number = resident_id(open_desk.people)
    body = open_desk.intake(
        person={
            "name": "司徒南星",
            "documents": [{"kind": "resident_id", "number": f" {number[:6]} {number[6:].lower()}"}],
            "phone": "19900000000",
        },
        trip={"origin_code": "420100", "arrived_on": "2020-02-24", "transport": "plane", "proof": True},
    )
    told = await open_desk.register(body)
    assert (told["person_ref"], told["category"]) == (str(person), "focus")
    assert await open_desk.rows("select relation from residence") == [{"relation": "owner"}]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"trip": {"arrived_on": "2020-02-25"}}, "arrival_in_future", "trip.arrived_on"),
        ({"trip": {"arrived_on": "2020-02-09"}}, "period_over", "trip.arrived_on"),
        ({"trip": {"origin_code": "999999"}}, "division_unknown", "trip.origin_code"),
        ({"dwelling": {"room": "909"}}, "dwelling_unknown", "dwelling"),
        ({"registered_at": "2020-02-24T09:00:01+08:00"}, "registered_in_future", "registered_at"),
        ({"registered_at": "2020-01-20T09:00:00+08:00"}, "registered_before_rules", "registered_at"),
        ({"choice": {"measure": "home_self_monitoring"}}, "measure_not_allowed", "choice.measure"),
        ({"person": {"documents": []}}, "person_incomplete", "person.born"),
        (
            {"person": {"documents": [{"kind": "resident_id", "number": "3.28801E+17"}]}},
            "person_incomplete",
            None,
        ),
        ({"dwelling": {"dwelling_id": str(uuid4())}}, "invalid_request", "dwelling"),
        ({"trip": {"transport": "rocket"}}, "invalid_request", "trip.transport"),
        ({"temperature": 36.5}, "invalid_request", "temperature"),
    ],
)
async def test_an_intake_that_cannot_be_is_refused_and_leaves_nothing(
    open_desk: Desk, changes: dict[str, Any], code: str, field: str | None
) -> None:
    body = open_desk.intake()
    for name, change in changes.items():
        body[name] = {**body[name], **change} if isinstance(change, dict) and name in body else change
    answer = await open_desk.post("/v1/returnees", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert field is None or answer.json()["field"] == field
    assert answer.json()["remedy"]
    assert await open_desk.rows("select count(*) from person") == [{"count": 0}]
    assert await open_desk.told("ReturneeRegistered") == []


@pytest.mark.requirement("R4.6")
@pytest.mark.parametrize(
    ("rule", "ask", "category"),
    [(None, True, "other"), ("ignore", False, "other"), ("category", False, "focus")],
)
async def test_a_registered_origin_is_a_prompt_to_ask_and_counts_only_where_policy_says_so(
    open_desk: Desk, rule: str | None, category: str, *, ask: bool
) -> None:
    if rule is not None:
        document = (await open_desk.get("/v1/policies/1")).json()["document"]
        document["risk"]["origin"] = rule
        revised = {"version": 2, "effective_from": "2020-02-24", "document": document}
        assert (await open_desk.post("/v1/policies", revised, OFFICER)).status_code == 201
    book = await Households.of(open_desk)
    person = await book.register("8幢", name="司徒南星", origin_code="420103")
    number = resident_id(book.made)
    found = (await open_desk.post("/v1/returnees/lookup", {"document": number})).json()["people"]
    assert [(one["person_ref"], one["ask_travel"]) for one in found] == [(person, ask)]
    papers = [{"kind": "resident_id", "number": number}]
    body = open_desk.intake(person={"name": "司徒南星", "documents": papers})
    body["trip"]["origin_code"] = "510100"
    by_trip = await open_desk.post("/v1/returnees/proposals", {"trip": body["trip"]})
    proposed = await open_desk.post("/v1/returnees/proposals", {"trip": body["trip"], "document": number})
    assert (by_trip.json()["category"], proposed.json()["category"]) == ("other", category)
    told = await open_desk.register(body)
    assert (told["person_ref"], told["category"]) == (person, category)
    by_air = {"trip": body["trip"] | {"transport": "plane"}, "reason": "票据写的是飞机"}
    path = f"/v1/returnees/{told['intake_id']}/corrections"
    corrected = await open_desk.post(path, {"correction_id": str(uuid4()), **by_air})
    assert (corrected.status_code, corrected.json()["category"]) == (201, category), corrected.text


async def test_a_document_that_fails_its_checksum_is_kept_as_unverified(open_desk: Desk) -> None:
    number = resident_id(77)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    person = {
        **open_desk.intake()["person"],
        "documents": [{"kind": "resident_id", "number": wrong}],
        "sex": "female",
        "born": "1990-03-07",
    }
    await open_desk.register(open_desk.intake(person=person))
    assert await open_desk.rows("select verified, error from person_document") == [
        {"verified": False, "error": "document_checksum"}
    ]


async def test_documents_of_two_people_are_not_one_person(open_desk: Desk) -> None:
    await open_desk.resident("1幢")
    first = resident_id(open_desk.people)
    await open_desk.resident("2幢")
    documents = [
        {"kind": "resident_id", "number": number} for number in (first, resident_id(open_desk.people))
    ]
    person = {**open_desk.intake()["person"], "documents": documents}
    answer = await open_desk.post("/v1/returnees", open_desk.intake(person=person))
    assert (answer.status_code, answer.json()["code"]) == (422, "document_of_another")


async def test_before_a_risk_list_is_published_nobody_can_be_registered(desk: Desk) -> None:
    answer = await desk.post("/v1/returnees", desk.intake())
    assert (answer.status_code, answer.json()["code"]) == (409, "risk_areas_unpublished")


async def test_who_is_under_observation_is_not_registered_again(open_desk: Desk) -> None:
    body = open_desk.intake()
    told = await open_desk.register(body)
    again = await open_desk.post("/v1/returnees", {**body, "intake_id": str(uuid4())})
    assert (again.status_code, again.json()["code"], again.json()["case_id"]) == (
        409,
        "already_observed",
        None,
    )
    case = open_desk.started(told)
    await open_desk.hear(case)
    again = await open_desk.post("/v1/returnees", {**body, "intake_id": str(uuid4())})
    assert (again.status_code, again.json()["case_id"]) == (409, str(case.case_id))
    shown = await open_desk.get(f"/v1/returnees/{told['intake_id']}")
    assert (shown.json()["state"], shown.json()["case_id"]) == ("in_force", str(case.case_id))


async def test_the_last_day_follows_the_observation(open_desk: Desk) -> None:
    told = await open_desk.register()
    case = open_desk.started(told)
    where = {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}
    now = open_desk.client.context.clock.now()
    await open_desk.hear(case, ObservationInterrupted(**where, reason="fever", interrupted_at=now))
    path = f"/v1/returnees/{told['intake_id']}"
    assert (await open_desk.get(path)).json()["state"] == "interrupted"
    resumed = ObservationResumed(
        **where, measure="home_quarantine", last_day=date(2020, 3, 12), resumed_at=now
    )
    await open_desk.hear(resumed)
    shown = (await open_desk.get(path)).json()
    assert (shown["state"], shown["last_day"], shown["pass_from"]) == ("in_force", "2020-03-12", "2020-03-13")


@pytest.mark.scenario("O10")
async def test_who_leaves_and_returns_gets_a_new_intake_and_the_old_one_stays(open_desk: Desk) -> None:
    first = open_desk.intake()
    told = await open_desk.register(first)
    case = open_desk.started(told)
    await open_desk.hear(case)
    open_desk.move("2020-03-10 00:00")
    await open_desk.hear(open_desk.completed(case))
    open_desk.move("2020-03-21 09:00")
    trip = {"origin_code": "420100", "arrived_on": "2020-03-21", "transport": "train", "proof": True}
    again = await open_desk.register(open_desk.intake(person=first["person"], trip=trip))
    assert again["person_ref"] == told["person_ref"]
    assert [event["version"] for event in await open_desk.told("ReturneeRegistered")] == [1, 2]
    listed = (await open_desk.get("/v1/returnees", compound="lj-001")).json()["items"]
    assert [(item["state"], item["last_day"]) for item in listed] == [
        ("completed", "2020-03-09"),
        ("pending", "2020-04-04"),
    ]


async def test_observation_is_told_how_to_reach_the_person_once(open_desk: Desk) -> None:
    told = await open_desk.register()
    case = open_desk.started(told)
    await open_desk.hear(case, case)
    cards = [card for card in await open_desk.told("SubjectCardSealed") if card["recipient"] == "observation"]
    assert [card["version"] for card in cards] == [1]
    opened = open_desk.client.context.cards.open_card("observation", cards[0]["card"])
    assert (opened["name"], opened["phone"], opened["room"]) == ("欧阳海棠", "19900000001", "8幢-2-501")
    gate = [card for card in await open_desk.told("SubjectCardSealed") if card["recipient"] == "gate"]
    assert [card["person_ref"] for card in gate] == [told["person_ref"]]


async def test_reading_an_intake_masks_the_name_and_is_recorded(open_desk: Desk) -> None:
    told = await open_desk.register()
    shown = (await open_desk.get(f"/v1/returnees/{told['intake_id']}", OFFICER)).json()
    assert (shown["name"], shown["room"], shown["origin_code"]) == ("欧阳*", "8幢-2-501", "330300")
    assert "phone" not in shown
    [read] = await open_desk.rows("select actor, role, action, person_ref, scope from audit_read")
    assert read == {
        "actor": "test-hq_officer",
        "role": "hq_officer",
        "action": "returnee.read",
        "person_ref": UUID(told["person_ref"]),
        "scope": "compound:lj-001",
    }


async def test_nobody_reaches_beyond_their_place(open_desk: Desk) -> None:
    told = await open_desk.register(who=GRID)  # 8幢 is in the second grid
    one = f"/v1/returnees/{told['intake_id']}"
    foreign = [("grid_worker", "grid:lj-001-w01"), ("community_clerk", "compound:lj-002")]
    for who in foreign:
        assert (await open_desk.get(one, who)).json()["code"] == "intake_unknown"
        assert (await open_desk.post("/v1/returnees", open_desk.intake(), who)).json()[
            "code"
        ] == "out_of_scope"
    other_grid = await open_desk.get("/v1/returnees", foreign[0], compound="lj-001")
    assert other_grid.json()["items"] == []
    assert (await open_desk.get("/v1/returnees", foreign[1], compound="lj-001")).status_code == 403
    for who in [GRID, CLERK, ("community_clerk", "neighbourhood:yq"), OFFICER]:
        listed = (await open_desk.get("/v1/returnees", who, compound="lj-001")).json()["items"]
        assert [item["intake_id"] for item in listed] == [told["intake_id"]]
    assert (await open_desk.get(one, ("guard", "town"))).json()["code"] == "role_not_allowed"
    assert (await open_desk.get(f"/v1/returnees/{uuid4()}")).json()["code"] == "intake_unknown"


async def test_lists_come_in_pages_in_the_order_of_recording(open_desk: Desk) -> None:
    told = [(await open_desk.register())["intake_id"] for _ in range(5)]
    seen: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(3):
        page = (await open_desk.get("/v1/returnees", CLERK, compound="lj-001", limit=2, **more)).json()
        seen += [item["intake_id"] for item in page["items"]]
        more = {"after": page["next"]}
    assert page["next"] is None
    assert sorted(seen) == sorted(told)
    assert len(seen) == 5


@pytest.mark.requirement("R4.1")
async def test_nothing_that_names_the_person_is_in_any_table_in_the_clear(open_desk: Desk) -> None:
    body = open_desk.intake(choice={"measure": "centralized_observation", "reason": "海棠花落名合租"})
    told = await open_desk.register(body)
    await open_desk.hear(open_desk.started(told))
    canaries = [
        body["person"]["name"],
        body["person"]["documents"][0]["number"],
        body["person"]["phone"],
        body["choice"]["reason"],
    ]
    tables = await open_desk.rows(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'public' and c.relkind in ('r', 'p')"
    )
    assert len(tables) > 20
    for table in tables:
        for row in await open_desk.rows(f"select row_to_json(t)::text as line from {table['name']} t"):
            raw = row["line"]
            assert not [canary for canary in canaries if canary in raw or canary.encode().hex() in raw]


@pytest.mark.parametrize(
    "key", ['["0001-01-01T00:00:00+14:00", "{id}"]', '["2020-02-24T00:00:00", "{id}"]', "[1]", "x"]
)
async def test_a_cursor_of_another_make_is_refused(open_desk: Desk, key: str) -> None:
    cursor = urlsafe_b64encode(key.replace("{id}", str(uuid4())).encode()).rstrip(b"=").decode()
    answer = await open_desk.get("/v1/returnees", compound="lj-001", after=cursor)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
async def test_who_fetches_waste_learns_the_room_alone_and_only_while_the_quarantine_lasts(
    open_desk: Desk,
) -> None:
    told = await open_desk.register()
    case = open_desk.started(told).replace(measure="home_self_monitoring")
    about = {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}

    async def cards() -> list[tuple[int, Any]]:
        keys = open_desk.client.context.cards
        return [
            (card["version"], card["card"] and keys.open_card("sanitation", card["card"]))
            for card in await open_desk.told("SubjectCardSealed")
            if card["recipient"] == "sanitation"
        ]

    await open_desk.hear(case)
    assert await cards() == []
    changed = ObservationMeasureChanged(
        **about,
        measure="home_quarantine",
        category="concern",
        changed_at=case.started_at,
        policy_version=1,
    )
    await open_desk.hear(changed, changed)
    assert await cards() == [(1, {"room": "8幢-2-501"})]
    await open_desk.hear(open_desk.completed(case))
    assert await cards() == [(1, {"room": "8幢-2-501"}), (2, None)]

    again = case.replace(case_id=uuid4(), measure="home_quarantine")
    await open_desk.hear(again)
    assert (await cards())[2:] == [(3, {"room": "8幢-2-501"})]
