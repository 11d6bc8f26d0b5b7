"""An export that names many people in full waits for somebody else's word, and is not made without it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.registry.handlers.exports import ACTS, ExportRunner
from shared.second_person import requests
from tests.integration.registry.desk import Desk

pytestmark = pytest.mark.requirement("F17")

CLERK, HQ = ("community_clerk", "town"), ("hq_officer", "town")


@pytest.fixture
async def wanted(desk: Desk) -> dict[str, Any]:
    """A clerk's wish for the list of all residents, where policy lets nobody have more than none alone."""
    await desk.resident()
    async with desk.client.context.database.begin() as tx:
        await tx.execute(
            "update policy_version set document = jsonb_set(document, '{second_person,export_people}', '0')"
        )
    return {"export_id": str(uuid4()), "kind": "residents", "format": "csv", "reason": "网格核对"}


async def state(desk: Desk, wanted: dict[str, Any]) -> tuple[str, str | None]:
    database = desk.client.context.database
    await ExportRunner(vault=desk.client.context.vault).act(database)
    told = (await desk.get(f"/v1/exports/{wanted['export_id']}", CLERK)).json()
    return told["state"], told["error"]


async def decide(desk: Desk, wanted: dict[str, Any], outcome: str, who: tuple[str, str] = HQ) -> Any:
    body = {"outcome": outcome, "reason": "已核实用途"}
    return await desk.post(f"/v1/second-person/{wanted['export_id']}/decision", body, who)


async def test_nothing_is_made_until_another_person_approves(desk: Desk, wanted: dict[str, Any]) -> None:
    asked = await desk.post("/v1/exports", wanted, CLERK)
    again = await desk.post("/v1/exports", wanted, CLERK)
    assert (asked.status_code, again.status_code) == (202, 200)
    assert asked.json()["state"] == again.json()["state"] == "asked"
    assert await state(desk, wanted) == ("asked", None)
    file = await desk.get(f"/v1/exports/{wanted['export_id']}/file", CLERK)
    assert (file.status_code, file.json()["code"]) == (409, "export_not_ready")
    rows = await desk.rows("select reason_sealed from second_person")
    assert "网格核对".encode() not in rows[0]["reason_sealed"]
    [shown] = (await desk.get("/v1/second-person", HQ)).json()["items"]
    assert shown["reason"] == "网格核对"
    assert (shown["act"], shown["own"], shown["facts"]) == (
        "export",
        False,
        {"list": "residents", "compound": None, "people": 1},
    )
    for who in (CLERK, ("supervisor", "town"), ("hq_officer", "compound:lj-001")):
        assert (await decide(desk, wanted, "approved", who)).status_code == 403
    assert await state(desk, wanted) == ("asked", None)

    first = await decide(desk, wanted, "approved")
    assert (first.status_code, first.json()["outcome"]) == (200, "approved")
    assert (await decide(desk, wanted, "approved")).json() == first.json()
    other = await decide(desk, wanted, "refused")
    assert (other.status_code, other.json()["code"]) == (409, "request_decided")
    assert await state(desk, wanted) == ("done", None)
    assert (await desk.get("/v1/second-person", HQ)).json()["items"] == []
    steps = await desk.rows(
        "select actor, action from audit_read where scope = $1 order by id",
        f"request:{wanted['export_id']}",
    )
    assert [tuple(row.values()) for row in steps] == [
        ("test-community_clerk", "export.asked"),
        ("test-hq_officer", "export.approved"),
    ]


async def test_nobody_approves_their_own_wish_not_even_past_the_program(desk: Desk) -> None:
    # As somebody who is a clerk of the town and at headquarters too: headquarters' own lists are masked.
    vault = desk.client.context.vault
    async with desk.client.context.database.begin(actor="test-hq_officer") as tx:
        facts = {"list": "residents"}
        within = timedelta(hours=1)
        request_id = uuid4()
        await requests.ask(
            tx,
            request_id,
            "export",
            facts=facts,
            reason="核对",
            role="hq_officer",
            within=within,
            vault=vault,
        )
    [shown] = (await desk.get("/v1/second-person", HQ)).json()["items"]
    assert shown["own"] is True
    own = await decide(desk, {"export_id": str(request_id)}, "approved")
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    with pytest.raises(asyncpg.CheckViolationError, match="second_person_is_another"):
        async with desk.client.context.database.begin() as tx:
            await tx.execute(requests.DECIDE, request_id, "approved", "test-hq_officer", b"sealed", tx.now)


async def test_what_is_refused_or_lapses_is_never_made(desk: Desk, wanted: dict[str, Any]) -> None:
    database = desk.client.context.database
    await desk.post("/v1/exports", wanted, CLERK)
    assert (await decide(desk, wanted, "refused")).json()["outcome"] == "refused"
    assert await state(desk, wanted) == ("failed", "request_refused")

    late = wanted | {"export_id": str(uuid4())}
    await desk.post("/v1/exports", late, CLERK)
    await requests.lapse(database, ACTS)
    assert await state(desk, late) == ("asked", None)
    desk.move("2020-02-25 09:01")
    refused = await decide(desk, late, "approved")
    assert (refused.status_code, refused.json()["outcome"]) == (409, "lapsed")
    await requests.lapse(database, ACTS)
    assert await state(desk, late) == ("failed", "request_lapsed")


async def test_few_people_or_masked_ones_wait_for_nobody(desk: Desk, wanted: dict[str, Any]) -> None:
    masked = wanted | {"export_id": str(uuid4())}
    assert (await desk.post("/v1/exports", masked, HQ)).json()["state"] == "running"
    async with desk.client.context.database.begin() as tx:
        await tx.execute(
            "update policy_version set document = jsonb_set(document, '{second_person,export_people}', '1')"
        )
    assert (await desk.post("/v1/exports", wanted, CLERK)).json()["state"] == "running"
