"""Rounds: logged once, judged by the policy of their day, published with their facts."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.sanitation.world import Service, policy

SITE = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯"}


def log(**changes: Any) -> dict[str, Any]:
    return {
        "round_id": str(uuid4()),
        "site_code": "lj-001-s001",
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": "2020-02-24T08:30:00+08:00",
    } | changes


@pytest.fixture
async def site(sanitation: Service) -> Service:
    answer = await sanitation.post("/v1/sites", SITE, "community_clerk")
    assert answer.status_code == 201, answer.text
    return sanitation


@pytest.mark.requirement("R5.1")
async def test_a_round_is_answered_and_published_with_its_facts(site: Service) -> None:
    body = log()

    answer = await site.post("/v1/rounds", body, "sanitation_worker", "compound:lj-001")

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["counts"], told["within_range"], told["warnings"]) == (True, True, [])
    assert (told["day"], told["policy_version"]) == ("2020-02-24", 1)
    (event,) = await site.published("RoundLogged")
    assert event["data"]["round_id"] == body["round_id"]
    assert event["data"]["counts"] is True
    assert (event["subject"], event["sequence"]) == ("lj-001", "2")


@pytest.mark.requirement("R7.3")
async def test_a_round_is_credited_to_the_worker_whose_sign_in_it_is(site: Service) -> None:
    worker = str(uuid4())
    headers = site.client.as_role("sanitation_worker", worker_ref=worker)
    queued = [log(done_at="2020-02-24T04:30:00+08:00") | {"kind": "round"}]
    for path, body in (("/v1/rounds", log()), ("/v1/logs/batch", {"logs": queued})):
        answer = await site.client.http.post(path, headers=headers, json=body)
        assert answer.status_code in {200, 201}, answer.text
    await site.post("/v1/rounds", log(done_at="2020-02-24T00:10:00+08:00"), "sanitation_worker")
    credited = [event["data"]["worker_ref"] for event in await site.published("RoundLogged")]
    assert credited == [worker, worker, None]


async def test_a_repeat_gets_the_first_answer_and_changes_nothing(site: Service) -> None:
    body = log()
    first = await site.post("/v1/rounds", body, "sanitation_worker")
    await site.post("/v1/rounds", log(done_at="2020-02-24T04:30:00+08:00"), "sanitation_worker")

    again = await site.post("/v1/rounds", body, "sanitation_worker")

    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(await site.published("RoundLogged")) == 2


async def test_repeats_at_the_same_moment_are_one_round(site: Service) -> None:
    body = log()

    answers = await asyncio.gather(*(site.post("/v1/rounds", body, "sanitation_worker") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len(await site.published("RoundLogged")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"concentration_mg_l": 600},
        {"done_at": "2020-02-24T08:31:00+08:00"},
        {"agent": "alcohol_75"},
        {"source": "late_entry", "explanation": "手机没电，事后补录"},
        {"photo_id": "0170737c-1d80-7000-8000-00000000000f"},
        {"site_code": "lj-001-s002"},
    ],
)
async def test_an_id_used_for_something_else_is_refused(site: Service, changes: dict[str, Any]) -> None:
    await site.post("/v1/sites", SITE | {"code": "lj-001-s002"}, "community_clerk")
    body = log()
    await site.post("/v1/rounds", body, "sanitation_worker")

    answer = await site.post("/v1/rounds", body | changes, "sanitation_worker")

    assert (answer.status_code, answer.json()["code"]) == (422, "same_id_other_content")
    assert len(await site.published("RoundLogged")) == 1


@pytest.mark.scenario("S1")
async def test_many_logs_at_once_count_as_many_rounds_as_fit_into_the_day(site: Service) -> None:
    site.client.move_to(datetime(2020, 2, 24, 15, 0, tzinfo=UTC))
    bodies = [
        log(done_at=f"2020-02-24T{hour:02}:{minute:02}:00+08:00")
        for hour in range(8, 17)
        for minute in (0, 5)
    ]

    answers = await asyncio.gather(*(site.post("/v1/rounds", body, "sanitation_worker") for body in bodies))

    assert {answer.status_code for answer in answers} == {201}
    assert sum(answer.json()["counts"] for answer in answers) == 3  # 08:00, 12:00, 16:00
    sheet = (await site.get("/v1/day-sheets", "supervisor", compound="lj-001")).json()
    assert (sheet["sites"][0]["logged"], sheet["sites"][0]["counted"]) == (18, 3)


@pytest.mark.scenario("S1")
async def test_a_lift_disinfected_once_is_missed_when_the_day_is_over(site: Service) -> None:
    await site.post("/v1/rounds", log(), "sanitation_worker")
    near = await site.post("/v1/rounds", log(done_at="2020-02-24T08:35:00+08:00"), "sanitation_worker")
    assert near.json()["warnings"] == ["too_close"]
    open_day = (await site.get("/v1/day-sheets", "supervisor", compound="lj-001")).json()
    assert (open_day["sites"][0]["state"], open_day["shortfall"]) == ("open", 1)

    site.client.move_to(datetime(2020, 2, 24, 16, 10, tzinfo=UTC))  # 00:10 of the next day
    late = await site.post("/v1/rounds", log(done_at="2020-02-25T00:05:00+08:00"), "sanitation_worker")

    assert late.json()["day"] == "2020-02-25"
    closed = (await site.get("/v1/day-sheets", "supervisor", compound="lj-001", day="2020-02-24")).json()
    assert (closed["sites"][0]["state"], closed["shortfall"], closed["sites"][0]["logged"]) == (
        "missed",
        1,
        2,
    )
    today = (await site.get("/v1/day-sheets", "supervisor", compound="lj-001")).json()
    assert (today["sites"][0]["state"], today["counted"]) == ("open", 1)


@pytest.mark.scenario("S3")
@pytest.mark.parametrize("concentration", [50, 50_000])
async def test_a_solution_outside_the_range_is_kept_and_warned_of(site: Service, concentration: int) -> None:
    answer = await site.post("/v1/rounds", log(concentration_mg_l=concentration), "sanitation_worker")

    assert (answer.status_code, answer.json()["warnings"]) == (201, ["outside_range"])
    sheet = (await site.get("/v1/day-sheets", "supervisor", compound="lj-001")).json()
    assert sheet["sites"][0]["outside_range"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"concentration_mg_l": None}, 422, "incomplete"),
        ({"agent": None}, 422, "incomplete"),
        ({"concentration_mg_l": 0}, 422, "concentration_impossible"),
        ({"concentration_mg_l": 100_001}, 422, "concentration_impossible"),
        ({"concentration_mg_l": 10**30}, 422, "concentration_impossible"),
        ({"done_at": "2020-02-24T09:02:01+08:00"}, 422, "in_the_future"),
        ({"done_at": "2020-02-23T08:59:00+08:00"}, 422, "explanation_missing"),
        ({"done_at": "2020-02-23T09:01:00+08:00", "source": "late_entry"}, 422, "explanation_missing"),
        (
            {"done_at": "2020-02-21T23:59:00+08:00", "source": "late_entry", "explanation": "忘记登记"},
            422,
            "too_late",
        ),
        ({"done_at": "1970-01-01T00:00:00Z"}, 422, "invalid_request"),
        ({"done_at": "9999-12-31T23:59:59Z"}, 422, "invalid_request"),
        ({"done_at": "2020-02-24T08:30:00"}, 422, "invalid_request"),
        ({"agent": "84 消毒液 张三"}, 422, "invalid_request"),
        ({"remark": "x"}, 422, "invalid_request"),
        ({"site_code": "lj-001-s999"}, 404, "site_unknown"),
    ],
)
async def test_bad_input_gets_a_code_and_leaves_nothing(
    site: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await site.post("/v1/rounds", log(**changes), "sanitation_worker")

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await site.published("RoundLogged") == []


async def test_a_foreign_compound_and_another_role_are_refused(site: Service) -> None:
    foreign = await site.post("/v1/rounds", log(), "sanitation_worker", "compound:lj-002")
    guard = await site.post("/v1/rounds", log(), "guard")
    own_neighbourhood = await site.post("/v1/rounds", log(), "sanitation_worker", "neighbourhood:nb-01")
    sheet = await site.get("/v1/day-sheets", "sanitation_worker", "compound:lj-002", compound="lj-001")
    listed = await site.get("/v1/sites", "property_manager", "compound:lj-002", compound="lj-001")

    assert (foreign.status_code, foreign.json()["code"]) == (403, "out_of_scope")
    assert (guard.status_code, guard.json()["code"]) == (403, "role_not_allowed")
    assert own_neighbourhood.status_code == 201
    assert (sheet.status_code, listed.status_code) == (403, 403)


async def test_before_any_policy_is_known_a_round_has_to_wait(bare: Service) -> None:
    await bare.hear_compounds("lj-001")
    await bare.post("/v1/sites", SITE, "community_clerk")

    answer = await bare.post("/v1/rounds", log(), "sanitation_worker")

    assert (answer.status_code, answer.json()["code"]) == (503, "policy_unknown")
    assert "retry-after" in answer.headers


async def test_a_round_is_judged_by_the_policy_of_its_own_day(site: Service) -> None:
    await site.hear_policy(2, date(2020, 2, 24), policy(spacing=60))
    await site.hear_policy(2, date(2020, 2, 24), policy(spacing=1))  # told twice: the first copy stays
    counts = {}
    for day in ("2020-02-23", "2020-02-24"):
        late = {"source": "late_entry", "explanation": "点位昨日尚未建档"}
        await site.post("/v1/rounds", log(done_at=f"{day}T06:00:00+08:00", **late), "sanitation_worker")
        answer = await site.post(
            "/v1/rounds", log(done_at=f"{day}T07:00:00+08:00", **late), "sanitation_worker"
        )
        counts[day] = answer.json()["counts"], answer.json()["policy_version"]

    assert counts == {"2020-02-23": (False, 1), "2020-02-24": (True, 2)}


async def test_a_site_is_registered_once_and_paged_by_code(sanitation: Service) -> None:
    first = await sanitation.post("/v1/sites", SITE, "community_clerk")
    again = await sanitation.post("/v1/sites", SITE, "community_clerk")
    other = await sanitation.post("/v1/sites", SITE | {"kind": "stairwell"}, "community_clerk")
    closed = await sanitation.post(
        "/v1/sites", SITE | {"code": "lj-001-s002", "active": False}, "community_clerk"
    )
    nowhere = await sanitation.post("/v1/sites", SITE | {"compound": "lj-077"}, "community_clerk")
    round_at_closed = await sanitation.post("/v1/rounds", log(site_code="lj-001-s002"), "sanitation_worker")
    page = await sanitation.get(
        "/v1/sites", "property_manager", "compound:lj-001", compound="lj-001", limit=1
    )
    rest = await sanitation.get(
        "/v1/sites", "property_manager", "compound:lj-001", compound="lj-001", after=page.json()["next"]
    )

    assert [answer.status_code for answer in (first, again, closed)] == [201, 200, 201]
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "compound_unknown")
    assert (round_at_closed.status_code, round_at_closed.json()["code"]) == (409, "site_not_in_use")
    assert [item["code"] for item in page.json()["items"]] == ["lj-001-s001"]
    assert [item["code"] for item in rest.json()["items"]] == ["lj-001-s002"]
    assert rest.json()["next"] is None
    told = [event["data"] for event in await sanitation.published("SiteRegistered")]
    assert [(site["kind"], site["active"]) for site in told] == [("lift", True), ("lift", False)]


async def test_the_same_site_from_many_at_once_is_one(sanitation: Service) -> None:
    answers = await asyncio.gather(*(sanitation.post("/v1/sites", SITE, "community_clerk") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len(await sanitation.published("SiteRegistered")) == 1
