"""Declarations: kept once, sealed, and acting at once where they must."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.observation.metrics import DECLARATIONS
from tests.integration.observation.conftest import CLERK, FEB24, LAST, OFFICER, Desk, days_from, returnee

FEB25 = date(2020, 2, 25)


@pytest.mark.requirement("R2.7")
async def test_a_declaration_is_kept_for_its_window_and_told(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    counter = DECLARATIONS.labels("morning", "phone", "in_time")
    before = counter._value.get()
    answer = await desk.declare(case_id)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["day"], body["window"], body["standing"], body["alarming"], body["instruction"]) == (
        "2020-02-25",
        "morning",
        "in_time",
        False,
        None,
    )
    told = (await desk.told("DeclarationSubmitted"))[0]
    assert (told["version"], told["by"], told["temperature_c"], told["late"]) == (2, "phone", "36.5", False)
    assert counter._value.get() == before + 1


async def test_the_same_declaration_sent_again_gets_the_first_answer(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    body = {"declaration_id": str(uuid4()), "via": "visit", "temperature_c": 36.5, "symptoms": []}
    path = f"/v1/cases/{case_id}/declarations"
    first = await desk.post(path, body)
    desk.move(FEB25, "12:00")
    again = await desk.post(path, {**body, "temperature_c": "36.50"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = await desk.post(path, {**body, "temperature_c": 36.6})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert len(await desk.told("DeclarationSubmitted")) == 1


async def test_an_id_of_another_case_is_refused_and_tells_nothing_of_it(desk: Desk) -> None:
    one, two = await desk.open_case(), await desk.open_case()
    desk.move(FEB25, "07:00")
    body = {"declaration_id": str(uuid4()), "via": "visit", "temperature_c": 38.5}
    assert (await desk.post(f"/v1/cases/{one}/declarations", body)).status_code == 201
    answer = await desk.post(f"/v1/cases/{two}/declarations", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "same_id_other_content")
    assert str(one) not in answer.text


async def test_the_same_declaration_sent_in_parallel_is_one_row_and_one_event(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    body = {"declaration_id": str(uuid4()), "via": "phone", "temperature_c": 37.9}
    answers = await asyncio.gather(*(desk.post(f"/v1/cases/{case_id}/declarations", body) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len(await desk.rows("select declaration_id from declaration")) == 1
    assert [fact["event"] for fact in await desk.told()] == [
        "ObservationStarted",
        "DeclarationSubmitted",
        "SymptomReported",
        "ObservationInterrupted",
    ]


async def test_many_declarations_of_one_case_in_parallel_leave_dense_versions(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    answers = await asyncio.gather(*(desk.declare(case_id, 36.0 + n / 10) for n in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert [fact["version"] for fact in await desk.told()] == list(range(1, 14))


@pytest.mark.scenario("O6")
@pytest.mark.scenario("O7")
async def test_a_fever_opens_the_fever_path_in_the_same_step_and_both_values_are_kept(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 36.5)
    answer = await desk.declare(case_id, 37.5)
    assert answer.json()["alarming"] is True
    assert "发热门诊" in answer.json()["instruction"]
    told = await desk.told()
    assert [(fact["event"], fact["version"]) for fact in told] == [
        ("ObservationStarted", 1),
        ("DeclarationSubmitted", 2),
        ("DeclarationSubmitted", 3),
        ("SymptomReported", 4),
        ("ObservationInterrupted", 5),
    ]
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["state"], case["measure"]) == ("medical", "medical")
    morning = next(cell for cell in case["windows"] if cell["day"] == "2020-02-25")
    assert (morning["state"], morning["declarations"], morning["alarming"]) == ("answered", 2, True)


@pytest.mark.scenario("O4")
async def test_late_declarations_are_kept_and_marked(desk: Desk) -> None:
    case_id = await desk.open_case()
    for day, clock, expected in [
        (FEB25, "12:00", ("2020-02-25", "morning", "late")),
        (FEB25, "23:30", ("2020-02-25", "evening", "late")),
        (date(2020, 2, 27), "05:59", ("2020-02-26", "evening", "late")),
    ]:
        desk.move(day, clock)
        body = (await desk.declare(case_id)).json()
        assert (body["day"], body["window"], body["standing"]) == expected
    # nobody ticked: each command told what had fallen due before it
    missed = await desk.told("DeclarationMissed")
    assert [(fact["day"], fact["window"], fact["streak"]) for fact in missed] == [
        ("2020-02-25", "morning", 1),
        ("2020-02-25", "evening", 1),
        ("2020-02-26", "morning", 1),
        ("2020-02-26", "evening", 2),
    ]
    figures = (await desk.get(f"/v1/cases/{case_id}")).json()["figures"]
    assert figures == {"due": 4, "answered": 3, "late": 3, "missed": 1, "open": 0, "streak": 0}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"temperature_c": 365}, "temperature_implausible"),
        ({"temperature_c": 98.6}, "temperature_implausible"),
        ({"temperature_c": 36.555}, "invalid_request"),
        ({}, "invalid_request"),
        ({"temperature_c": 36.5, "cannot_measure_reason": "other"}, "invalid_request"),
        ({"temperature_c": 36.5, "symptoms": ["头疼"]}, "invalid_request"),
        ({"temperature_c": 36.5, "note": "x"}, "invalid_request"),
        ({"temperature_c": 36.5, "at": "2020-02-25T09:00:00+08:00"}, "declared_in_future"),
        ({"temperature_c": 36.5, "at": "2020-02-24T08:00:00+08:00"}, "declared_before_opening"),
        ({"temperature_c": 36.5, "at": "2020-02-25T07:00:00"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    desk: Desk, body: dict[str, Any], code: str
) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    answer = await desk.post(
        f"/v1/cases/{case_id}/declarations", {"declaration_id": str(uuid4()), "via": "phone", **body}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"].startswith(("at", "note", "symptoms", "temperature_c"))
    if code == "temperature_implausible":
        assert answer.json()["plausible_to_c"] == "43.0"
    assert await desk.rows("select declaration_id from declaration") == []
    assert len(await desk.told()) == 1


async def test_nothing_is_declared_for_a_case_that_is_over_or_unknown(desk: Desk) -> None:
    answer = await desk.declare(uuid4())
    assert (answer.status_code, answer.json()["code"]) == (404, "case_unknown")
    case_id = await desk.open_case()
    desk.move(date(2020, 3, 10), "09:00")
    assert (await desk.decide(case_id, "close")).status_code == 201
    answer = await desk.declare(case_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "case_ended")


@pytest.mark.requirement("R1.2")
async def test_on_a_day_without_rules_nothing_is_guessed(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(date(2019, 12, 31), "09:00")
    for answer in (await desk.declare(case_id), await desk.get(f"/v1/cases/{case_id}")):
        assert (answer.status_code, answer.json()["code"]) == (503, "policy_unknown")
        assert answer.headers["Retry-After"] == "5"


@pytest.mark.scenario("O6")
async def test_resuming_moves_the_last_day_and_is_answered_once(desk: Desk) -> None:
    case_id = await desk.open_case()
    for day in days_from(FEB25, date(2020, 3, 7)):
        for clock in ("07:00", "18:00"):
            desk.move(day, clock)
            await desk.declare(case_id)
    desk.move(date(2020, 3, 8), "07:00")
    await desk.declare(case_id, 37.8)
    desk.move(LAST, "23:59")
    await desk.tick()
    answer = await desk.decide(case_id, "close")
    assert (answer.status_code, answer.json()["code"]) == (409, "in_medical_hands")
    desk.move(date(2020, 3, 11), "09:00")
    await desk.tick()
    assert await desk.told("ObservationCompleted") == []
    assert await desk.told("DeclarationMissed") == []

    body = {"decision_id": str(uuid4()), "kind": "resume", "reason": "门诊排除"}
    path = f"/v1/cases/{case_id}/decisions"
    answers = await asyncio.gather(*(desk.post(path, body, OFFICER) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["last_day"] == "2020-03-12"
    other = await desk.post(path, {**body, "reason": "另一理由"}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    resumed = await desk.told("ObservationResumed")
    assert [(fact["last_day"], fact["measure"]) for fact in resumed] == [
        ("2020-03-12", "home_self_monitoring")
    ]

    for day in days_from(date(2020, 3, 11), date(2020, 3, 12)):
        desk.move(day, "18:00")
        await desk.declare(case_id)
    desk.move(date(2020, 3, 13), "00:00")
    await desk.tick()
    completed = await desk.told("ObservationCompleted")
    assert [(fact["last_day"], fact["pass_from"]) for fact in completed] == [("2020-03-12", "2020-03-13")]


@pytest.mark.requirement("R2.7")
async def test_release_before_the_last_day_is_refused(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(LAST, "23:59")
    answer = await desk.decide(case_id, "close")
    assert (answer.status_code, answer.json()["code"]) == (409, "release_too_early")
    assert answer.json()["first_possible"] == "2020-03-10"


async def test_a_decision_needs_a_reason_and_an_officer(desk: Desk) -> None:
    case_id = await desk.open_case()
    body = {"decision_id": str(uuid4()), "kind": "resume", "reason": " "}
    path = f"/v1/cases/{case_id}/decisions"
    assert (await desk.post(path, body, OFFICER)).json()["code"] == "invalid_request"
    answer = await desk.post(path, {**body, "reason": "理由"}, ("grid_worker", "grid:lj-001-w01"))
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_scopes_hold_for_every_route_of_a_case(desk: Desk) -> None:
    case_id = await desk.open_case()
    elsewhere = await desk.open_case(returnee(compound="lj-002", grid="lj-002-w01"))
    desk.move(FEB25, "07:00")
    declaration: dict[str, Any] = {"declaration_id": str(uuid4()), "via": "phone", "temperature_c": 36.5}
    decision: dict[str, Any] = {"decision_id": str(uuid4()), "kind": "resume", "reason": "理由"}
    for path, body in [
        (f"/v1/cases/{elsewhere}/declarations", declaration),
        (f"/v1/cases/{elsewhere}/decisions", decision),
        (f"/v1/cases/{elsewhere}/links", {"link_id": str(uuid4())}),
    ]:
        answer = await desk.post(path, body, CLERK)
        assert (answer.status_code, answer.json()["code"]) == (403, "out_of_scope")
    assert (await desk.get(f"/v1/cases/{elsewhere}")).status_code == 404
    for who in [
        ("grid_worker", "grid:lj-001-w01"),
        ("community_clerk", "neighbourhood:nb-01"),
        ("community_clerk", "compound:lj-001"),
        ("hq_officer", "town"),
    ]:
        assert (await desk.get(f"/v1/cases/{case_id}", who)).status_code == 200
        found = {line["case_id"] for line in (await desk.get("/v1/cases", who)).json()["items"]}
        assert str(case_id) in found
        assert (str(elsewhere) in found) is (who == OFFICER)
    assert (await desk.get(f"/v1/cases/{case_id}", ("grid_worker", "grid:lj-001-w02"))).status_code == 404


async def test_the_list_is_paged_and_filtered_and_names_nobody(desk: Desk) -> None:
    made = [str(await desk.open_case()) for _ in range(5)]
    desk.move(FEB24, "20:00")
    await desk.declare(await desk.open_case(), 38.0)
    seen: list[str] = []
    path = "/v1/cases?compound=lj-001&state=under_observation&limit=2"
    after = ""
    while True:
        page = (await desk.get(path + after, OFFICER)).json()
        seen += [line["case_id"] for line in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == made
    assert set(page["items"][0]) == {
        "case_id",
        "person_ref",
        "compound",
        "grid",
        "category",
        "measure",
        "state",
        "anchor_date",
        "last_day",
        "opened_at",
    }
    medical = (await desk.get("/v1/cases?state=medical", OFFICER)).json()["items"]
    assert len(medical) == 1
    assert medical[0]["measure"] == "medical"
