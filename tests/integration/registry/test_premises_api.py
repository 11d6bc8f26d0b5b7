"""Compounds, checkpoints and the address list over HTTP."""

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk

GATE = {"checkpoint_id": "lj-001-k1", "name": "东门", "traffic": "mixed", "opened_on": "2020-02-04"}


async def _open(desk: Desk, who: tuple[str, str] = OFFICER, **changes: Any) -> httpx.Response:
    return await desk.post("/v1/compounds/lj-001/checkpoints", GATE | changes, who)


@pytest.mark.scenario("P1")
@pytest.mark.requirement("R2.1")
async def test_a_second_checkpoint_is_refused_and_the_rule_is_named(desk: Desk) -> None:
    assert (await _open(desk)).status_code == 201
    refused = await _open(desk, checkpoint_id="lj-001-k2")
    assert (refused.status_code, refused.json()["code"]) == (409, "checkpoint_limit")
    assert (refused.json()["rule"], refused.json()["limit"]) == ("town", 1)
    detail = (await desk.get("/v1/compounds/lj-001")).json()
    assert [place["checkpoint_id"] for place in detail["checkpoints"]] == ["lj-001-k1"]


async def test_the_same_opening_twice_is_one_and_another_under_its_number_is_none(desk: Desk) -> None:
    assert [(await _open(desk)).status_code for _ in range(2)] == [201, 200]
    other = await _open(desk, name="西门")
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    async with desk.database.read() as conn:
        opened = "select count(*) from outbox where subject like 'fk.evt.registry.town.CheckpointOpened.%'"
        assert await conn.fetchval(opened) == 1


async def test_of_two_openings_at_the_same_moment_one_is_refused(desk: Desk) -> None:
    answers = await asyncio.gather(*[_open(desk, checkpoint_id=f"lj-001-k{n}") for n in range(1, 5)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_an_opening_needs_a_known_compound_and_a_role_for_it(desk: Desk) -> None:
    unknown = await desk.post("/v1/compounds/lj-099/checkpoints", GATE, OFFICER)
    assert unknown.json()["code"] == "compound_unknown"
    assert (await _open(desk, ("community_clerk", "compound:lj-002"))).status_code == 403
    assert (await _open(desk, ("guard", "town"))).status_code == 403


async def test_a_checkpoint_is_opened_on_its_day_and_not_before(desk: Desk) -> None:
    early = await _open(desk, opened_on="2020-02-25")
    told = early.json()
    assert (early.status_code, told["code"], told["field"]) == (422, "date_in_future", "opened_on")
    assert told["remedy"]
    desk.client.move_to(datetime.fromisoformat("2020-02-25T00:00:00+08:00"))
    assert (await _open(desk, opened_on="2020-02-25")).status_code == 201


async def test_dwellings_are_listed_in_reading_order_page_by_page(desk: Desk) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        params: dict[str, Any] = {"limit": 3} | ({"after": after} if after else {})
        page = (await desk.get("/v1/compounds/lj-001/dwellings", **params)).json()
        seen += [dwelling["shown"] for dwelling in page["items"]]
        after = page["next"]
    assert after is None
    assert seen == [f"{n}幢-2-501" for n in range(1, 11)]
    one = (await desk.get("/v1/compounds/lj-001/dwellings", building="2幢")).json()["items"]
    grid = (await desk.get("/v1/compounds/lj-001/dwellings", grid_id="lj-001-w02")).json()["items"]
    assert [dwelling["shown"] for dwelling in one] == ["2幢-2-501"]
    assert len(grid) == 5


async def test_a_clerk_sees_only_compounds_within_scope(desk: Desk) -> None:
    mine = (await desk.get("/v1/compounds")).json()
    assert [compound["compound_id"] for compound in mine] == ["lj-001"]
    everything = (await desk.get("/v1/compounds", OFFICER)).json()
    assert [compound["compound_id"] for compound in everything] == ["lj-001", "lj-002"]
    assert (await desk.get("/v1/compounds/lj-002", CLERK)).status_code == 403
    assert (await desk.get("/v1/compounds/lj-002/dwellings", CLERK)).status_code == 403
