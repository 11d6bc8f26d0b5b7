"""What was wrong is corrected where it was entered, and every service follows."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.events.observation import ObservationMeasureChanged, ObservationRescheduled
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.days import local_day
from tests.acceptance.bus import told
from tests.acceptance.people import ask_pass, came_from, dwellings, resident_id
from tests.acceptance.stack import Stack
from tests.acceptance.town import board

pytestmark = pytest.mark.timeout(300)


@pytest.mark.scenario("O3")
@pytest.mark.requirement("R2.7", "R4.6")
async def test_a_corrected_intake_is_observed_counted_and_refused_by_the_corrected_day(town: Stack) -> None:
    here, today = "lj-008", local_day(town.now())
    clerk, officer = town.as_role("community_clerk"), town.as_role("hq_officer")
    [home, *_] = await dwellings(town, here)
    before = await board(town, here)
    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": "闻人归雁",
            "phone": "19900008761",
            "documents": [{"kind": "resident_id", "number": resident_id("19850607", 651)}],
        },
        "dwelling": {"dwelling_id": home["dwelling_id"]},
        "trip": came_from("540100", today - timedelta(days=4)) | {"proof": False},
    }
    came = await town.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=201)
    assert (came["anchor_date"], came["measure"]) == (today.isoformat(), "home_self_monitoring")
    await town.equal()

    # The ticket is found: four days earlier, and from a focus area.
    correction = {
        "correction_id": str(uuid4()),
        "reason": "补交车票",
        "trip": came_from("420100", today - timedelta(days=4)),
    }
    path = f"/v1/returnees/{intake['intake_id']}"
    corrected = await town.call(
        "POST", "registry", f"{path}/corrections", headers=clerk, json=correction, expect=201
    )
    last_day = (today + timedelta(days=10)).isoformat()
    assert (corrected["category"], corrected["measure"]) == ("focus", "centralized_observation")
    await town.equal()
    shown = await town.call("GET", "registry", path, headers=clerk)
    assert (shown["last_day"], shown["state"]) == (last_day, "in_force")
    versions = (await town.call("GET", "registry", f"{path}/versions", headers=clerk))["versions"]
    assert [(one["origin_code"], one["proof"], one["reason"]) for one in versions] == [
        ("540100", False, "补交车票"),
        ("420100", True, None),
    ]
    case = await town.call("GET", "observation", f"/v1/cases/{shown['case_id']}", headers=clerk)
    assert (case["last_day"], case["first_anchor_date"]) == (last_day, today.isoformat())

    # One person under observation, in another way and to another day; the pass waits for that day.
    line = await board(town, here)
    assert line["under_observation"] == before["under_observation"] + 1
    assert (
        line["observed"].get("centralized_observation", 0),
        line["observed"].get("home_self_monitoring", 0),
    ) == (
        before["observed"].get("centralized_observation", 0) + 1,
        before["observed"].get("home_self_monitoring", 0),
    )
    roll = await town.call("GET", "reporting", f"/v1/observation-roll/{shown['case_id']}", headers=officer)
    assert (roll["case"]["last_day"], roll["case"]["measure"]) == (last_day, "centralized_observation")
    refused = await ask_pass(town, came["person_ref"], here, 409)
    assert refused["first_possible"] == (today + timedelta(days=11)).isoformat()
    for event, count in (
        (ReturneeRegistered, 2),
        (ObservationRescheduled, 1),
        (ObservationMeasureChanged, 1),
    ):
        assert len(await told(town, event, here, person_ref=came["person_ref"])) == count
