"""Today's work over HTTP: its order, its parts, what a window came to, and whom one calls."""

from datetime import date
from uuid import uuid4

import pytest

from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee

FEB25, FEB26 = date(2020, 2, 25), date(2020, 2, 26)


@pytest.mark.scenario("O4")
async def test_fevers_come_first_and_then_what_waits_longest_page_by_page(desk: Desk) -> None:
    later, longest, ill, well = [await desk.open_case() for _ in range(4)]
    desk.move(FEB25, "07:00")
    for one in (later, ill, well):
        await desk.declare(one)
    desk.move(FEB25, "21:30")
    await desk.tick()
    for one in (ill, well):
        await desk.declare(one, 36.6 if one == well else 38.2)  # late for the evening: it counts
    page = (await desk.get("/v1/worklists/today?limit=2")).json()
    rest = (await desk.get(f"/v1/worklists/today?limit=2&after={page['next']}")).json()
    lines = page["items"] + rest["items"]
    assert [one["case_id"] for one in lines] == [str(ill), str(longest), str(later)]
    assert [one["since"] for one in lines] == [
        "2020-02-25T13:30:00Z",
        "2020-02-25T02:00:00Z",
        "2020-02-25T13:00:00Z",
    ]
    counts = (await desk.get("/v1/worklists")).json()
    buckets = [counts[name] for name in ("missed_1", "missed_2", "missed_3", "missed_more")]
    assert (counts["today"], counts["missed"], buckets) == (3, sum(buckets), [1, 1, 0, 0])
    exactly_one = (await desk.get("/v1/worklists/missed?times=1&at_most=1")).json()["items"]
    assert [one["case_id"] for one in exactly_one] == [str(later)]
    elsewhere = (await desk.get("/v1/worklists/all?measure=home_quarantine")).json()["items"]
    assert elsewhere == []
    nothing = (await desk.get("/v1/worklists?measure=home_quarantine")).json()
    assert (nothing["in_force"], nothing["today"]) == (0, 0)


@pytest.mark.scenario("O4", "O12")
async def test_a_window_that_closed_came_to_one_of_five_outcomes(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 36.5)
    desk.move(FEB25, "21:30")
    await desk.tick()

    async def outcomes() -> list[str | None]:
        query = f"from={FEB25}&to={FEB26}"
        (line,) = (await desk.get(f"/v1/case-days?{query}")).json()["items"]
        return [window["outcome"] for window in line["windows"]]

    async def tried(outcome: str, at: str) -> None:
        body = {"attempt_id": str(uuid4()), "kind": "call", "outcome": outcome, "at": f"{at}+08:00"}
        assert (await desk.post(f"/v1/cases/{case_id}/attempts", body)).status_code == 201

    assert await outcomes() == ["no_symptoms", "not_performed", None, None]
    await tried("unavailable", f"{FEB25}T21:20:00")
    await tried("not_performed", f"{FEB25}T21:25:00")
    assert await outcomes() == ["no_symptoms", "unavailable", None, None]
    await tried("uncooperative", f"{FEB25}T21:28:00")
    assert await outcomes() == ["no_symptoms", "uncooperative", None, None]
    desk.move(FEB26, "07:00")
    await desk.declare(case_id, 38.0)
    assert await outcomes() == ["no_symptoms", "uncooperative", "symptomatic"]


@pytest.mark.scenario("H3")
async def test_who_looks_after_somebody_reads_whom_to_call_and_it_is_recorded(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    path = f"/v1/cases/{case_id}/contact-readings"
    assert (await desk.post(path, {}, ("grid_worker", "grid:lj-009-w01"))).status_code == 403
    assert (await desk.post(path, {}, OFFICER)).status_code == 403
    answer = await desk.post(path, {}, CLERK)
    assert answer.json() == {"name": "陈某某", "phone": "13800001234", "room": "9-1-301"}
    read = await desk.rows("select action, person_ref from audit_read")
    assert read == [{"action": "observation.read_contact", "person_ref": event.person_ref}]


@pytest.mark.requirement("R2.7")
async def test_who_else_of_the_dwelling_is_under_observation(desk: Desk) -> None:
    event = returnee()
    mine, mate = await desk.open_case(event), returnee()
    theirs = await desk.open_case(mate.replace(dwelling_id=event.dwelling_id))
    await desk.open_case()
    await desk.card(mate, name="陈某某", phone="13800001234", room="9-1-301")
    path = f"/v1/cases/{mine}/housemates"
    (found,) = (await desk.get(path)).json()["housemates"]
    assert (found["case_id"], found["contact"]["name"]) == (str(theirs), "陈*")
    assert (await desk.get(path, ("grid_worker", "grid:lj-009-w01"))).status_code == 404
    assert (await desk.get(path, OFFICER)).status_code == 403
    read = await desk.rows("select action, person_ref from audit_read")
    assert read == [{"action": "observation.housemates", "person_ref": mate.person_ref}]
