"""An intake from lookup to list: who it is, where they have been, what policy proposes, what they answered."""

from typing import Any

import pytest

from tests.integration.registry.desk import CLERK, Desk

TRIP = {
    "origin_code": "330300",
    "arrived_on": "2020-02-24",
    "transport": "train",
    "proof": True,
    "via": [{"code": "420100", "last_day": "2020-02-20"}],
    "transport_number": "G7512",
    "proof_kind": "ticket",
}


@pytest.mark.requirement("R4.6")
@pytest.mark.requirement("R2.8")
async def test_the_gravest_place_on_the_way_decides_and_what_was_answered_is_sealed(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus", "330300": "concern"})
    told = await desk.post("/v1/returnees/proposals", {"trip": TRIP})
    assert told.status_code == 200, told.text
    proposal = told.json()
    assert (proposal["category"], proposal["proposed"]) == ("focus", "centralized_observation")
    assert (proposal["milder"], proposal["last_day"]) == (["home_quarantine"], "2020-03-09")
    assert (proposal["policy_version"], proposal["risk_revision"]) == (1, 1)
    assert await desk.rows("select 1 from returnee_intake") == []

    health = {"symptoms": ["cough"], "contact_with_case": True, "note": "同车有人确诊"}
    choice = {"measure": "home_quarantine", "reason": "家有卧床老人", "approved_by": "指挥部值班长"}
    body = desk.intake(trip=TRIP, health=health, suzhou_code="green", choice=choice)
    unapproved = body | {"choice": {"measure": "home_quarantine", "reason": "家有卧床老人"}}
    refused = await desk.post("/v1/returnees", unapproved)
    assert (refused.status_code, refused.json()["code"]) == (422, "approval_required")
    intake = await desk.register(body)
    assert (intake["category"], intake["proposed"], intake["measure"]) == (
        "focus",
        "centralized_observation",
        "home_quarantine",
    )
    assert (intake["rule"].startswith("重点地区"), intake["approved_by"]) == (True, "指挥部值班长")
    assert await desk.register(body) == intake
    profile = (await desk.get(f"/v1/returnees/{intake['intake_id']}")).json()
    assert (profile["via"], profile["transport_number"], profile["proof_kind"], profile["suzhou_code"]) == (
        TRIP["via"],
        "G7512",
        "ticket",
        "green",
    )
    assert profile["health"] == health
    [row] = await desk.rows("select * from returnee_intake")
    assert not any(b"G7512" in bytes(value) for value in row.values() if isinstance(value, bytes))
    assert "G7512" not in str(row)
    assert "同车" not in str(row)


@pytest.mark.requirement("R4.6")
async def test_a_trip_that_contradicts_itself_is_refused_with_the_field(desk: Desk) -> None:
    await desk.publish_risk({})
    cases: list[tuple[dict[str, Any], str, str]] = [
        (
            {"via": [{"code": "420100", "last_day": "2020-02-09"}]},
            "via_outside_window",
            "trip.via.0.last_day",
        ),
        ({"via": [{"code": "999999", "last_day": "2020-02-20"}]}, "division_unknown", "trip.via.0.code"),
        ({"proof": False}, "proof_contradicts", "trip.proof_kind"),
        ({"transport_number": ""}, "invalid_request", "trip.transport_number"),
    ]
    for change, code, field in cases:
        answer = await desk.post("/v1/returnees", desk.intake(trip=TRIP | change))
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert await desk.rows("select 1 from person") == []


@pytest.mark.requirement("R2.7")
async def test_lookup_comes_first_and_lists_are_filtered(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    first, second = desk.intake(), desk.intake(trip=TRIP | {"arrived_on": "2020-02-23"})
    document = first["person"]["documents"][0]["number"]
    nobody = await desk.post("/v1/returnees/lookup", {"document": document})
    assert nobody.json() == {"people": [], "elsewhere": 0}
    other, focus = await desk.register(first), await desk.register(second)
    [found] = (await desk.post("/v1/returnees/lookup", {"document": document.lower()})).json()["people"]
    assert (found["person_ref"], found["name"], found["open_intake"]) == (
        other["person_ref"],
        "欧阳*",
        other["intake_id"],
    )
    [by_phone] = (await desk.post("/v1/returnees/lookup", {"phone": first["person"]["phone"]})).json()[
        "people"
    ]
    assert by_phone["person_ref"] == other["person_ref"]
    stranger = ("community_clerk", "compound:lj-002")
    hidden = await desk.post("/v1/returnees/lookup", {"document": document}, stranger)
    assert hidden.json() == {"people": [], "elsewhere": 1}
    assert (await desk.post("/v1/returnees/lookup", {})).status_code == 422
    again = await desk.post("/v1/returnees", first | {"intake_id": focus["intake_id"]})
    assert again.json()["code"] == "same_id_other_content"

    async def listed(**params: Any) -> list[str]:
        answer = await desk.get("/v1/returnees", CLERK, compound="lj-001", **params)
        return [one["intake_id"] for one in answer.json()["items"]]

    assert sorted(await listed()) == sorted([other["intake_id"], focus["intake_id"]])
    assert await listed(category="focus") == [focus["intake_id"]]
    assert await listed(measure="home_self_monitoring") == [other["intake_id"]]
    assert await listed(arrived_from="2020-02-24") == [other["intake_id"]]
    assert await listed(state="in_force") == []
    await desk.hear(desk.started(focus))
    assert await listed(state="in_force") == [focus["intake_id"]]
    assert await listed(state="pending", category="other") == [other["intake_id"]]
