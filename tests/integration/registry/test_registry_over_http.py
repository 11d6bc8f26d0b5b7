"""What any HTTP client expects of the registry's addresses: methods, parameters, and who is a stranger."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk, resident_id


async def test_what_can_be_got_can_be_asked_for_its_head(desk: Desk) -> None:
    got = await desk.get("/v1/compounds", OFFICER)
    head = await desk.client.http.head("/v1/compounds", headers=desk.client.as_role(*OFFICER))
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-length", "content-type", "cache-control")
    assert [head.headers[name] for name in same] == [got.headers[name] for name in same]
    assert (await desk.client.http.head("/v1/compounds")).status_code == 401


async def test_an_address_tells_every_method_that_it_takes(desk: Desk) -> None:
    asked = await desk.client.http.options("/v1/pass-applications")
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    wrong = await desk.client.http.delete("/v1/pass-applications")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert wrong.headers["content-type"] == "application/problem+json"
    nothing = await desk.client.http.options("/v1/nothing")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("name", ["statee", "State", "via[]", ""])
async def test_a_slip_in_a_filters_name_is_told_and_not_answered_with_everything(
    desk: Desk, name: str
) -> None:
    query: dict[str, Any] = {"compound": "lj-001", name: "open"}
    answer = await desk.get("/v1/pass-applications", CLERK, **query)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (400, "parameter_unknown", name)
    assert "after、compound、held、limit、state、via" in told["remedy"]
    stranger = await desk.client.http.get("/v1/pass-applications", params={name: "open"})
    assert stranger.status_code == 401


@pytest.mark.requirement("R2.4", "R6.3")
async def test_whoever_is_signed_in_for_something_else_may_do_what_strangers_may(desk: Desk) -> None:
    lead = {
        "lead_id": str(uuid4()),
        "request_secret": "q5bV0c1mR8eJ3xT7yZ2uKw",
        "channel": "wechat",
        "category": "gathering",
        "compound": "lj-001",
        "place": "3幢门口",
        "text": "有人聚集打牌。",
        "observed_at": "2020-02-24T08:00:00+08:00",
    }
    application = {
        "application_id": str(uuid4()),
        "compound": "lj-001",
        "name": "慕容听雪",
        "phone": "19900007788",
        "address": "1幢2单元501",
    }
    for path, body in (("/v1/leads", lead), ("/v1/pass-applications/online", application)):
        for who in (CLERK, ("guard", "checkpoint:lj-002-n")):
            answer = await desk.post(path, body, who)
            assert answer.status_code in {200, 201}, answer.text
    [row] = await desk.rows("select via from pass_application")
    assert row["via"] == "online"


async def test_a_time_is_refused_under_the_name_that_the_client_gave_it(desk: Desk) -> None:
    body = {
        "application_id": str(uuid4()),
        "compound": "lj-001",
        "name": "慕容听雪",
        "phone": "19900007788",
        "address": "1幢2单元501",
        "suzhou_code": "green",
        "code_seen_at": "2020-03-01T00:00:00+08:00",
    }
    answer = await desk.post("/v1/pass-applications", body)
    assert (answer.status_code, answer.json()["field"]) == (422, "code_seen_at")


@pytest.mark.requirement("R4.1")
@pytest.mark.parametrize(
    "spelled",
    [
        {"building": "１幢"},
        {"building": "1号楼", "room": "５０１室"},
        {"unit": "２单元", "room": " 501 "},
    ],
)
async def test_an_address_is_not_entered_a_second_time_in_another_spelling(
    desk: Desk, spelled: dict[str, str]
) -> None:
    body = {
        "dwelling_id": str(uuid4()),
        "grid_id": "lj-001-w01",
        "building": "1幢",
        "unit": "2单元",
        "room": "501",
        "address": "云桥路 1 号 1 幢 2 单元 501 室",
        "occupancy": "let",
    }
    answer = await desk.post("/v1/compounds/lj-001/dwellings", body | spelled, ("admin", "town"))
    assert (answer.status_code, answer.json()["code"]) == (409, "address_taken")


async def test_a_name_is_what_is_seen_of_it(desk: Desk) -> None:
    async def registered(name: str) -> tuple[int, dict[str, Any]]:
        desk.people += 1
        home = await desk.rows(
            "select dwelling_id from dwelling where building = '1幢' and compound_id = 'lj-001'"
        )
        body = {
            "change_id": str(uuid4()),
            "name": name,
            "documents": [{"kind": "resident_id", "number": resident_id(desk.people)}],
            "homes": [{"dwelling_id": str(home[0]["dwelling_id"]), "relation": "tenant", "resident": True}],
        }
        answer = await desk.post("/v1/people", body)
        return answer.status_code, answer.json()

    status, told = await registered("\u202e欧\u200b阳\u2060海\x07棠\n")
    assert status == 201
    found = await desk.post("/v1/people/lookup", {"name": "欧阳海棠"})
    assert [person["person_ref"] for person in found.json()["people"]] == [told["person_ref"]]
    status, told = await registered("\u200b\u2060")
    assert (status, told["field"]) == (422, "name")
    assert (await registered("𠮷田"))[0] == 201


@pytest.mark.scenario("P10")
async def test_a_record_is_not_merged_with_itself(desk: Desk) -> None:
    person = str(await desk.resident())
    body = {"merge_id": str(uuid4()), "kept": person, "merged": person, "reason": "同一人"}
    answer = await desk.post("/v1/merges", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "不能与自己合并" in answer.json()["errors"][0]["detail"]


@pytest.mark.scenario("P3")
async def test_a_birth_date_that_is_not_that_of_the_id_is_told_at_the_counter(desk: Desk) -> None:
    body = desk.intake()
    body["person"]["born"] = "1991-03-07"
    answer = await desk.post("/v1/returnees", body)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "birth_contradicts", "person.born")
    body["person"]["born"] = "1990-03-07"
    assert (await desk.post("/v1/returnees", body)).status_code in {201, 409}
