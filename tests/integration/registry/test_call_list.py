"""The call list: people still away are called, not observed, and leave the list when they arrive (R4.5)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk

GRID = ("grid_worker", "grid:lj-001-w02")
OTHER_GRID = ("grid_worker", "grid:lj-001-w01")


def someone(nth: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "entry_id": str(uuid4()),
        "name": "欧阳海棠",
        "phone": f"199 3333 {nth:04d}",
        "compound": "lj-001",
        "grid": "lj-001-w02",
        "present_code": "420100",
        "planned_return": "2020-03-05",
    } | changes


async def add(desk: Desk, body: dict[str, Any], who: tuple[str, str] = CLERK) -> dict[str, Any]:
    answer = await desk.post("/v1/call-list", body, who)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def call(
    desk: Desk, entry_id: str, outcome: str, who: tuple[str, str] = CLERK, **body: Any
) -> httpx.Response:
    return await desk.post(
        f"/v1/call-list/{entry_id}/calls", {"call_id": str(uuid4()), "outcome": outcome, **body}, who
    )


async def listed(desk: Desk, who: tuple[str, str] = CLERK, **params: Any) -> list[dict[str, Any]]:
    answer = await desk.get("/v1/call-list", who, compound="lj-001", **params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.scenario("P12")
@pytest.mark.requirement("R4.5")
async def test_a_person_still_in_hubei_is_called_not_observed_and_converts_on_arrival(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    entry = await add(desk, someone())
    told = await call(desk, entry["entry_id"], "postponed", next_call_on="2020-03-01", note="答应暂缓返回")
    assert (told.json()["next_call_on"], told.json()["calls"]) == ("2020-03-01", 1)
    assert await desk.rows("select 1 from returnee_intake") == []
    assert await desk.rows("select 1 from observation_state") == []
    assert await desk.rows("select 1 from person") == []
    assert await desk.rows("select 1 from outbox where subject like '%Returnee%'") == []

    desk.move("2020-03-05 10:00")
    assert (await call(desk, entry["entry_id"], "arrived")).json()["next_call_on"] == "2020-03-05"
    path = f"/v1/call-list/{entry['entry_id']}/arrival"
    early = await desk.post(path, {"intake_id": str(uuid4())})
    assert (early.status_code, early.json()["code"]) == (404, "intake_unknown")
    [due] = await listed(desk, due=True)
    assert (due["state"], due["last_outcome"]) == ("away", "arrived")

    trip = {"origin_code": "420100", "arrived_on": "2020-03-05", "transport": "train", "proof": True}
    intake = await desk.register(desk.intake(trip=trip))
    left = await desk.post(path, {"intake_id": intake["intake_id"]})
    assert (left.status_code, left.json()["state"]) == (200, "arrived")
    assert left.json()["intake_id"] == intake["intake_id"]
    assert (await desk.post(path, {"intake_id": intake["intake_id"]})).json() == left.json()
    assert await listed(desk) == []
    assert [one["entry_id"] for one in await listed(desk, state="arrived")] == [entry["entry_id"]]
    [event] = await desk.told("ReturneeRegistered")
    assert (event["intake_id"], event["category"]) == (intake["intake_id"], "focus")
    again = await call(desk, entry["entry_id"], "unreachable", next_call_on="2020-03-06")
    assert (again.status_code, again.json()["code"]) == (409, "left_call_list")
    second = await desk.register()
    other = await desk.post(path, {"intake_id": second["intake_id"]})
    assert (other.status_code, other.json()["code"]) == (409, "left_call_list")


@pytest.mark.requirement("R4.5")
async def test_where_somebody_is_registered_decides_about_a_call_only(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    entry = await add(desk, someone(present_code=None, registered_origin_code="420100"))
    trip = {"origin_code": "330100", "arrived_on": "2020-02-24", "transport": "car", "proof": True}
    intake = await desk.register(desk.intake(trip=trip))
    await desk.post(f"/v1/call-list/{entry['entry_id']}/arrival", {"intake_id": intake["intake_id"]})
    assert intake["category"] == "other"
    refused = await desk.post("/v1/call-list", someone(2, present_code=None))
    assert refused.status_code == 422


async def test_the_same_entry_and_the_same_call_are_one_however_often_they_are_sent(desk: Desk) -> None:
    body = someone()
    answers = await asyncio.gather(*(desk.post("/v1/call-list", body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    other = await desk.post("/v1/call-list", body | {"planned_return": "2020-03-06"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    twice = await desk.post("/v1/call-list", body | {"entry_id": str(uuid4())})
    assert (twice.status_code, twice.json()["code"]) == (409, "on_call_list_already")

    attempt = {"call_id": str(uuid4()), "outcome": "unreachable", "next_call_on": "2020-02-25"}
    path = f"/v1/call-list/{body['entry_id']}/calls"
    answers = await asyncio.gather(*(desk.post(path, attempt) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["calls"] for answer in answers} == {1}
    other = await desk.post(path, attempt | {"outcome": "refused"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    elsewhere = await add(desk, someone(2))
    other = await desk.post(f"/v1/call-list/{elsewhere['entry_id']}/calls", attempt)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")


@pytest.mark.requirement("R4.5")
async def test_the_list_tells_who_is_due_page_by_page_and_counts_the_rest(desk: Desk) -> None:
    entries = [await add(desk, someone(nth)) for nth in range(5)]
    await call(desk, entries[0]["entry_id"], "postponed", next_call_on="2020-02-28")
    later = await call(desk, entries[1]["entry_id"], "will_return_on", returns_on="2020-03-02")
    assert (later.json()["next_call_on"], later.json()["planned_return"]) == ("2020-03-02", "2020-03-02")
    refused = await call(desk, entries[2]["entry_id"], "refused")
    assert refused.json()["next_call_on"] is None
    due = sorted(one["entry_id"] for one in entries[3:])  # recorded at the same instant: by id
    first = (await desk.get("/v1/call-list", compound="lj-001", due=True, limit=1)).json()
    rest = (await desk.get("/v1/call-list", compound="lj-001", due=True, after=first["next"])).json()
    assert [one["entry_id"] for one in first["items"] + rest["items"]] == due
    assert rest["next"] is None
    figures = (await desk.get("/v1/call-list/figures", OFFICER)).json()
    assert (figures["total"], figures["away"], figures["due"], figures["not_called"]) == (5, 5, 2, 2)
    assert (figures["postponed"], figures["will_return"], figures["refused"]) == (1, 1, 1)
    desk.move("2020-02-28 09:00")
    assert len(await listed(desk, due=True)) == 3
    assert (await desk.get("/v1/call-list/figures", compound="lj-001")).json()["due"] == 3
    assert (await desk.get("/v1/call-list/figures")).status_code == 403


@pytest.mark.parametrize(
    ("outcome", "body", "field"),
    [
        ("postponed", {}, "next_call_on"),
        ("unreachable", {"next_call_on": "2020-02-23"}, "next_call_on"),
        ("will_return_on", {}, "returns_on"),
        ("refused", {"returns_on": "2020-03-01"}, "returns_on"),
        ("arrived", {"next_call_on": "2020-03-01"}, "next_call_on"),
    ],
)
async def test_a_call_whose_outcome_and_days_do_not_fit_is_refused(
    desk: Desk, outcome: str, body: dict[str, str], field: str
) -> None:
    entry = await add(desk, someone())
    refused = await call(desk, entry["entry_id"], outcome, CLERK, **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "call_inconsistent")
    assert refused.json()["field"] == field


async def test_names_and_phones_are_sealed_masked_in_lists_and_told_to_whoever_calls(desk: Desk) -> None:
    entry = await add(desk, someone())
    await call(desk, entry["entry_id"], "refused", note="情绪激动")
    [shown] = await listed(desk)
    assert (shown["name"], shown["phone"]) == ("欧阳*", "199******01")
    told = (await desk.get(f"/v1/call-list/{entry['entry_id']}", GRID)).json()
    assert (told["name"], told["phone"]) == ("欧阳海棠", "19933330001")
    assert [one["outcome"] for one in told["attempts"]] == ["refused"]
    kept = str(await desk.rows("select * from call_entry join call_attempt using (entry_id)"))
    for secret in ("欧阳海棠", "19933330001", "情绪激动"):
        assert secret not in kept
        assert repr(secret.encode())[2:-1] not in kept
    reads = await desk.rows(
        "select action from audit_read where person_ref = $1 order by action", entry["entry_id"]
    )
    assert [row["action"] for row in reads] == ["call_list.list", "call_list.read"]


async def test_narrower_grants_see_their_own_grid_and_compound_only(desk: Desk) -> None:
    entry = await add(desk, someone(), GRID)
    whole = await add(desk, someone(2, grid=None))
    assert [one["entry_id"] for one in await listed(desk, GRID)] == [entry["entry_id"]]
    assert await listed(desk, OTHER_GRID) == []
    assert len(await listed(desk)) == 2
    away = ("community_clerk", "compound:lj-002")
    assert (await desk.get("/v1/call-list", away, compound="lj-001")).status_code == 403
    assert (await desk.get("/v1/call-list", OFFICER, compound="lj-001")).status_code == 403
    for who in (OTHER_GRID, away):
        assert (await desk.get(f"/v1/call-list/{entry['entry_id']}", who)).status_code == 404
        assert (await call(desk, entry["entry_id"], "refused", who)).status_code == 403
    assert (await call(desk, whole["entry_id"], "refused", GRID)).status_code == 403
    assert (await desk.post("/v1/call-list", someone(3), OTHER_GRID)).status_code == 403
    for body, status, code in (
        (someone(3, grid="lj-002-w01"), 422, "grid_elsewhere"),
        (someone(3, phone="12345"), 422, "invalid_request"),
        (someone(3, compound="lj-999"), 422, "compound_unknown"),
    ):
        refused = await desk.post("/v1/call-list", body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await desk.get(f"/v1/call-list/{uuid4()}")).status_code == 404


@pytest.mark.requirement("R4.5")
async def test_the_intake_of_somebody_else_takes_nobody_off_the_list(desk: Desk) -> None:
    await desk.publish_risk({})
    entry = await add(desk, someone(name="司徒南星"))
    path = f"/v1/call-list/{entry['entry_id']}/arrival"
    intake = await desk.register()
    refused = await desk.post(path, {"intake_id": intake["intake_id"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "intake_of_another")
    assert [one["state"] for one in await listed(desk)] == ["away"]
    same_phone = desk.intake()
    same_phone["person"]["phone"] = "199 3333 0001"
    told = await desk.post(path, {"intake_id": (await desk.register(same_phone))["intake_id"]})
    assert (told.status_code, told.json()["state"]) == (200, "arrived")
    other = await add(desk, someone(2, name="司徒北辰"))
    confirmed = await desk.post(
        f"/v1/call-list/{other['entry_id']}/arrival", {"intake_id": intake["intake_id"], "confirmed": True}
    )
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "arrived")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"present_code": "999999"}, "division_unknown", "present_code"),
        ({"registered_origin_code": "420199"}, "division_unknown", "registered_origin_code"),
        ({"name": "欧阳*"}, "invalid_request", "name"),
        ({"name": "欧阳＊＊"}, "invalid_request", "name"),
    ],
)
async def test_who_could_not_be_found_again_is_not_put_on_the_list(
    desk: Desk, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = await desk.post("/v1/call-list", someone(**changes))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, code)
    assert field in answer.text
    assert await listed(desk) == []
