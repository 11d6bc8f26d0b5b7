"""Declarations by everybody: a family on one phone, a worker's queue, and corrections of what was mistyped."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.registry.returnees import ReturneeRegistered
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee

FEB25 = date(2020, 2, 25)


def housemate(of: ReturneeRegistered) -> ReturneeRegistered:
    return returnee().model_copy(update={"dwelling_id": of.dwelling_id})


def queued(case_id: UUID, temperature: float = 36.5, **more: Any) -> dict[str, Any]:
    return {
        "declaration_id": str(uuid4()),
        "case_id": str(case_id),
        "via": "visit",
        "temperature_c": temperature,
        **more,
    }


async def family_link(desk: Desk, case_id: UUID, *members: UUID) -> tuple[str, dict[str, str]]:
    """A link that reaches members; tells its path and what its phone sends."""
    link_id = uuid4()
    path = f"/v1/cases/{case_id}/links/{link_id}"
    token = (await desk.post(f"/v1/cases/{case_id}/links", {"link_id": str(link_id)})).json()["token"]
    for member in members:
        answer = await desk.client.http.put(f"{path}/members/{member}", headers=desk.client.as_role(*CLERK))
        assert answer.status_code == 204, answer.text
    session = (await desk.session(token)).json()["session"]
    return path, {"Authorization": f"Link {session}"}


@pytest.mark.requirement("R2.7")
async def test_one_phone_declares_for_the_family_and_who_reported_is_recorded(desk: Desk) -> None:
    mother, child = returnee(), None
    own = await desk.open_case(mother)
    child = housemate(mother)
    other = await desk.open_case(child)
    await desk.card(child, name="小明", phone="19900002222", room="1-1-101")
    _, me = await family_link(desk, own, other)
    desk.move(FEB25, "07:00")
    family = (await desk.client.http.get("/v1/me/family", headers=me)).json()["members"]
    assert [(one["case_id"], one["own"], one["name"]) for one in family] == [
        (str(own), True, None),
        (str(other), False, "小*"),
    ]
    body = {
        "declarations": [
            {"declaration_id": str(uuid4()), "case_id": str(own), "temperature_c": 36.4},
            {"declaration_id": str(uuid4()), "case_id": str(other), "cannot_measure_reason": "too_young"},
            {"declaration_id": str(uuid4()), "case_id": str(await desk.open_case()), "temperature_c": 36.4},
            {"declaration_id": str(uuid4()), "case_id": str(other), "temperature_c": 365},
        ]
    }
    path = "/v1/me/family/declarations"
    first = (await desk.client.http.post(path, json=body, headers=me)).json()["items"]
    again = (await desk.client.http.post(path, json=body, headers=me)).json()["items"]
    assert [(item["status"], item["code"]) for item in first] == [
        ("created", None),
        ("created", None),
        ("rejected", "not_in_family"),
        ("rejected", "temperature_implausible"),
    ]
    assert [item["status"] for item in again] == ["exists", "exists", "rejected", "rejected"]
    told = await desk.told("DeclarationSubmitted")
    assert [(fact["case_id"], fact["by"]) for fact in told] == [(str(own), "self"), (str(other), "proxy")]
    rows = await desk.rows("select channel, recorded_by from declaration order by channel")
    assert [row["channel"] for row in rows] == ["proxy", "self"]
    assert len({row["recorded_by"] for row in rows}) == 1  # the link's holder, not the subject


async def test_a_link_reaches_only_the_dwelling_and_only_while_it_is_allowed_to(desk: Desk) -> None:
    mother = returnee()
    own, stranger = await desk.open_case(mother), await desk.open_case()
    child = await desk.open_case(housemate(mother))
    path, me = await family_link(desk, own, child)
    headers = desk.client.as_role(*CLERK)
    answer = await desk.client.http.put(f"{path}/members/{stranger}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_one_dwelling")
    other = desk.client.as_role("community_clerk", "compound:lj-009")
    answer = await desk.client.http.put(f"{path}/members/{child}", headers=other)
    assert (answer.status_code, answer.json()["code"]) == (403, "out_of_scope")
    for _ in range(2):
        answer = await desk.client.http.delete(f"{path}/members/{child}", headers=headers)
        assert answer.status_code == 204
    family = (await desk.client.http.get("/v1/me/family", headers=me)).json()["members"]
    assert [one["case_id"] for one in family] == [str(own)]


async def test_a_worker_s_queue_is_taken_item_by_item_and_a_repeat_changes_nothing(desk: Desk) -> None:
    one, two = await desk.open_case(), await desk.open_case()
    elsewhere = await desk.open_case(returnee(compound="lj-009", grid="lj-009-w01"))
    desk.move(FEB25, "07:00")
    queue: list[Any] = [
        queued(one),
        queued(two, 38.2),
        queued(elsewhere),
        queued(uuid4()),
        queued(one, 20.0),
        {**queued(one), "via": "self"},
        "not an item",
    ]
    first = (await desk.post("/v1/declarations/batch", {"declarations": queue})).json()["items"]
    assert [(item["status"], item["code"]) for item in first] == [
        ("created", None),
        ("created", None),
        ("rejected", "out_of_scope"),
        ("rejected", "case_unknown"),
        ("rejected", "temperature_implausible"),
        ("rejected", "invalid_request"),
        ("rejected", "invalid_request"),
    ]
    assert first[1]["receipt"]["alarming"] is True
    told = await desk.told()
    again = (await desk.post("/v1/declarations/batch", {"declarations": queue[:2]})).json()["items"]
    assert [item["status"] for item in again] == ["exists", "exists"]
    assert [item["receipt"] for item in again] == [item["receipt"] for item in first[:2]]
    assert await desk.told() == told
    answer = await desk.post("/v1/declarations/batch", {"declarations": [queued(one)] * 201})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_queues_that_meet_take_each_item_once_and_none_holds_up_another(desk: Desk) -> None:
    cases = [await desk.open_case() for _ in range(6)]
    over = await desk.open_case()
    assert (await desk.decide(over, "cancelled", "重复登记")).status_code == 201
    desk.move(FEB25, "07:00")
    shared = queued(cases[0])
    contested = {**queued(cases[1]), "declaration_id": str(uuid4())}
    queues: list[list[Any]] = [
        [shared, shared, {**shared, "temperature_c": 36.9}, contested, *map(queued, cases), queued(over)],
        [*map(queued, reversed(cases)), {**contested, "case_id": str(cases[2])}, shared],
    ]
    answers = await asyncio.gather(
        *(desk.post("/v1/declarations/batch", {"declarations": queue}) for queue in queues)
    )
    one, other = [answer.json()["items"] for answer in answers]
    said = [item["status"] for item in (*one[:2], other[-1])]
    assert sorted(said) == ["created", "exists", "exists"]
    assert said[0] != "exists" or said[2] == "created"
    assert (one[2]["status"], one[2]["code"]) == ("rejected", "same_id_other_content")
    assert sorted([one[3]["status"], other[-2]["status"]]) == ["created", "rejected"]
    assert {item["status"] for item in (*one[4:10], *other[:6])} == {"created"}
    assert one[10]["code"] == "case_ended"
    told = await desk.told("DeclarationSubmitted")
    assert len(told) == len({fact["declaration_id"] for fact in told}) == 14
    for case_id in cases:
        versions = [fact["version"] for fact in await desk.told() if fact.get("case_id") == str(case_id)]
        assert versions == list(range(1, len(versions) + 1))


async def test_without_rules_a_queue_is_told_to_come_back(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(date(2019, 12, 31), "09:00")
    items = (await desk.post("/v1/declarations/batch", {"declarations": [queued(case_id)]})).json()["items"]
    assert (items[0]["status"], items[0]["code"], items[0]["retry_after"]) == ("retry", "policy_unknown", 5)


async def test_a_mistyped_value_is_corrected_by_a_new_entry_and_both_are_kept(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    old = (await desk.declare(case_id, 39.6)).json()["declaration_id"]
    desk.move(FEB25, "12:00")
    path = f"/v1/cases/{case_id}/declarations/{old}/corrections"
    body = {
        "declaration_id": str(uuid4()),
        "via": "phone",
        "temperature_c": 36.9,
        "reason": "看错一位数字",
    }
    first, again = await desk.post(path, body), await desk.post(path, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (first.json()["day"], first.json()["window"]) == ("2020-02-25", "morning")
    told = [(fact["event"], fact["version"]) for fact in await desk.told()]
    assert told == [
        ("ObservationStarted", 1),
        ("DeclarationSubmitted", 2),
        ("SymptomReported", 3),
        ("ObservationInterrupted", 4),
        ("DeclarationSubmitted", 5),
        ("DeclarationCorrected", 6),
    ]
    corrected = (await desk.told("DeclarationCorrected"))[0]
    assert (corrected["corrects"], corrected["temperature_c"]) == (old, "36.9")
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert case["state"] == "medical"  # a fever that was a slip of the pen still takes a decision
    assert case["figures"]["answered"] == 1
    entries = (await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]
    assert [(entry["temperature_c"], entry["corrected_by"], entry["reason"]) for entry in entries] == [
        ("39.6", body["declaration_id"], None),
        ("36.9", None, "看错一位数字"),
    ]
    for field, value in (("reason", "另一个理由"), ("temperature_c", 36.8)):
        answer = await desk.post(path, {**body, field: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "same_id_other_content")
    answer = await desk.post(path, {**body, "declaration_id": str(uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (409, "corrected_already")
    assert answer.json()["corrected_by"] == body["declaration_id"]
    assert await desk.rows("select 1 from audit_read where action = 'observation.read_declarations'")


async def test_a_fever_that_was_mistyped_as_none_opens_the_fever_path_when_corrected(desk: Desk) -> None:
    case_id = await desk.open_case()
    session = (await desk.session(await desk.link(case_id))).json()["session"]
    me = {"Authorization": f"Link {session}"}
    desk.move(FEB25, "07:00")
    mine = {"declaration_id": str(uuid4()), "temperature_c": 36.8}
    await desk.client.http.post("/v1/me/declarations", json=mine, headers=me)
    path = f"/v1/me/declarations/{mine['declaration_id']}/corrections"
    body = {"declaration_id": str(uuid4()), "temperature_c": 38.6, "reason": "填反了"}
    answer = await desk.client.http.post(path, json=body, headers=me)
    assert (answer.status_code, answer.json()["alarming"]) == (201, True)
    assert (await desk.get(f"/v1/cases/{case_id}")).json()["state"] == "medical"


async def test_a_household_does_not_correct_what_staff_recorded_nor_anybody_else_s(desk: Desk) -> None:
    case_id = await desk.open_case()
    session = (await desk.session(await desk.link(case_id))).json()["session"]
    me = {"Authorization": f"Link {session}"}
    desk.move(FEB25, "07:00")
    by_staff = (await desk.declare(case_id)).json()["declaration_id"]
    elsewhere = (await desk.declare(await desk.open_case())).json()["declaration_id"]
    body = {"declaration_id": str(uuid4()), "temperature_c": 36.6, "reason": "填错了"}
    for declared, code in ((by_staff, "not_own_declaration"), (elsewhere, "declaration_unknown")):
        answer = await desk.client.http.post(
            f"/v1/me/declarations/{declared}/corrections", json=body, headers=me
        )
        assert answer.json()["code"] == code
    answer = await desk.get(f"/v1/cases/{case_id}/declarations", ("supervisor", "town"))
    assert answer.status_code == 403
    assert (await desk.get(f"/v1/cases/{case_id}/declarations", OFFICER)).status_code == 200
