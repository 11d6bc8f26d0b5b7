"""Closing and opening checkpoints, temporary gates, and the limits of P1, through HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from services.registry.handlers.checkpoints import close_expired
from tests.integration.registry.desk import OFFICER, Desk

FIRE: dict[str, Any] = {
    "checkpoint_id": "lj-001-fire",
    "name": "消防通道",
    "purpose": "fire",
    "reason": "东门消防登高面",
    "expires_at": "2020-02-25T09:00:00+08:00",
}


async def opened(desk: Desk, compound: str, checkpoint: str) -> httpx.Response:
    body = {"checkpoint_id": checkpoint, "name": "门", "traffic": "mixed", "opened_on": "2020-02-24"}
    return await desk.post(f"/v1/compounds/{compound}/checkpoints", body, OFFICER)


async def close(desk: Desk, checkpoint: str, reason: str = "closed") -> httpx.Response:
    path = f"/v1/compounds/lj-001/checkpoints/{checkpoint}/closing"
    return await desk.post(path, {"reason": reason}, OFFICER)


async def reopen(desk: Desk, checkpoint: str) -> httpx.Response:
    return await desk.post(f"/v1/compounds/lj-001/checkpoints/{checkpoint}/reopening", None, OFFICER)


async def compound(desk: Desk, compound_id: str, area: int, mode: str = "closed") -> None:
    held = await desk.client.http.get(f"/v1/compounds/{compound_id}", headers=desk.client.as_role(*OFFICER))
    body = {
        "version": 1 if held.status_code == 200 else 0,
        "neighbourhood_id": "yq",
        "name": "云桥新村",
        "building_type": "mid_rise",
        "address": "云桥路 9 号",
        "area_m2": area,
        "mode": mode,
    }
    answer = await desk.client.http.put(
        f"/v1/compounds/{compound_id}", json=body, headers=desk.client.as_role(*OFFICER)
    )
    assert answer.status_code in {200, 201}, answer.text


async def town_allows(desk: Desk, version: int, number: int) -> None:
    document = (await desk.get(f"/v1/policies/{version - 1}")).json()["document"]
    document["checkpoints"]["town_limit"] = number
    body = {"version": version, "effective_from": "2020-02-24", "document": document}
    assert (await desk.post("/v1/policies", body, OFFICER)).status_code == 201


@pytest.mark.scenario("P1")
@pytest.mark.requirement("R2.1", "R1.2")
@pytest.mark.parametrize(
    ("area", "mode", "by_city"),
    [
        (1, "closed", 1),
        (299_999, "closed", 1),
        (300_000, "closed", 2),
        (300_000, "staffed", 2),
        (320_000, "closed", 2),
    ],
)
async def test_the_town_allows_one_and_the_city_alone_by_area(
    desk: Desk, area: int, mode: str, by_city: int
) -> None:
    await compound(desk, "lj-009", area, mode)
    assert (await opened(desk, "lj-009", "g1")).status_code == 201
    refused = await opened(desk, "lj-009", "g2")
    assert (refused.status_code, refused.json()["rule"], refused.json()["limit"]) == (409, "town", 1)

    await town_allows(desk, 2, 9)
    second = await opened(desk, "lj-009", "g2")
    if by_city == 1:
        assert (second.status_code, second.json()["rule"], second.json()["area_m2"]) == (409, "city", area)
    else:
        assert (second.status_code, second.json()["policy_version"]) == (201, 2)
        third = await opened(desk, "lj-009", "g3")
        assert (third.json()["rule"], third.json()["limit"]) == ("city", 2)


@pytest.mark.requirement("R2.1")
async def test_no_compound_has_an_area_of_nothing(desk: Desk) -> None:
    body = {
        "version": 0,
        "neighbourhood_id": "yq",
        "name": "云桥新村",
        "building_type": "mid_rise",
        "address": "云桥路 9 号",
        "area_m2": 0,
        "mode": "closed",
    }
    answer = await desk.client.http.put(
        "/v1/compounds/lj-009", json=body, headers=desk.client.as_role(*OFFICER)
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "area_m2")


@pytest.mark.requirement("R2.1")
async def test_a_closed_checkpoint_makes_room_and_opens_again_only_within_the_limit(desk: Desk) -> None:
    await opened(desk, "lj-001", "g1")
    first = await close(desk, "g1")
    assert (first.json()["open"], first.json()["closed_for"]) == (False, "closed")
    assert (await close(desk, "g1", "opened_in_error")).json() == first.json()  # the first closing stands
    assert (await opened(desk, "lj-001", "g1")).json()["code"] == "checkpoint_closed"
    assert (await opened(desk, "lj-001", "g2")).status_code == 201
    refused = await reopen(desk, "g1")
    assert (refused.status_code, refused.json()["code"], refused.json()["rule"]) == (
        409,
        "checkpoint_limit",
        "town",
    )
    await close(desk, "g2")
    again = [await reopen(desk, "g1") for _ in range(2)]
    assert [answer.json()["open"] for answer in again] == [True, True]
    [closed] = [event for event in await desk.told("CheckpointClosed") if event["checkpoint"] == "g1"]
    versions = [
        (event["version"], event["policy_version"])
        for event in await desk.told("CheckpointOpened")
        if event["checkpoint"] == "g1"
    ]
    assert (closed["version"], closed["reason"], versions) == (2, "closed", [(1, 1), (3, 1)])
    unknown = await close(desk, "g7")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "checkpoint_unknown")


async def test_of_reopening_and_opening_at_the_same_moment_one_is_refused(desk: Desk) -> None:
    await opened(desk, "lj-001", "g1")
    await close(desk, "g1")
    answers = await asyncio.gather(*[reopen(desk, "g1")], *[opened(desk, "lj-001", f"g{n}") for n in (2, 3)])
    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409]
    open_now = (await desk.get("/v1/compounds/lj-001/sheet")).json()["checkpoint_limit"]
    assert (open_now["counted"], open_now["exceeded"]) == (1, False)


@pytest.mark.requirement("R2.1")
async def test_a_temporary_gate_stands_beside_the_limit_and_closes_by_itself_at_its_expiry(
    desk: Desk,
) -> None:
    await opened(desk, "lj-001", "g1")
    path = "/v1/compounds/lj-001/temporary-gates"
    answers = [await desk.post(path, FIRE, OFFICER) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    other = await desk.post(path, FIRE | {"purpose": "ambulance"}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert (await opened(desk, "lj-001", "g2")).json()["rule"] == "town"

    await close_expired(desk.database)
    assert await desk.told("CheckpointClosed") == []
    desk.move("2020-02-25 09:00")
    sheet = (await desk.get("/v1/compounds/lj-001/sheet")).json()
    assert {gate["checkpoint_id"]: gate["open"] for gate in sheet["checkpoints"]} == {
        "g1": True,
        "lj-001-fire": False,
    }
    desk.move("2020-02-25 13:30")  # the registry was down meanwhile
    await asyncio.gather(*[close_expired(desk.database) for _ in range(3)])
    [closed] = await desk.told("CheckpointClosed")
    assert (closed["checkpoint"], closed["reason"]) == ("lj-001-fire", "expired")
    assert closed["closed_at"] == "2020-02-25T01:00:00Z"
    told = [event for event in await desk.told("CheckpointOpened") if event["temporary"]]
    assert [event["expires_at"] for event in told] == ["2020-02-25T01:00:00Z"]
    over = await reopen(desk, "lj-001-fire")
    assert (over.status_code, over.json()["code"]) == (409, "temporary_gate_over")


@pytest.mark.requirement("R2.1")
@pytest.mark.parametrize("expires_at", ["2020-02-24T09:00:00+08:00", "2020-02-27T09:00:01+08:00"])
async def test_a_temporary_gate_expires_within_the_hours_of_policy(desk: Desk, expires_at: str) -> None:
    path = "/v1/compounds/lj-001/temporary-gates"
    refused = await desk.post(path, FIRE | {"expires_at": expires_at}, OFFICER)
    assert (refused.status_code, refused.json()["code"]) == (422, "expiry_not_allowed")
    latest = FIRE | {"expires_at": refused.json()["latest"]}
    assert (await desk.post(path, latest, OFFICER)).status_code == 201
    blank = await desk.post(path, FIRE | {"checkpoint_id": "x", "reason": " "}, OFFICER)
    assert (blank.status_code, blank.json()["field"]) == (422, "reason")
