"""Temporary passes over HTTP: purpose, hours, role and reason; beside residents' passes (gate rules)."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk

TOWN_CLERK = ("community_clerk", "town")
REASON = "三号楼电梯维修"


def body(person: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "request_id": str(uuid4()),
        "person_ref": str(person),
        "compound": "lj-002",
        "purpose": "repair",
        "first_day": "2020-02-24",
        "days": 2,
        "daily_from": "09:00",
        "daily_until": "17:00",
        "reason": REASON,
    } | changes


async def ask(desk: Desk, given: dict[str, Any], who: tuple[str, str] = TOWN_CLERK) -> httpx.Response:
    return await desk.post("/v1/temporary-passes", given, who)


async def test_it_names_purpose_and_hours_and_keeps_the_reason_sealed(desk: Desk) -> None:
    person = await desk.resident()
    given = body(person)
    told = await ask(desk, given)
    assert (told.status_code, told.json()["kind"], told.json()["purpose"]) == (201, "temporary", "repair")
    assert told.json()["valid_until"] == "2020-02-25T16:00:00Z"
    [event] = await desk.told("EntryPassIssued")
    assert (event["kind"], event["purpose"]) == ("temporary", "repair")
    assert (event["daily_from"], event["daily_until"]) == ("09:00:00", "17:00:00")
    assert REASON not in str(await desk.rows("select document from outbox"))
    steps = (await desk.get(f"/v1/passes/{told.json()['pass_id']}/steps", TOWN_CLERK)).json()["steps"]
    assert [(step["reason"], step["note"]) for step in steps] == [("repair", REASON)]
    again = await ask(desk, given)
    assert (again.status_code, again.json()) == (200, told.json())
    other = await ask(desk, {**given, "days": 1})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    second = await ask(desk, body(person))
    assert (second.status_code, second.json()["code"]) == (409, "pass_active_already")


async def test_roles_and_scopes_decide_who_issues_which(desk: Desk) -> None:
    person = await desk.resident()
    by_leader = await ask(desk, body(person, purpose="care"), ("shift_leader", "compound:lj-002"))
    assert (by_leader.status_code, by_leader.json()["code"]) == (403, "purpose_not_yours")
    assert (await ask(desk, body(person), CLERK)).json()["code"] == "out_of_scope"
    assert (await ask(desk, body(person), ("guard", "town"))).json()["code"] == "role_not_allowed"
    by_officer = await ask(desk, body(person, purpose="official_duty", days=14), OFFICER)
    assert by_officer.status_code == 201
    assert await desk.rows("select issued_role from entry_pass") == [{"issued_role": "hq_officer"}]


@pytest.mark.requirement("R2.7")
async def test_nobody_under_quarantine_gets_one(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    told = await desk.register()
    refused = await ask(desk, body(UUID(told["person_ref"])))
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_not_yet")
    assert refused.json()["first_possible"] == "2020-03-10"


async def test_a_residents_pass_takes_the_place_of_a_temporary_one_and_not_the_other_way(desk: Desk) -> None:
    person = await desk.resident()
    temporary = (await ask(desk, body(person, compound="lj-001"))).json()
    resident = (await desk.ask_pass(person)).json()
    assert (resident["kind"], resident["pass_id"] != temporary["pass_id"]) == ("resident", True)
    old = (await desk.get(f"/v1/passes/{temporary['pass_id']}")).json()
    assert (old["state"], old["reason"]) == ("revoked", "replaced")
    refused = await ask(desk, body(person, compound="lj-001"))
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_active_already")


@pytest.mark.parametrize("hour", ["25:00", "09:00+08:00", "nine"])
async def test_hours_that_are_none_are_refused(desk: Desk, hour: str) -> None:
    refused = await ask(desk, body(await desk.resident(), daily_from=hour))
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
