"""A survey through all services: whom a grid worker meets at the door is observed without a clerk (P9)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from stdnum.cn.ric import calc_check_digit

from shared.kernel.days import local_day
from tests.acceptance.stack import Stack
from tests.acceptance.town import board

HERE = "lj-001"
_BODY = "99010219880808731"
BACK: dict[str, Any] = {
    "name": "上官望舒",
    "documents": [{"kind": "resident_id", "number": _BODY + str(calc_check_digit(f"{_BODY}0"))}],
    "phone": "19900008731",
    "relation": "tenant",
}


@pytest.mark.timeout(300)
@pytest.mark.scenario("P9")
@pytest.mark.requirement("R4.1", "R4.3", "R5.1")
async def test_a_returnee_whom_a_survey_finds_is_under_observation_and_on_the_board(town: Stack) -> None:
    officer, today = town.as_role("hq_officer"), local_day(town.now())
    before = await board(town, HERE)
    round_id = str(uuid4())
    opening = {
        "round_id": round_id,
        "number": 1,
        "compounds": [HERE],
        "due_on": (today + timedelta(days=3)).isoformat(),
    }
    await town.call("POST", "registry", "/v1/survey-rounds", headers=officer, json=opening)
    clerk = town.as_role("community_clerk", f"compound:{HERE}")
    asked = f"/v1/survey-rounds/{round_id}/dwellings?compound={HERE}&limit=1"
    [home] = (await town.call("GET", "registry", asked, headers=clerk))["items"]
    worker = town.as_role("grid_worker", f"grid:{home['grid']}")
    path = f"/v1/survey-rounds/{round_id}/dwellings/{home['dwelling_id']}/form"
    living = (await town.call("GET", "registry", path, headers=worker))["residents"]
    members = [{"state": "present", "person_ref": one["person_ref"]} for one in living]
    form = {
        "submission_id": str(uuid4()),
        "round_id": round_id,
        "dwelling_id": home["dwelling_id"],
        "outcome": "done",
        "visited_at": town.now().isoformat(),
        "members": [*members, {"state": "new", "person": BACK}],
        "findings": [
            {
                "kind": "unregistered_returnee",
                "member": len(members),
                "trip": {
                    "origin_code": "330300",
                    "arrived_on": (today - timedelta(days=2)).isoformat(),
                    "transport": "car",
                    "proof": False,
                },
            }
        ],
    }
    taken = await town.call(
        "POST", "registry", "/v1/survey-submissions", headers=worker, json=form, expect=201
    )
    again = await town.call(
        "POST", "registry", "/v1/survey-submissions", headers=worker, json=form, expect=200
    )
    assert again == taken
    [intake] = taken["intakes"]
    await town.equal()

    # Without proof the days count from registration; observation has opened the case by itself.
    registered = await town.call("GET", "registry", f"/v1/returnees/{intake}", headers=clerk)
    assert (registered["anchor_date"], registered["category"]) == (today.isoformat(), "higher_risk")
    cases = f"/v1/cases?compound={HERE}"
    [case] = (await town.call("GET", "observation", cases, headers=clerk))["items"]
    assert (case["person_ref"], case["last_day"]) == (registered["person_ref"], registered["last_day"])

    # Headquarters see one more person, one more under observation, and one household done.
    after = await board(town, HERE)
    assert after["people"] == before["people"] + 1
    assert after["under_observation"] == before["under_observation"] + 1
    assert (after["survey_final"], after["survey_dwellings"]) == (1, before["dwellings"])
    roll = await town.call("GET", "reporting", f"/v1/observation-roll?compound={HERE}", headers=officer)
    assert [one["case_id"] for one in roll["items"]] == [case["case_id"]]

    # And the gate keeps the person in: no pass before the days are over.
    wanted = {"request_id": str(uuid4()), "person_ref": registered["person_ref"], "compound": HERE}
    refused = await town.call("POST", "registry", "/v1/passes", headers=clerk, json=wanted, expect=409)
    assert refused["first_possible"] == registered["pass_from"], refused
