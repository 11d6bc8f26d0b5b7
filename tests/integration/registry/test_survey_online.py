"""A household fills its form in by a personal link; nothing is final until a grid worker confirms it (R4.2)."""

import asyncio
import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk
from tests.integration.registry.surveying import (
    GRID,
    OTHER_GRID,
    coverage,
    form,
    hand_in,
    member,
    open_round,
    residents,
    targets,
)


async def links(desk: Desk, round_id: str, building: str = "1幢", **fields: Any) -> httpx.Response:
    body = {"issue_id": str(uuid4()), "compound": "lj-001", "building": building} | fields
    return await desk.post(f"/v1/survey-rounds/{round_id}/links", body)


async def session(desk: Desk, token: str, device_key: str | None = None) -> httpx.Response:
    body = {"token": token} | ({"device_key": device_key} if device_key else {})
    return await desk.client.http.post("/v1/survey-link-sessions", json=body)


async def me(desk: Desk, secret: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Link {secret}"}
    if body is None:
        return await desk.client.http.get("/v1/me/survey", headers=headers)
    return await desk.client.http.post("/v1/me/survey", json=body, headers=headers)


@pytest.mark.requirement("R4.2")
async def test_a_household_fills_in_and_a_grid_worker_makes_it_final(desk: Desk) -> None:
    stays = await desk.resident("1幢")
    round_id = (await open_round(desk))["round_id"]
    home = (await targets(desk, round_id, GRID))[0]["dwelling_id"]
    made = await links(desk, round_id)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    [link] = made.json()["links"]
    assert (link["dwelling_id"], link["room"], len(link["token"])) == (home, "1幢-2-501", 43)
    secret = (await session(desk, link["token"])).json()["session"]
    mine = (await me(desk, secret)).json()
    assert (mine["room"], mine["state"]) == ("1幢-2-501", "open")
    assert mine["residents"] == [{"person_ref": str(stays), "name": "司徒*", "relation": "owner"}]
    body = {
        "submission_id": str(uuid4()),
        "members": [{"state": "present", "person_ref": str(stays)}, member(desk)],
        "offers": [{"member": 0, "kind": "translation"}],
    }
    answers = await asyncio.gather(*(me(desk, secret, body) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    assert {(one.json()["state"], one.json()["final"]) for one in answers} == {("to_confirm", False)}
    assert await residents(desk, home) == [str(stays)]  # nothing in the book changes by it
    total = (await coverage(desk, round_id))["total"]
    assert (total["to_confirm"], total["final"]) == (1, 0)
    path = f"/v1/survey-submissions/{body['submission_id']}"
    assert (await desk.get(path, OTHER_GRID)).status_code == 404
    shown = (await desk.get(path, GRID)).json()
    assert (shown["source"], shown["standing"]) == ("online", "current")
    assert [one["name"] for one in shown["members"]] == ["司徒*", "欧阳*"]
    absent = await hand_in(desk, form(round_id, home, "absent"))
    assert (absent["standing"], absent["state"]) == ("kept", "to_confirm")
    confirming = {"submission_id": str(uuid4())}
    answers = await asyncio.gather(*(desk.post(f"{path}/confirmation", confirming, GRID) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    told = answers[0].json()
    assert (told["standing"], told["state"], told["final"], told["people"]) == ("current", "done", True, 2)
    assert len(await residents(desk, home)) == 2
    again = await desk.post(f"{path}/confirmation", {"submission_id": str(uuid4())}, GRID)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_confirm")
    late = await me(desk, secret, body | {"submission_id": str(uuid4())})
    assert (late.status_code, late.json()["code"]) == (409, "surveyed_already")
    assert [event["outcome"] for event in await desk.told("HouseholdSurveyed")] == [
        "to_confirm",
        "to_confirm",
        "done",
    ]
    assert [
        one["kind"] for one in (await desk.get("/v1/survey-offers", CLERK, compound="lj-001")).json()["items"]
    ] == ["translation"]


@pytest.mark.requirement("R4.2")
async def test_a_link_belongs_to_the_browser_that_opens_it_first_until_it_ends(desk: Desk) -> None:
    round_id = (await open_round(desk))["round_id"]
    issue = {"issue_id": str(uuid4())}
    [link] = (await links(desk, round_id, **issue)).json()["links"]
    shown = await links(desk, round_id, **issue)
    assert (shown.status_code, shown.json()["code"]) == (409, "links_shown_once")
    assert (await links(desk, round_id)).json()["links"] == []  # a link that lives is kept
    key = "k" * 22
    first = await session(desk, link["token"], key)
    assert (await session(desk, link["token"], key)).json() == first.json()
    other = await session(desk, link["token"])
    assert (other.status_code, other.json()["code"]) == (409, "link_already_used")
    unknown = await session(desk, "t" * 43)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "link_unknown")
    secret = first.json()["session"]
    [kept] = await desk.rows("select token_hash, session_hash from survey_link")
    assert not {link["token"].encode(), secret.encode()} & set(map(bytes, kept.values()))
    [fresh] = (await links(desk, round_id, replace=True)).json()["links"]
    assert (await me(desk, secret)).status_code == 401
    assert (await session(desk, link["token"], key)).json()["code"] == "link_ended"
    secret = (await session(desk, fresh["token"])).json()["session"]
    assert (await me(desk, secret)).status_code == 200
    assert (await me(desk, "nobody")).status_code == 401
    path = f"/v1/survey-rounds/{round_id}/dwellings/{fresh['dwelling_id']}/link"
    withdrawn = await desk.client.http.delete(path, headers=desk.client.as_role(*GRID))
    assert withdrawn.status_code == 204
    assert (await me(desk, secret)).status_code == 401
    [last] = (await links(desk, round_id)).json()["links"]
    secret = (await session(desk, last["token"])).json()["session"]
    await desk.post(f"/v1/survey-rounds/{round_id}/closure", {"reason": "下一轮"}, OFFICER)
    assert (await me(desk, secret)).status_code == 401
    assert (await session(desk, last["token"])).json()["code"] == "link_ended"


@pytest.mark.requirement("R4.2")
async def test_a_buildings_links_are_a_list_to_print_and_a_worker_may_correct(desk: Desk) -> None:
    await desk.publish_risk({})
    round_id = (await open_round(desk))["round_id"]
    body = {"issue_id": str(uuid4()), "compound": "lj-001", "building": "2幢"}
    path = f"/v1/survey-rounds/{round_id}/links"
    assert (await desk.post(path, body, GRID)).status_code == 403
    assert (await desk.post(path, body, ("community_clerk", "compound:lj-002"))).status_code == 403
    printed = await desk.post(f"{path}?as=csv", body)
    header, [room, token] = csv.reader(io.StringIO(printed.content.decode("utf-8-sig")))
    assert (header, room) == (["房屋", "链接口令"], "2幢-2-501")
    secret = (await session(desk, token)).json()["session"]
    back = member(desk)
    trip = {"origin_code": "330300", "arrived_on": "2020-02-22", "transport": "car", "proof": False}
    mine = {
        "submission_id": str(uuid4()),
        "members": [back],
        "findings": [{"kind": "unregistered_returnee", "member": 0, "trip": trip}],
    }
    assert (await me(desk, secret, mine)).status_code == 201
    assert await desk.told("ReturneeRegistered") == []  # a household's own word waits for the worker
    home = (await targets(desk, round_id, GRID, building="2幢"))[0]["dwelling_id"]
    own = form(round_id, home, members=[back], findings=mine["findings"], corrects=mine["submission_id"])
    told = await hand_in(desk, own)
    assert (told["standing"], told["final"], len(told["intakes"])) == ("current", True, 1)
    assert len(await desk.told("ReturneeRegistered")) == 1
