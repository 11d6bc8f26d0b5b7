"""The desk: worklists derived from state, calls and visits with their outcomes, who is to make them, and the grid."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.testing.figures import figure
from tests.integration.observation.conftest import CLERK, Desk, returnee

FEB25 = date(2020, 2, 25)
FEB26 = date(2020, 2, 26)


async def on(desk: Desk, of: str, who: tuple[str, str] = CLERK, **query: Any) -> list[str]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await desk.get(f"/v1/worklists/{of}?{text}", who)
    assert answer.status_code == 200, answer.text
    return [item["case_id"] for item in answer.json()["items"]]


def attempt(outcome: str, at: str, kind: str = "call", **more: Any) -> dict[str, Any]:
    return {"attempt_id": str(uuid4()), "kind": kind, "outcome": outcome, "at": at, **more}


async def tried(desk: Desk, case_id: UUID, body: dict[str, Any]) -> Any:
    return await desk.post(f"/v1/cases/{case_id}/attempts", body)


@pytest.mark.scenario("O4")
async def test_whoever_missed_is_on_the_list_until_something_is_heard(desk: Desk) -> None:
    silent, heard = await desk.open_case(), await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(heard)
    assert await on(desk, "missed") == []
    desk.move(FEB25, "10:30")
    await desk.tick()
    assert await on(desk, "missed") == [str(silent)]
    assert await on(desk, "streak") == []
    desk.move(FEB25, "21:30")
    await desk.tick()
    assert await on(desk, "missed") == [str(silent), str(heard)]
    assert await on(desk, "streak") == [str(silent)]  # two by policy
    assert await on(desk, "streak", times=3) == []
    counts = (await desk.get("/v1/worklists")).json()
    assert (counts["missed"], counts["streak"], counts["under_observation"]) == (2, 1, 2)
    line = (await desk.get("/v1/worklists/streak")).json()["items"][0]
    figures = (await desk.get(f"/v1/cases/{silent}")).json()["figures"]
    assert (line["streak"], line["missed_since"]) == (figures["streak"], "2020-02-25T02:00:00Z")
    await desk.declare(silent)  # late for the evening: it counts
    assert await on(desk, "missed") == [str(heard)]
    assert (await desk.get(f"/v1/cases/{silent}")).json()["figures"]["streak"] == 0


@pytest.mark.scenario("O3", "O4")
async def test_lists_and_ladder_count_from_the_day_0_in_force(desk: Desk) -> None:
    case_id = await desk.open_case()
    for day, clock in ((FEB25, "10:00"), (FEB25, "21:00"), (FEB26, "10:00")):
        desk.move(day, clock)
        await desk.tick()

    async def correct(day: date) -> None:
        body = {"decision_id": str(uuid4()), "kind": "correct_anchor", "reason": "出示了车票"}
        terms = {"anchor_date": str(day), "anchor_basis": "arrival_with_proof"}
        answer = await desk.post(f"/v1/cases/{case_id}/decisions", body | terms, ("hq_officer", "town"))
        assert answer.status_code == 201, answer.text

    async def streaks() -> tuple[int, int]:
        (line,) = (await desk.get("/v1/worklists/missed")).json()["items"]
        case = (await desk.get(f"/v1/cases/{case_id}")).json()
        return line["streak"], case["figures"]["streak"]

    async def asked_for() -> set[str]:
        return {step["day"] for step in (await desk.get("/v1/escalations")).json()["items"]}

    assert await streaks() == (3, 3)
    assert await asked_for() == {"2020-02-25", "2020-02-26"}
    await correct(FEB25)  # the 25th is day 0: nothing was due on it
    assert await streaks() == (1, 1)
    assert await on(desk, "streak") == []
    desk.move(FEB26, "15:00")
    await desk.tick()
    assert await asked_for() == {"2020-02-26"}
    await correct(date(2020, 2, 23))
    assert await streaks() == (3, 3)
    assert len(await desk.told("DeclarationMissed")) == 3  # once each


async def test_each_state_has_its_list_and_the_counts_add_up(desk: Desk) -> None:
    ill, ending, ended = await desk.open_case(), await desk.open_case(), await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(ill, 38.1)
    assert await on(desk, "fever") == [str(ill)]
    desk.move(date(2020, 3, 8), "09:00")
    await desk.tick()
    assert await on(desk, "ends_tomorrow") == [str(ending), str(ended)]
    desk.move(date(2020, 3, 10), "09:00")
    await desk.tick()
    assert await on(desk, "awaiting_closure") == [str(ending), str(ended)]
    assert (await desk.decide(ended, "close")).status_code == 201
    assert await on(desk, "awaiting_closure") == [str(ending)]
    counts = (await desk.get("/v1/worklists")).json()
    in_force = counts["under_observation"] + counts["fever"] + counts["awaiting_closure"]
    assert (counts["in_force"], in_force) == (2, 2)
    assert await on(desk, "all") == [str(ill), str(ending)]


async def test_a_list_shows_only_what_the_caller_reaches_page_by_page(desk: Desk) -> None:
    mine = [await desk.open_case() for _ in range(3)]
    other = await desk.open_case(returnee(compound="lj-009", grid="lj-009-w01"))
    desk.move(FEB25, "10:30")
    await desk.tick()
    assert await on(desk, "missed", ("grid_worker", "grid:lj-009-w01")) == [str(other)]
    assert await on(desk, "missed", ("hq_officer", "town"), compound="lj-001") == [str(one) for one in mine]
    page = (await desk.get("/v1/worklists/missed?limit=2")).json()
    rest = (await desk.get(f"/v1/worklists/missed?limit=2&after={page['next']}")).json()
    assert [one["case_id"] for one in page["items"] + rest["items"]] == [str(one) for one in mine]
    assert rest["next"] is None
    assert (await desk.get("/v1/worklists/missed", ("guard", "town"))).status_code == 403


async def test_a_contact_on_a_list_is_masked_and_its_reading_is_recorded(desk: Desk) -> None:
    event = returnee()
    await desk.open_case(event)
    await desk.card(event, name="陈某某", phone="13800001234", room="9-1-301")
    line = (await desk.get("/v1/worklists/all")).json()["items"][0]
    assert line["contact"] == {"name": "陈*", "phone": "138****1234", "room": "9-1-301"}
    read = await desk.rows("select action, person_ref from audit_read")
    assert read == [{"action": "observation.worklist.all", "person_ref": event.person_ref}]


async def test_calls_in_vain_make_somebody_unreachable_until_somebody_is_reached(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "12:00")
    for clock in ("11:00", "11:30"):
        answer = await tried(desk, case_id, attempt("unavailable", f"2020-02-25T{clock}:00+08:00"))
        assert answer.status_code == 201
    assert await on(desk, "unreachable", times=2) == [str(case_id)]
    not_made = attempt("not_performed", "2020-02-25T11:40:00+08:00", note="下大雨")
    assert (await tried(desk, case_id, not_made)).status_code == 201
    line = (await desk.get("/v1/worklists/unreachable")).json()["items"][0]
    assert (line["unavailable"], line["last_attempt"]["outcome"]) == (2, "unavailable")
    reached = attempt("uncooperative", "2020-02-25T11:50:00+08:00", "visit")
    assert (await tried(desk, case_id, reached)).status_code == 201
    assert await on(desk, "unreachable") == []
    history = (await desk.get(f"/v1/cases/{case_id}/follow-ups")).json()["attempts"]
    assert [one["outcome"] for one in history] == [
        "unavailable",
        "unavailable",
        "not_performed",
        "uncooperative",
    ]
    assert history[2]["note"] == "下大雨"


@pytest.mark.scenario("O6")
async def test_symptoms_heard_on_the_phone_act_at_once(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "12:00")
    at = "2020-02-25T11:50:00+08:00"
    answer = await tried(desk, case_id, attempt("symptomatic", at))
    assert (answer.status_code, answer.json()["code"]) == (422, "declaration_needed")
    healthy = {"declaration_id": str(uuid4()), "temperature_c": 36.4}
    answer = await tried(desk, case_id, attempt("symptomatic", at, declaration=healthy))
    assert answer.json()["code"] == "declaration_contradicts"
    answer = await tried(desk, case_id, attempt("unavailable", at, declaration=healthy))
    assert answer.json()["code"] == "declaration_contradicts"
    for stamp, code in [
        ("2020-02-25T12:06:00+08:00", "attempt_in_future"),
        ("2020-02-24T08:50:00+08:00", "attempt_before_opening"),
        ("1970-01-01T00:00:00Z", "invalid_request"),
    ]:
        answer = await tried(desk, case_id, attempt("unavailable", stamp))
        assert (answer.json()["code"], answer.json()["field"]) == (code, "at")
        assert answer.json()["remedy"]
    ahead = attempt("unavailable", "2020-02-25T12:01:30+08:00")  # a phone's clock may be, by policy
    assert [(await tried(desk, case_id, ahead)).status_code for _ in range(2)] == [201, 200]
    kept = (await desk.get(f"/v1/cases/{case_id}/follow-ups")).json()["attempts"]
    assert [one["at"] for one in kept] == ["2020-02-25T04:00:00Z"]
    assert await desk.rows("select 1 from declaration") == []
    ill = {"declaration_id": str(uuid4()), "temperature_c": 38.4, "symptoms": ["cough"]}
    body = attempt("symptomatic", at, declaration=ill)
    first, again = await tried(desk, case_id, body), await tried(desk, case_id, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await tried(desk, case_id, {**body, "note": "改"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert (await desk.get(f"/v1/cases/{case_id}")).json()["state"] == "medical"
    assert [fact["by"] for fact in await desk.told("DeclarationSubmitted")] == ["phone"]


async def test_a_visit_is_assigned_reassigned_and_done_by_being_made(desk: Desk) -> None:
    case_id = await desk.open_case()
    path = f"/v1/cases/{case_id}/follow-ups"
    one = {"follow_up_id": str(uuid4()), "kind": "visit", "assigned_to": "worker-1"}
    two = {"follow_up_id": str(uuid4()), "kind": "visit", "assigned_to": "worker-2"}
    statuses = [(await desk.post(path, body)).status_code for body in (one, one, two)]
    assert statuses == [201, 200, 201]
    answer = await desk.post(path, {**one, "assigned_to": "worker-3"})
    assert (answer.status_code, answer.json()["code"]) == (422, "same_id_other_content")
    assert await on(desk, "assigned", assigned_to="worker-1") == []
    assert await on(desk, "assigned", assigned_to="worker-2") == [str(case_id)]
    desk.move(FEB25, "12:00")
    at = "2020-02-25T11:50:00+08:00"
    await tried(desk, case_id, attempt("not_performed", at, "visit"))
    assert await on(desk, "assigned") == [str(case_id)]
    await tried(desk, case_id, attempt("no_symptoms", at, "visit"))
    assert await on(desk, "assigned") == []
    history = (await desk.get(path)).json()["follow_ups"]
    assert [(one["assigned_to"], one["ended_as"]) for one in history] == [
        ("worker-1", "reassigned"),
        ("worker-2", "done"),
    ]


@pytest.mark.scenario("O12")
async def test_the_grid_is_blank_outside_the_period_and_tells_whose_hand_it_was(desk: Desk) -> None:
    case_id = await desk.open_case()
    me = {"Authorization": f"Link {(await desk.session(await desk.link(case_id))).json()['session']}"}
    desk.move(FEB25, "07:00")
    mine = {"declaration_id": str(uuid4()), "temperature_c": 36.5}
    await desk.client.http.post("/v1/me/declarations", json=mine, headers=me)
    await desk.declare(case_id)
    desk.move(FEB26, "09:00")
    await desk.declare(case_id, 37.9)
    page = (await desk.get("/v1/case-days?from=2020-02-20&to=2020-02-27")).json()["items"]
    told = [(one["day"][5:], one["window"], one["state"], one["by"]) for one in page[0]["windows"]]
    assert told == [
        ("02-25", "morning", "answered", ["phone", "self"]),
        ("02-25", "evening", "missed", []),
        ("02-26", "morning", "answered", ["phone"]),
    ]
    assert page[0]["windows"][2]["alarming"] is True
    whole = (await desk.get(f"/v1/cases/{case_id}")).json()["windows"]
    due = [(one["day"][5:], one["window"], one["state"]) for one in whole if one["state"] != "not_due"]
    assert due == [line[:3] for line in told]
    for query in ("from=2020-02-20&to=2020-02-19", "from=2020-02-20&to=2020-05-19"):
        answer = await desk.get(f"/v1/case-days?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "range_too_long")


async def test_how_long_somebody_who_missed_waited_for_each_first_step_is_measured(desk: Desk) -> None:
    def waited(step: str) -> tuple[float, float]:
        name = "observation_followup_delay_seconds"
        return figure(f"{name}_count", step=step) or 0, figure(f"{name}_sum", step=step) or 0

    before = {step: waited(step) for step in ("assign", "visit", "call")}
    case_id = await desk.open_case()
    desk.move(FEB25, "10:00")
    await desk.tick()
    desk.move(FEB25, "11:00")
    for _ in range(2):  # the second one relieves the first and is nobody's first step
        task = {"follow_up_id": str(uuid4()), "kind": "visit", "assigned_to": "worker-1"}
        await desk.post(f"/v1/cases/{case_id}/follow-ups", task)
    desk.move(FEB25, "12:00")
    made = attempt("unavailable", "2020-02-25T11:50:00+08:00", "visit")
    for body in (made, made, attempt("no_symptoms", "2020-02-25T11:55:00+08:00")):
        await tried(desk, case_id, body)
    after = {
        step: tuple(now - then for now, then in zip(waited(step), before[step], strict=True))
        for step in before
    }
    assert after == {"assign": (1, 3_600), "visit": (1, 7_200), "call": (0, 0)}
