"""A revised list of risk areas over people under observation."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from shared.events.policy_observation import Category
from shared.events.registry.returnees import StatedBefore
from shared.events.registry.rules import RiskAreasRevised
from tests.integration.observation.conftest import CLERK, OFFICER, Desk, returnee


def revised(revision: int, effective_from: date, **areas: Category) -> RiskAreasRevised:
    return RiskAreasRevised(
        revision=revision,
        effective_from=effective_from,
        areas={code.removeprefix("c"): category for code, category in areas.items()},
    )


async def proposals(desk: Desk, state: str = "open") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.get(f"/v1/risk-proposals?state={state}")).json()["items"]
    return found


@pytest.mark.scenario("O8")
async def test_an_upgrade_is_proposed_once_decided_in_bulk_and_a_downgrade_relaxes_nobody(desk: Desk) -> None:
    event, other = returnee(), returnee()  # both from 330300
    case_id, second = await desk.open_case(event), await desk.open_case(other)
    desk.move(date(2020, 2, 27), "12:00")
    await desk.hear(revised(1, date(2020, 2, 25), c330000="focus"))  # two days back
    for _ in range(2):
        await desk.tick()
        await desk.hear(revised(1, date(2020, 2, 25), c330000="focus"))
    found = await proposals(desk)
    assert [(line["from_category"], line["to_category"], line["measure"]) for line in found] == [
        ("other", "focus", "centralized_observation")
    ] * 2
    by_case = {line["case_id"]: line["proposal_id"] for line in found}
    first_decision = {
        "decision_id": str(uuid4()),
        "proposal_id": by_case[str(case_id)],
        "verdict": "accept",
        "site": "集中点甲",
        "room": "301",
    }
    body = {
        "reason": "名单更新",
        "decisions": [
            first_decision,
            {"decision_id": str(uuid4()), "proposal_id": by_case[str(second)], "verdict": "accept"},
            {"decision_id": str(uuid4()), "proposal_id": str(uuid4()), "verdict": "decline"},
        ],
    }
    answer = (await desk.post("/v1/risk-proposals/decisions", body, OFFICER)).json()["items"]
    assert [(item["status"], item["code"]) for item in answer] == [
        ("done", None),
        ("refused", "place_missing"),
        ("refused", "proposal_unknown"),
    ]
    again = await desk.post("/v1/risk-proposals/decisions", {**body, "decisions": [first_decision]}, OFFICER)
    assert again.json()["items"][0]["status"] == "exists"
    (told,) = await desk.told("ObservationMeasureChanged")
    assert (told["case_id"], told["category"], told["measure"]) == (
        str(case_id),
        "focus",
        "centralized_observation",
    )
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    (change,) = case["measure_changes"]
    assert (change["from_category"], change["at"]) == ("other", "2020-02-27T04:00:00Z")
    assert case["last_day"] == "2020-03-09"

    await desk.hear(revised(2, date(2020, 2, 26), c330000="concern"), revised(3, date(2020, 3, 1)))
    await desk.tick()
    assert [(line["case_id"], line["to_category"]) for line in await proposals(desk)] == [
        (str(second), "concern")  # the newer list in place of the older; nothing for who is under focus
    ]
    desk.move(date(2020, 3, 1), "12:00")
    await desk.tick()
    assert len(await desk.told("ObservationMeasureChanged")) == 1
    decline = {
        "reason": "情况核实",
        "decisions": [
            {
                "decision_id": str(uuid4()),
                "proposal_id": (await proposals(desk))[0]["proposal_id"],
                "verdict": "decline",
            }
        ],
    }
    assert (await desk.post("/v1/risk-proposals/decisions", decline, CLERK)).json()["items"][0][
        "status"
    ] == "done"
    assert await proposals(desk) == []
    assert [line["state"] for line in await proposals(desk, "declined")] == ["declined"]


@pytest.mark.scenario("O8")
@pytest.mark.requirement("R4.8")
async def test_a_proposal_relaxes_nobody_for_whom_something_stricter_was_decided_since(desk: Desk) -> None:
    case_id = await desk.open_case()
    await desk.hear(revised(1, date(2020, 2, 24), c330000="concern"))
    await desk.tick()
    (proposed,) = await proposals(desk)
    assert proposed["measure"] == "home_quarantine"
    stricter = {"kind": "change_measure", "category": "close_contact", "measure": "centralized_observation"}
    place = {"site": "集中点甲", "room": "301"}
    body = {"decision_id": str(uuid4()), "reason": "流调为密接", **stricter, **place}
    assert (await desk.post(f"/v1/cases/{case_id}/decisions", body, OFFICER)).status_code == 201

    async def decide(**terms: str) -> dict[str, Any]:
        one = {"decision_id": str(uuid4()), "proposal_id": proposed["proposal_id"], **terms}
        body = {"reason": "名单更新", "decisions": [one]}
        answer = (await desk.post("/v1/risk-proposals/decisions", body, OFFICER)).json()
        found: dict[str, Any] = answer["items"][0]
        return found

    accepted = await decide(verdict="accept")
    assert (accepted["status"], accepted["code"]) == ("refused", "nothing_changes")
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["category"], case["measure"]) == ("close_contact", "centralized_observation")
    assert (await decide(verdict="decline"))["status"] == "done"


@pytest.mark.scenario("O8")
@pytest.mark.requirement("R4.8")
async def test_who_is_told_of_after_a_list_was_held_against_the_others_is_held_against_it_as_well(
    desk: Desk,
) -> None:
    early = await desk.open_case()
    desk.move(date(2020, 2, 27), "12:00")
    await desk.hear(revised(2, date(2020, 2, 25), c330000="focus"))
    await desk.tick()
    keyed_in = returnee()  # registered on the 24th by the list of that day, keyed in today
    by_the_newer = returnee().model_copy(update={"risk_revision": 2})
    late, judged = await desk.open_case(keyed_in), await desk.open_case(by_the_newer)
    for _ in range(2):
        await desk.hear(keyed_in)
        await desk.tick()
    assert {(line["case_id"], line["to_category"], line["revision"]) for line in await proposals(desk)} == {
        (str(early), "focus", 2),
        (str(late), "focus", 2),
    }
    assert str(judged) not in str(await proposals(desk))


@pytest.mark.scenario("O3", "O8")
async def test_a_corrected_origin_is_what_lists_are_held_against_from_then_on(desk: Desk) -> None:
    came = returnee()
    case_id = await desk.open_case(came)
    desk.move(date(2020, 2, 27), "12:00")
    await desk.hear(revised(2, date(2020, 2, 25), c330300="concern", c420000="focus"))
    await desk.tick()
    assert [line["to_category"] for line in await proposals(desk)] == ["concern"]
    before = StatedBefore(category="other", measure="home_self_monitoring", anchor_date=came.anchor_date)

    async def corrected(origin: str) -> list[tuple[str, str]]:
        await desk.hear(came.model_copy(update={"origin_code": origin, "corrects": before}))
        await desk.tick()
        return [(line["origin_code"], line["to_category"]) for line in await proposals(desk)]

    assert await corrected("420100") == [("420100", "focus")]
    assert await corrected("320500") == []  # what was proposed for the wrong origin is void
    await desk.hear(revised(3, date(2020, 2, 27), c320500="higher_risk", c420000="focus"))
    await desk.tick()
    (found,) = await proposals(desk)
    assert (found["case_id"], found["to_category"]) == (str(case_id), "higher_risk")
    decline = {
        "reason": "核实无误",
        "decisions": [
            {"decision_id": str(uuid4()), "proposal_id": found["proposal_id"], "verdict": "decline"}
        ],
    }
    assert (await desk.post("/v1/risk-proposals/decisions", decline, OFFICER)).status_code == 200
    assert await corrected("320500") == []  # nothing is proposed again
