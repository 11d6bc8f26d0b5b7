"""Of two who decide about what they saw, the second is told what holds now."""

from uuid import uuid4

import pytest

from tests.integration.observation.conftest import LAST, OFFICER, Desk, returnee


@pytest.mark.scenario("O3")
async def test_a_decision_holds_only_for_what_was_seen(desk: Desk) -> None:
    case_id = await desk.open_case(returnee())
    seen = {"state": "under_observation", "measure": "home_self_monitoring", "last_day": LAST.isoformat()}

    def extend() -> dict[str, object]:
        return {
            "decision_id": str(uuid4()),
            "kind": "extend",
            "reason": "同住人员返回较晚",
            "extra_days": 3,
            "seen": seen,
        }

    first = extend()
    path = f"/v1/cases/{case_id}/decisions"
    assert (await desk.post(path, first, OFFICER)).status_code == 201
    second = await desk.post(path, extend(), OFFICER)
    told = second.json()
    assert (second.status_code, told["code"]) == (409, "case_changed")
    assert (told["state"], told["last_day"]) == ("under_observation", "2020-03-12")
    again = await desk.post(path, first, OFFICER)  # a repeat is no second decision
    assert (again.status_code, again.json()["last_day"]) == (200, "2020-03-12")
