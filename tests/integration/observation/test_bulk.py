"""Bulk actions: each item by itself, skipped with a reason, cancellable, never twice."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.observation.handlers.bulk import run_due
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee


async def begin(desk: Desk, cases: list[UUID], who: tuple[str, str] = CLERK, **more: Any) -> Any:
    body = {"bulk_id": str(uuid4()), "act": "assign", "kind": "visit", "assigned_to": "worker-1", **more}
    return await desk.post(
        "/v1/bulk-follow-ups", {**body, "case_ids": [str(case_id) for case_id in cases]}, who
    )


async def run(desk: Desk) -> int:
    return await run_due(desk.database, desk.client.context.vault, desk.outlets)


async def test_what_can_be_done_is_done_and_what_cannot_says_why(desk: Desk) -> None:
    ended = await desk.open_case()
    desk.move(date(2020, 3, 10), "09:00")
    assert (await desk.decide(ended, "close")).status_code == 201
    mine = [await desk.open_case() for _ in range(22)]
    elsewhere = await desk.open_case(returnee(compound="lj-009", grid="lj-009-w01"))
    unknown = uuid4()
    answer = await begin(desk, [*mine, ended, elsewhere, unknown])
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["total"], told["done"], told["waiting"]) == ("running", 25, 0, 23)
    assert await run(desk) == 23
    path = f"/v1/bulk-actions/{told['bulk_id']}"
    told = (await desk.get(path)).json()
    assert (told["state"], told["done"], told["waiting"]) == ("finished", 22, 0)
    assert {one["code"]: one["case_ids"] for one in told["skipped"]} == {
        "case_ended": [str(ended)],
        "out_of_scope": [str(elsewhere)],
        "case_unknown": [str(unknown)],
    }
    rows = await desk.rows("select assigned_to, bulk_id from follow_up")
    assert len(rows) == 22
    assert {(row["assigned_to"], str(row["bulk_id"])) for row in rows} == {("worker-1", told["bulk_id"])}
    assert await run(desk) == 0
    assert len(await desk.rows("select 1 from follow_up")) == 22


async def test_a_repeat_is_the_same_action_and_other_content_is_refused(desk: Desk) -> None:
    case_id, bulk_id = await desk.open_case(), str(uuid4())
    first, again = (
        await begin(desk, [case_id], bulk_id=bulk_id),
        await begin(desk, [case_id], bulk_id=bulk_id),
    )
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    other = await begin(desk, [case_id], bulk_id=bulk_id, assigned_to="worker-2")
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    stranger = await desk.get(f"/v1/bulk-actions/{uuid4()}")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "bulk_unknown")
    assert (await begin(desk, [case_id], kind=None)).status_code == 422


async def test_a_cancelled_action_keeps_what_is_done_and_leaves_the_rest_selected(desk: Desk) -> None:
    cases = [await desk.open_case() for _ in range(3)]
    bulk_id = (await begin(desk, cases)).json()["bulk_id"]
    path = f"/v1/bulk-actions/{bulk_id}/cancellation"
    told = (await desk.post(path, {})).json()
    assert (told["state"], told["done"], told["rest"]) == ("cancelled", 0, [str(one) for one in cases])
    assert await run(desk) == 0
    assert await desk.rows("select 1 from follow_up") == []
    assert (await begin(desk, [UUID(one) for one in told["rest"]])).status_code == 202
    assert await run(desk) == 3
    assert (await desk.post(path, {})).json()["state"] == "cancelled"


async def test_a_decision_for_many_is_each_one_s_own_decision(desk: Desk) -> None:
    done, early = await desk.open_case(), None
    desk.move(date(2020, 3, 10), "09:00")
    await desk.tick()
    early = await desk.open_case(returnee(anchor=date(2020, 3, 9)))
    body = {
        "decision_id": str(uuid4()),
        "kind": "close",
        "reason": "期满核对无异常",
        "case_ids": [str(done), str(early)],
    }
    assert (
        await desk.post("/v1/bulk-decisions", body, ("grid_worker", "grid:lj-001-w01"))
    ).status_code == 403
    assert (await desk.post("/v1/bulk-decisions", body, OFFICER)).status_code == 202
    await run(desk)
    told = (await desk.get(f"/v1/bulk-actions/{body['decision_id']}", OFFICER)).json()
    assert (told["done"], [(one["code"], one["case_ids"]) for one in told["skipped"]]) == (
        1,
        [("release_too_early", [str(early)])],
    )
    assert [fact["case_id"] for fact in await desk.told("ObservationCompleted")] == [str(done)]
    assert "期满核对" not in str(await desk.rows("select b::text from bulk_action b"))
