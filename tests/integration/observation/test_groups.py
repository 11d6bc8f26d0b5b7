"""A compound's observation group: belonging follows from the case, being in it is confirmed."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.observation.conftest import CLERK, Desk, returnee

GROUP = "/v1/compounds/lj-001/observation-group"


async def members(desk: Desk) -> list[tuple[str, str]]:
    answer = await desk.get(GROUP)
    assert answer.status_code == 200, answer.text
    return [(one["case_id"], one["membership"]) for one in answer.json()["items"]]


async def confirm(desk: Desk, case_id: UUID, change: str, **more: Any) -> Any:
    body = {"change_id": str(uuid4()), "change": change, **more}
    return await desk.post(f"/v1/cases/{case_id}/group-changes", body)


@pytest.mark.requirement("R2.5")
async def test_whoever_is_observed_is_to_join_and_leaves_at_the_end(desk: Desk) -> None:
    case_id, other = await desk.open_case(), await desk.open_case()
    assert await members(desk) == [(str(case_id), "to_join"), (str(other), "to_join")]
    change_id = str(uuid4())
    first = await confirm(desk, case_id, "joined", change_id=change_id)
    again = await confirm(desk, case_id, "joined", change_id=change_id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert await members(desk) == [(str(case_id), "member"), (str(other), "to_join")]
    twice = await confirm(desk, case_id, "joined")
    assert (twice.status_code, twice.json()["code"]) == (409, "nothing_to_confirm")
    elsewhere = await confirm(desk, other, "joined", change_id=change_id)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "same_id_other_content")
    desk.move(date(2020, 3, 10), "09:00")
    for one in (case_id, other):
        assert (await desk.decide(one, "close")).status_code == 201
    assert await members(desk) == [(str(case_id), "to_leave")]  # the other never joined
    desk.move(date(2020, 3, 10), "09:05")
    assert (await confirm(desk, case_id, "left")).status_code == 201
    assert await members(desk) == []


async def test_a_group_is_shown_masked_to_those_who_look_after_it(desk: Desk) -> None:
    event = returnee()
    await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    line = (await desk.get(GROUP)).json()["items"][0]
    assert line["contact"] == {"name": "陈*", "phone": "138****1234", "room": "9-1-301"}
    read = await desk.rows("select action, person_ref from audit_read")
    assert read == [{"action": "observation.group", "person_ref": event.person_ref}]
    answer = await desk.get(GROUP, ("community_clerk", "compound:lj-009"))
    assert (answer.status_code, answer.json()["code"]) == (403, "out_of_scope")
    assert (await desk.get(GROUP, CLERK)).status_code == 200
