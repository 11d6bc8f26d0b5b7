"""Declarations that look made up over HTTP: flagged with reasons, looked at by somebody, and nothing else (O11)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.observation.handlers.patterns import derive_due
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee

FEB25 = date(2020, 2, 25)


async def derive(desk: Desk) -> int:
    return await derive_due(desk.database, desk.client.context.vault)


async def flags(desk: Desk, query: str = "", who: tuple[str, str] = CLERK) -> list[dict[str, Any]]:
    answer = await desk.get(f"/v1/pattern-flags?{query}", who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def through(desk: Desk, me: dict[str, str], case_ids: list[UUID], value: float) -> None:
    items = [
        {"declaration_id": str(uuid4()), "case_id": str(case_id), "temperature_c": value, "symptoms": []}
        for case_id in case_ids
    ]
    answer = await desk.client.http.post(
        "/v1/me/family/declarations", json={"declarations": items}, headers=me
    )
    assert {item["status"] for item in answer.json()["items"]} == {"created"}, answer.text


@pytest.mark.scenario("O11")
async def test_the_same_second_every_day_is_flagged_reviewed_and_not_punished(desk: Desk) -> None:
    made_up, honest = await desk.open_case(), await desk.open_case()
    for number in range(4):
        desk.move(FEB25 + timedelta(days=number), "07:00:13")
        await desk.declare(made_up, 36.6)
        desk.move(FEB25 + timedelta(days=number), f"08:{number}1:2{number}")
        await desk.declare(honest, round(36.4 + number / 10, 1))
        assert await derive(desk) == 2
        assert await derive(desk) == 0
    [flag] = await flags(desk)
    assert (flag["case_id"], flag["kind"], flag["days"]) == (
        str(made_up),
        "same_second",
        ["2020-02-25", "2020-02-26", "2020-02-27", "2020-02-28"],
    )
    assert "36.6" not in str(await desk.rows("select f::text from pattern_flag f"))
    case = (await desk.get(f"/v1/cases/{made_up}")).json()
    assert (case["state"], case["figures"]["answered"]) == ("under_observation", 4)
    assert await flags(desk, who=("grid_worker", "grid:lj-009-w01")) == []

    path = f"/v1/pattern-flags/{flag['flag_id']}/reviews"
    body = {"review_id": str(uuid4()), "verdict": "clarified", "note": "闹钟定时测量，已当面核实"}
    assert (await desk.post(path, {**body, "note": ""})).status_code == 422
    assert (await desk.post(path, body, ("community_clerk", "compound:lj-009"))).status_code == 403
    assert (await desk.post(path, body, ("supervisor", "town"))).status_code == 403
    assert [(await desk.post(path, body, OFFICER)).status_code for _ in range(2)] == [201, 200]
    other = await desk.post(path, {**body, "verdict": "made_up"}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    second = await desk.post(path, {**body, "review_id": str(uuid4())}, OFFICER)
    assert (second.status_code, second.json()["code"]) == (409, "flag_reviewed")
    assert await flags(desk) == []
    assert [one["verdict"] for one in await flags(desk, "reviewed=true")] == ["clarified"]
    desk.move(FEB25 + timedelta(days=4), "07:00:13")
    await desk.declare(made_up, 36.6)
    await derive(desk)
    assert await flags(desk, "kind=same_second") == []  # what was looked at is looked at
    assert [len(one["days"]) for one in await flags(desk)] == [5]  # five days of one value: something else


@pytest.mark.scenario("O11")
async def test_a_family_declared_within_seconds_with_one_value_is_flagged_with_the_holder(desk: Desk) -> None:
    dwelling = returnee().dwelling_id
    events = [returnee().model_copy(update={"dwelling_id": dwelling}) for _ in range(3)]
    cases = [await desk.open_case(event) for event in events]
    answer = (await desk.post(f"/v1/cases/{cases[0]}/links", {"link_id": str(uuid4())})).json()
    for member in cases[1:]:
        path = f"/v1/cases/{cases[0]}/links/{answer['link_id']}/members/{member}"
        added = await desk.client.http.put(path, headers=desk.client.as_role(*CLERK))
        assert added.status_code == 204, added.text
    me = {"Authorization": f"Link {(await desk.session(answer['token'])).json()['session']}"}
    for number in range(3):
        desk.move(FEB25 + timedelta(days=number), f"07:1{number}:0{number}")
        await through(desk, me, cases, 36.5)
        desk.move(FEB25 + timedelta(days=number), f"18:1{number}:0{number}")
        await through(desk, me, cases, round(36.4 + number / 10, 1))
        await derive(desk)
    [flag] = await flags(desk)
    assert (flag["case_id"], flag["kind"], flag["people"], len(flag["days"])) == (
        str(cases[0]),
        "family_same",
        3,
        3,
    )
