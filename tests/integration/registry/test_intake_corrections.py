"""An intake that was wrong is corrected with a reason: what it said is kept, and what follows is told again."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.registry.desk import Desk

TRIP: dict[str, Any] = {
    "origin_code": "330300",
    "arrived_on": "2020-02-20",
    "transport": "car",
    "proof": False,
}


async def correct(desk: Desk, intake: dict[str, Any], **body: Any) -> httpx.Response:
    path = f"/v1/returnees/{intake['intake_id']}/corrections"
    return await desk.post(path, {"correction_id": str(uuid4()), "reason": "出示了车票", **body})


@pytest.mark.scenario("O3")
@pytest.mark.requirement("R2.7", "R4.6")
async def test_a_corrected_intake_is_told_again_and_says_for_ever_what_it_said_before(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus", "330300": "concern"})
    intake = await desk.register(desk.intake(trip=TRIP, health={"symptoms": ["cough"]}))
    assert (intake["anchor_date"], intake["measure"]) == ("2020-02-24", "home_quarantine")
    await desk.hear(desk.started(intake))
    desk.move("2020-02-26 10:00")

    # A ticket was found, and the person had been in a focus area on the way: as if it had been known on the 24th.
    shown = TRIP | {
        "proof": True,
        "proof_kind": "ticket",
        "transport_number": "G7512",
        "via": [{"code": "420100", "last_day": "2020-02-19"}],
    }
    body = {"correction_id": str(uuid4()), "trip": shown}
    corrected = await correct(desk, intake, **body)
    assert corrected.status_code == 201, corrected.text
    told = corrected.json()
    assert (told["anchor_date"], told["anchor_basis"], told["version"]) == (
        "2020-02-20",
        "arrival_with_proof",
        2,
    )
    assert (told["category"], told["measure"]) == ("focus", "centralized_observation")
    assert (await correct(desk, intake, **body)).status_code == 200
    other = await correct(desk, intake, **body | {"trip": TRIP})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    nothing = await correct(desk, intake, trip=shown)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing_corrected")
    first, second = await desk.told("ReturneeRegistered")
    assert (first["version"], first["corrects"], second["version"]) == (1, None, 2)
    assert second["corrects"] == {
        "category": "concern",
        "measure": "home_quarantine",
        "anchor_date": "2020-02-24",
    }
    assert (second["anchor_date"], second["measure"]) == ("2020-02-20", "centralized_observation")

    # Another measure needs an approver, as at the first time; other answers change nothing that anybody follows.
    choice = {"measure": "home_quarantine", "reason": "家有婴儿"}
    refused = await correct(desk, intake, choice=choice)
    assert (refused.status_code, refused.json()["code"]) == (422, "approval_required")
    assert (await correct(desk, intake, choice=choice | {"approved_by": "指挥部值班长"})).status_code == 201
    health = {"symptoms": [], "contact_with_case": False, "note": "误填"}
    mended = (await correct(desk, intake, health=health, reason="登记时误填")).json()
    assert (mended["version"], mended["measure"]) == (4, "home_quarantine")
    assert len(await desk.told("ReturneeRegistered")) == 3

    history = (await desk.get(f"/v1/returnees/{intake['intake_id']}/versions")).json()["versions"]
    assert [(one["version"], one["anchor_date"], one["measure"], one["reason"]) for one in history] == [
        (1, "2020-02-24", "home_quarantine", "出示了车票"),
        (2, "2020-02-20", "centralized_observation", "出示了车票"),
        (3, "2020-02-20", "home_quarantine", "登记时误填"),
        (4, "2020-02-20", "home_quarantine", None),
    ]
    assert [one["health"]["symptoms"] for one in history] == [["cough"], ["cough"], ["cough"], []]
    assert [one["transport_number"] for one in history] == [None, "G7512", "G7512", "G7512"]
    assert [one["choice_reason"] for one in history] == [None, None, "家有婴儿", "家有婴儿"]
    assert {one["corrected_by"] for one in history} == {"test-community_clerk", None}
    raw = await desk.rows("select row_to_json(c)::text as whole from intake_correction c")
    assert len(raw) == 3
    for secret in ("出示了车票", "G7512", "家有婴儿"):
        assert all(secret not in row["whole"] for row in raw)
    read = await desk.rows("select count(*) from audit_read where action = 'returnee.versions'")
    assert read == [{"count": 1}]


@pytest.mark.scenario("O3")
async def test_what_is_over_or_elsewhere_is_not_corrected(desk: Desk) -> None:
    await desk.publish_risk({})
    intake = await desk.register(desk.intake(trip=TRIP))
    case = desk.started(intake)
    later = await correct(desk, intake, trip=TRIP | {"arrived_on": "2020-02-25"})
    assert (later.status_code, later.json()["code"]) == (422, "arrival_in_future")
    path = f"/v1/returnees/{intake['intake_id']}/corrections"
    body = {"correction_id": str(uuid4()), "reason": "误填", "trip": TRIP | {"proof": True}}
    stranger = await desk.post(path, body, ("community_clerk", "compound:lj-002"))
    assert stranger.status_code == 403
    worker = await desk.post(path, body, ("grid_worker", "grid:lj-001-w02"))
    assert worker.status_code == 403
    assert (await desk.post(path, {"correction_id": str(uuid4()), "reason": "误填"})).status_code == 422
    unknown = await desk.post(f"/v1/returnees/{uuid4()}/corrections", body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "intake_unknown")

    await desk.hear(case)
    desk.move("2020-03-10 00:00")
    await desk.hear(desk.completed(case))
    over = await desk.post(path, body)
    assert (over.status_code, over.json()["code"]) == (409, "observation_over")
    assert (await correct(desk, intake, trip=TRIP | {"transport": "coach"})).status_code == 201
    assert len(await desk.told("ReturneeRegistered")) == 1
