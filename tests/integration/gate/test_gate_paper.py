"""The paper sheet for when the device dies, and its keying-in (gate rules)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from shared.kernel.ids import uuid7
from tests.integration.gate.duty import Post
from tests.integration.gate.town import CHECKPOINT, NOW, OTHER_CHECKPOINT, GateTown, codes

SHEET = f"{CHECKPOINT}-20200224-01"
DECIDED = {"verdict": "admit", "reasons": [], "policy_version": 1}


async def key_in(town: GateTown, body: dict[str, Any]) -> Response:
    headers = {"Authorization": f"Device {town.device}"}
    return await town.client.http.post("/v1/paper-checks", json=body, headers=headers)


async def test_a_sheet_is_one_page_with_its_number_and_nobody_on_it(town: GateTown) -> None:
    path = f"/v1/checkpoints/{CHECKPOINT}/paper-sheet"
    answer = await town.client.http.get(path, headers=town.client.as_role("shift_leader"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = answer.text
    for said in (SHEET, "37.3", "A4", "北门", "2020年02月24日"):
        assert said in page
    for fetched in ("http://", "https://", "<script", "<link", "<img", "url("):
        assert fetched not in page
    other = await town.client.http.get(path, headers=town.client.as_role("guard", "checkpoint:lj-002-n"))
    assert other.status_code == 403
    unknown = await town.client.http.get(
        "/v1/checkpoints/lj-999-n/paper-sheet", headers=town.client.as_role("guard")
    )
    assert unknown.json()["code"] == "unknown_checkpoint"


async def test_a_line_is_kept_as_decided_then_with_who_keyed_it_in(town: GateTown) -> None:
    worker = await Post(town=town, planner=town.client.as_role("hq_officer")).worker()
    who = await town.resident()
    written = (NOW - timedelta(hours=2)).isoformat()
    check = town.body(who, mask=None, checked_at=written, offline=DECIDED)
    body = {"sheet": SHEET, "line": 3, "badge": worker.badge, "check": check}
    first = await key_in(town, body)
    assert first.status_code == 201, first.text
    told = first.json()
    assert (told["verdict"], told["offline"], codes(told)) == ("admit", True, [])
    [event] = await town.published("EntryChecked")
    assert (event["offline"], event["checked_at"]) == (True, "2020-02-23T23:00:00Z")
    [kept] = await town.rows("select * from paper_entry")
    assert (kept["sheet"], kept["line"], kept["keyed_by"]) == (SHEET, 3, worker.ref)
    again = await key_in(town, body)
    assert (again.status_code, again.json()) == (200, told)
    twice = await key_in(town, body | {"check": check | {"check_id": str(uuid7())}})
    assert (twice.status_code, twice.json()["code"]) == (409, "line_keyed")
    moved = await key_in(town, body | {"line": 4})
    assert (moved.status_code, moved.json()["code"]) == (422, "same_id_other_content")
    assert len(await town.published("EntryChecked")) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"badge": "0000000000"}, 404, "badge_unknown"),
        ({"line": 0}, 422, "invalid_request"),
        ({"line": 23}, 422, "invalid_request"),
        ({"sheet": "第一页"}, 422, "invalid_request"),
        ({"undecided": True}, 422, "not_decided_on_paper"),
        ({"sheet": f"{OTHER_CHECKPOINT}-20200224-01"}, 422, "sheet_unknown"),
        ({"sheet": f"{CHECKPOINT}-20200225-01"}, 422, "sheet_unknown"),
        ({"sheet": f"{CHECKPOINT}-20200230-01"}, 422, "sheet_unknown"),
        ({"sheet": f"{CHECKPOINT}-20200224-1"}, 422, "sheet_unknown"),
        ({"sheet": "abc"}, 422, "sheet_unknown"),
    ],
)
async def test_what_is_no_line_of_a_sheet_is_refused(
    town: GateTown, changes: dict[str, Any], status: int, code: str
) -> None:
    worker = await Post(town=town, planner=town.client.as_role("hq_officer")).worker()
    decided = None if changes.pop("undecided", False) else DECIDED
    check = town.body({"kind": "visitor"}, offline=decided, check_id=str(uuid4()))
    answer = await key_in(town, {"sheet": SHEET, "line": 1, "badge": worker.badge, "check": check} | changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await town.rows("select check_id from entry_check") == []
