"""Sites over time: corrected, closed, printed; and days that are over keep what held then (S2)."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.sanitation.world import Service, policy

SITE = {"code": "lj-001-s001", "compound": "lj-001", "kind": "lift", "name": "3幢电梯 <1>"}
CORRECT = SITE | {"since": "2020-02-24", "active": True, "revision": 1}
del CORRECT["code"]


async def sheet(service: Service, day: str | None = None, code: str = "lj-001-s001") -> tuple[str, int]:
    query = {"compound": "lj-001"} | ({"day": day} if day else {})
    answer = await service.get("/v1/day-sheets", "supervisor", **query)
    line = next(one for one in answer.json()["sites"] if one["site_code"] == code)
    return line["state"], line["required"]


def move(service: Service, day: int, hour: int, minute: int = 0) -> None:
    """Shanghai time of February 2020."""
    service.client.move_to(datetime.fromisoformat(f"2020-02-{day:02}T{hour:02}:{minute:02}+08:00"))


@pytest.mark.scenario("S2")
async def test_a_site_added_at_six_owes_one_round_and_a_closed_one_none_until_it_is_reopened(
    sanitation: Service,
) -> None:
    move(sanitation, 24, 18)
    await sanitation.post("/v1/sites", SITE, "community_clerk")
    assert await sheet(sanitation) == ("open", 1)
    assert await sheet(sanitation, "2020-02-23") == ("exempt", 0)
    assert await sheet(sanitation, "2020-02-25") == ("open", 2)

    move(sanitation, 25, 10)
    body = {"closure_id": str(uuid4()), "from_day": "2020-02-25", "reason": "repair", "note": "曳引机更换"}
    path = "/v1/sites/lj-001-s001/closures"
    manager = ("property_manager", "compound:lj-001")
    backdated = await sanitation.post(path, body | {"from_day": "2020-02-24"}, *manager)
    foreign = await sanitation.post(path, body, "property_manager", "compound:lj-002")
    closed = await sanitation.post(path, body, *manager)
    again = await sanitation.post(path, body, *manager)
    other = await sanitation.post(path, body | {"note": "另一原因说明"}, *manager)
    assert (backdated.status_code, backdated.json()["code"]) == (422, "closure_days")
    assert foreign.status_code == 403
    assert (closed.status_code, again.status_code, again.json()) == (201, 200, closed.json())
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert await sheet(sanitation) == ("exempt", 0)
    assert await sheet(sanitation, "2020-02-24") == ("missed", 1)
    listed = (await sanitation.get("/v1/site-closures", "supervisor", compound="lj-001")).json()["items"]
    assert [(one["site_code"], one["note"], one["last_day"]) for one in listed] == [
        ("lj-001-s001", "曳引机更换", None)
    ]

    move(sanitation, 27, 20)
    end = f"{path}/{body['closure_id']}/end"
    early = await sanitation.put(end, {"last_day": "2020-02-25"}, *manager)
    assert (early.status_code, early.json()["code"]) == (422, "closure_days")
    reopened = await sanitation.put(end, {"last_day": "2020-02-26"}, *manager)
    assert (reopened.status_code, reopened.json()["last_day"]) == (200, "2020-02-26")
    assert (await sanitation.put(end, {"last_day": "2020-02-26"}, *manager)).json() == reopened.json()
    assert [await sheet(sanitation, f"2020-02-{day}") for day in (25, 26, 27)] == [
        ("exempt", 0),
        ("exempt", 0),
        ("open", 2),
    ]
    told = [event["data"]["last_day"] for event in await sanitation.published("SiteExempted")]
    assert told == [None, "2020-02-26"]
    kept = await sanitation.context.database.pool.fetchval("select note_sealed from site_closure")
    assert "曳引机".encode() not in kept


@pytest.mark.requirement("R5.1")
async def test_a_correction_holds_from_today_on_and_a_stale_one_is_refused(sanitation: Service) -> None:
    await sanitation.post("/v1/sites", SITE, "community_clerk")
    move(sanitation, 25, 9)
    changed = CORRECT | {"rounds_per_day": 4, "name": "3幢2单元电梯"}

    answer = await sanitation.put("/v1/sites/lj-001-s001", changed, "community_clerk")
    again = await sanitation.put("/v1/sites/lj-001-s001", changed, "community_clerk")
    stale = await sanitation.put("/v1/sites/lj-001-s001", CORRECT, "community_clerk")
    moved = await sanitation.put(
        "/v1/sites/lj-001-s001", changed | {"compound": "lj-002", "revision": 2}, "community_clerk"
    )
    unknown = await sanitation.put("/v1/sites/lj-001-s009", changed, "community_clerk")

    assert (answer.status_code, answer.json()["revision"]) == (200, 2)
    assert again.json() == answer.json()
    assert (stale.status_code, stale.json()["code"], stale.json()["revision"]) == (409, "site_changed", 2)
    assert (moved.status_code, unknown.status_code) == (422, 404)
    assert [await sheet(sanitation, f"2020-02-{day}") for day in (24, 25)] == [("missed", 2), ("open", 4)]
    off = changed | {"active": False, "revision": 2}
    assert (await sanitation.put("/v1/sites/lj-001-s001", off, "community_clerk")).status_code == 200
    round_ = {
        "round_id": str(uuid4()),
        "site_code": "lj-001-s001",
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": "2020-02-24T10:00:00+08:00",
    }
    yesterday = await sanitation.post("/v1/rounds", round_, "sanitation_worker")
    today = round_ | {"round_id": str(uuid4()), "done_at": "2020-02-25T08:00:00+08:00"}
    refused = await sanitation.post("/v1/rounds", today, "sanitation_worker")
    assert (yesterday.status_code, yesterday.json()["counts"]) == (201, True)
    assert (refused.status_code, refused.json()["code"]) == (409, "site_not_in_use")
    assert await sheet(sanitation, "2020-02-24") == ("missed", 2)  # one of two done
    assert len(await sanitation.published("SiteRegistered")) == 3


@pytest.mark.requirement("R5.1", "R5.5")
async def test_a_late_entry_says_why_and_the_book_shows_both_clocks(sanitation: Service) -> None:
    await sanitation.post("/v1/sites", SITE, "community_clerk")
    ahead: dict[str, Any] = {
        "round_id": str(uuid4()),
        "site_code": "lj-001-s001",
        "agent": "chlorine_84",
        "concentration_mg_l": 500,
        "done_at": "2020-02-24T11:30:00+08:00",
        "sent_at": "2020-02-24T12:00:00+08:00",
    }
    late = ahead | {
        "round_id": str(uuid4()),
        "done_at": "2020-02-24T04:30:00+08:00",
        "sent_at": None,
        "source": "late_entry",
        "explanation": "夜间手机没电，早上补录",
    }

    first = await sanitation.post("/v1/rounds", ahead, "sanitation_worker")
    again = await sanitation.post(
        "/v1/rounds", ahead | {"sent_at": "2020-02-24T12:10:00+08:00"}, "sanitation_worker"
    )
    second = await sanitation.post("/v1/rounds", late, "sanitation_worker")

    assert (first.json()["done_at"], first.json()["device_at"]) == (
        "2020-02-24T00:30:00Z",
        "2020-02-24T03:30:00Z",
    )
    assert (again.status_code, again.json()) == (200, first.json())
    assert (second.status_code, second.json()["counts"]) == (201, True)
    page = await sanitation.get("/v1/rounds", "supervisor", compound="lj-001", limit=1)
    rest = await sanitation.get("/v1/rounds", "supervisor", compound="lj-001", after=page.json()["next"])
    book = page.json()["items"] + rest.json()["items"]
    assert [(line["explanation"], line["source"], line["logged_by"]) for line in book] == [
        ("夜间手机没电，早上补录", "late_entry", "test-sanitation_worker"),
        (None, "code", "test-sanitation_worker"),
    ]
    foreign = await sanitation.get("/v1/rounds", "supervisor", "compound:lj-002", compound="lj-001")
    assert foreign.status_code == 403
    told = await sanitation.published("RoundLogged")
    assert all("explanation" not in event["data"] for event in told)


async def test_a_policy_from_before_late_entries_takes_todays_rounds_and_nothing_older(
    bare: Service,
) -> None:
    await bare.hear_compounds("lj-001")
    await bare.hear_policy(1, date(2020, 2, 1), policy(complete=False))
    await bare.post("/v1/sites", SITE, "community_clerk")
    body: dict[str, Any] = {"site_code": "lj-001-s001", "agent": "chlorine_84", "concentration_mg_l": 500}

    today = await bare.post(
        "/v1/rounds",
        body | {"round_id": str(uuid4()), "done_at": "2020-02-24T08:00:00+08:00"},
        "sanitation_worker",
    )
    older = await bare.post(
        "/v1/rounds",
        body | {"round_id": str(uuid4()), "done_at": "2020-02-23T20:00:00+08:00"},
        "sanitation_worker",
    )

    assert today.status_code == 201
    assert (older.status_code, older.json()["code"]) == (503, "policy_silent")


@pytest.mark.requirement("R5.5")
async def test_the_printed_sheet_holds_each_sites_code_and_what_is_asked_there(sanitation: Service) -> None:
    for number, active in ((1, True), (2, False), (3, True)):
        code = f"lj-001-s00{number}"
        await sanitation.post("/v1/sites", SITE | {"code": code, "active": active}, "community_clerk")

    answer = await sanitation.get("/v1/site-sheets", "property_manager", "compound:lj-001", compound="lj-001")
    foreign = await sanitation.get(
        "/v1/site-sheets", "property_manager", "compound:lj-002", compound="lj-001"
    )

    page = answer.text
    assert (answer.status_code, foreign.status_code) == (200, 403)
    assert page.count("<svg") == 2
    assert "lj-001-s002" not in page
    assert "3幢电梯 &lt;1&gt;" in page
    assert "250–1000 mg/L" in page
    assert "default-src 'none'" in answer.headers["content-security-policy"]
