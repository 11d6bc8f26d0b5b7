"""Policy versions and risk lists as people look at them, through HTTP."""

from datetime import date
from typing import Any

import pytest

from tests.integration.registry.desk import CLERK, OFFICER, Desk


async def revise(desk: Desk, version: int, since: str, **passes: Any) -> None:
    document = (await desk.get(f"/v1/policies/{version - 1}")).json()["document"]
    document["passes"] |= passes
    body = {"version": version, "effective_from": since, "document": document}
    answer = await desk.post("/v1/policies", body, OFFICER)
    assert answer.status_code == 201, answer.text


@pytest.mark.requirement("R1.2")
async def test_a_version_planned_for_a_later_day_is_seen_with_its_day_and_what_it_changes(desk: Desk) -> None:
    await revise(desk, 2, "2020-03-01", valid_days=15)
    lines = (await desk.get("/v1/policies")).json()
    assert [(line["version"], line["standing"], line["in_force_until"]) for line in lines] == [
        (2, "planned", None),
        (1, "in_force", "2020-02-29"),
    ]
    changes = (await desk.get("/v1/policies/2/changes")).json()
    assert changes["changes"] == [{"field": "passes.valid_days", "old": 30, "new": 15}]
    back = (await desk.get("/v1/policies/1/changes", since=2)).json()
    assert back["changes"] == [{"field": "passes.valid_days", "old": 15, "new": 30}]
    unknown = await desk.get("/v1/policies/1/changes", since=9)
    assert (unknown.status_code, unknown.json()["field"]) == (404, "since")
    desk.move("2020-03-01 00:00")
    lines = (await desk.get("/v1/policies")).json()
    assert [line["standing"] for line in lines] == ["in_force", "past"]


@pytest.mark.requirement("R1.2")
async def test_a_planned_version_hinders_no_nearer_one_and_is_withdrawn_by_one_for_its_day(
    desk: Desk,
) -> None:
    await revise(desk, 2, "2020-03-01", valid_days=15)
    first = (await desk.get("/v1/policies/1")).json()["document"]
    body = {
        "effective_from": "2020-02-25",
        "document": first | {"passes": first["passes"] | {"valid_days": 20}},
    }
    draft = (await desk.post("/v1/policies/drafts", body, OFFICER)).json()
    assert (draft["acceptable"], draft["version"], draft["in_force_until"]) == (True, 3, "2020-02-29")
    assert draft["changes"] == [
        {"field": "passes.valid_days", "old": 30, "new": 20}
    ]  # beside what holds then
    await revise(desk, 3, "2020-02-25", valid_days=20)  # what cannot wait
    musts = {"version": 4, "effective_from": "2020-02-24", "musts": ["mask"]}
    assert (await desk.post("/v1/musts", musts, OFFICER)).status_code == 201
    today = (await desk.get("/v1/policies/4")).json()["document"]
    assert today["passes"]["valid_days"] == 30  # nothing of what is planned comes before its day
    await revise(desk, 5, "2020-03-01", valid_days=20)  # what was planned for March is withdrawn
    lines = (await desk.get("/v1/policies")).json()
    assert [(line["version"], line["standing"], line["in_force_until"]) for line in lines] == [
        (5, "planned", None),
        (4, "in_force", "2020-02-24"),
        (3, "planned", "2020-02-29"),
        (2, "replaced", None),
        (1, "past", "2020-02-23"),
    ]
    for day, version in (("2020-02-25", 3), ("2020-02-29", 3), ("2020-03-01", 5)):
        desk.move(f"{day} 00:00")
        assert (await desk.get("/v1/policies/current")).json()["version"] == version


@pytest.mark.requirement("R1.2")
async def test_a_draft_is_checked_without_putting_anything_in_force(desk: Desk) -> None:
    document = (await desk.get("/v1/policies/1")).json()["document"]
    wrong = document | {"risk": document["risk"] | {"concern_from": 1000}, "curfew": 1}
    body = {"effective_from": "2020-02-01", "document": wrong}
    told = (await desk.post("/v1/policies/drafts", body, OFFICER)).json()
    assert (told["acceptable"], told["version"]) == (False, 2)
    assert [fault["field"] for fault in told["faults"]] == [
        "document.curfew",
        "document.risk",
        "effective_from",
    ]
    right = (
        await desk.post(
            "/v1/policies/drafts", {"effective_from": "2020-02-24", "document": document}, OFFICER
        )
    ).json()
    assert (right["acceptable"], right["changes"]) == (True, [])
    assert (await desk.post("/v1/policies/drafts", body, CLERK)).status_code == 403
    assert len(await desk.told("PolicyRevised")) == 1


@pytest.mark.requirement("R2.6")
async def test_the_list_of_musts_is_the_plans_until_somebody_edits_it(desk: Desk) -> None:
    seeded = (await desk.get("/v1/musts")).json()
    codes = [must["code"] for must in seeded["musts"]]
    assert codes == ["mask", "temperature", "pass", "vehicle_pass", "occupants", "boot"]
    body = {"version": 2, "effective_from": "2020-02-24", "musts": [*codes, "health_declaration"]}
    answers = [await desk.post("/v1/musts", body, OFFICER) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["musts"][-1] == {
        "code": "health_declaration",
        "text": None,
        "checked_at_gates": False,
    }
    [told] = [event for event in await desk.told("PolicyRevised") if event["version"] == 2]
    first = (await desk.get("/v1/policies/1")).json()["document"]
    assert told["document"] == first | {"gate": first["gate"] | {"musts": body["musts"]}}

    async def refused(**changes: Any) -> tuple[int, str]:
        answer = await desk.post("/v1/musts", body | changes, OFFICER)
        return answer.status_code, answer.json()["code"]

    assert await refused(version=3, musts=["mask", "mask"]) == (422, "policy_inconsistent")
    assert await refused(version=3, musts=["戴口罩"]) == (422, "invalid_request")
    assert await refused(version=9) == (409, "not_the_next_version")
    assert await refused(musts=["mask"]) == (422, "same_id_other_content")


@pytest.mark.requirement("R4.8")
async def test_a_place_tells_what_it_was_on_a_day_and_from_which_entry(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus", "330300": "concern"})
    await desk.publish_risk(
        {"420000": "focus", "330300": "higher_risk", "330382": "other"}, revision=2, since=date(2020, 2, 24)
    )

    async def place(code: str, day: str) -> tuple[Any, ...]:
        told = (await desk.get("/v1/risk-areas/place", code=code, day=day)).json()
        return told["revision"], told["category"], told["listed_code"], told["inherited"]

    assert await place("330381", "2020-02-23") == (1, "concern", "330300", True)
    assert await place("330381", "2020-02-24") == (2, "higher_risk", "330300", True)
    assert await place("330382", "2020-02-24") == (2, "other", "330382", False)
    assert await place("429004", "2020-02-24") == (2, "focus", "420000", True)
    assert await place("110101", "2020-02-24") == (2, "other", None, False)
    assert await place("320576", "2020-02-24") == (2, "other", None, False)
    wenzhou = (await desk.get("/v1/risk-areas/place", code="330381", day="2020-02-24")).json()
    assert (wenzhou["name"], wenzhou["listed_name"]) == ("瑞安市", "温州市")
    unlisted = await desk.get("/v1/risk-areas/place", code="330381", day="2020-01-31")
    assert unlisted.json()["code"] == "risk_areas_unpublished"
    unknown = await desk.get("/v1/risk-areas/place", code="999999")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "division_unknown")


@pytest.mark.requirement("R4.8")
async def test_revisions_are_listed_and_compared_place_by_place(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus", "330300": "concern", "411500": "concern"})
    await desk.publish_risk({"420000": "focus", "330300": "focus"}, revision=2, since=date(2020, 3, 1))
    lines = (await desk.get("/v1/risk-areas")).json()
    assert [
        (line["revision"], line["standing"], line["in_force_until"], line["places"]) for line in lines
    ] == [
        (2, "planned", None, {"focus": 2}),
        (1, "in_force", "2020-02-29", {"focus": 1, "concern": 2}),
    ]
    changes = (await desk.get("/v1/risk-areas/2/changes")).json()["changes"]
    assert changes == [
        {"code": "330300", "name": "温州市", "old": "concern", "new": "focus"},
        {"code": "411500", "name": "信阳市", "old": "concern", "new": None},
    ]
    assert (await desk.get("/v1/risk-areas/2")).json()["areas"] == {"420000": "focus", "330300": "focus"}
    assert (await desk.get("/v1/risk-areas/7")).json()["code"] == "version_unknown"
