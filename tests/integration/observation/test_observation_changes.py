"""Decisions that move a case's ends, change its measure, or end it: kept with what was before, and told."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.observation.conftest import LAST, OFFICER, Desk, returnee

FEB29 = date(2020, 2, 29)


async def decided(desk: Desk, case_id: UUID, kind: str, **terms: Any) -> httpx.Response:
    body = {"decision_id": str(uuid4()), "kind": kind, "reason": "出示了车票", **terms}
    return await desk.post(f"/v1/cases/{case_id}/decisions", body, OFFICER)


@pytest.mark.scenario("O3")
async def test_a_corrected_day_0_is_told_and_the_old_one_stays_visible(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB29, "12:00")
    answer = await decided(
        desk, case_id, "correct_anchor", anchor_date="2020-02-22", anchor_basis="arrival_with_proof"
    )
    assert (answer.status_code, answer.json()["last_day"]) == (201, "2020-03-07")
    (told,) = await desk.told("ObservationRescheduled")
    assert (told["anchor_date"], told["last_day"], told["reason"]) == (
        "2020-02-22",
        "2020-03-07",
        "anchor_corrected",
    )
    whole = await desk.told()
    assert [fact["version"] for fact in whole] == list(range(1, len(whole) + 1))
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["anchor_date"], case["first_anchor_date"], case["anchor_basis"]) == (
        "2020-02-22",
        "2020-02-24",
        "arrival_with_proof",
    )
    assert [change["kind"] for change in case["reschedulings"]] == ["anchor_corrected"]
    (line,) = (await desk.get("/v1/cases")).json()["items"]
    assert (line["anchor_date"], line["last_day"]) == ("2020-02-22", "2020-03-07")
    desk.move(date(2020, 3, 8), "00:00")
    await desk.tick()
    assert len(await desk.told("ObservationAwaitsClosure")) == 1


async def test_a_decision_sent_again_gets_its_first_answer_and_other_terms_are_refused(desk: Desk) -> None:
    case_id = await desk.open_case()
    body = {"decision_id": str(uuid4()), "kind": "extend", "reason": "流调要求", "extra_days": 3}
    path = f"/v1/cases/{case_id}/decisions"
    first, again = [await desk.post(path, body, OFFICER) for _ in range(2)]
    other = await desk.post(path, {**body, "extra_days": 4}, OFFICER)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert first.json()["last_day"] == "2020-03-12"
    assert len(await desk.told("ObservationRescheduled")) == 1


@pytest.mark.requirement("R4.6")
async def test_a_changed_measure_keeps_the_dates_the_old_measure_and_a_sealed_place(desk: Desk) -> None:
    case_id = await desk.open_case()
    terms = {
        "measure": "centralized_observation",
        "category": "focus",
        "site": "集中点甲",
        "room": "金丝雀301",
    }
    refused = await decided(desk, case_id, "change_measure", measure="centralized_observation")
    assert (refused.status_code, refused.json()["code"]) == (422, "place_missing")
    answer = await decided(desk, case_id, "change_measure", **terms)
    assert (answer.status_code, answer.json()["last_day"]) == (201, str(LAST))
    (told,) = await desk.told("ObservationMeasureChanged")
    assert (told["measure"], told["category"], told["version"]) == ("centralized_observation", "focus", 2)
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    (change,) = case["measure_changes"]
    assert (change["from_measure"], change["from_category"], change["to_measure"]) == (
        "home_self_monitoring",
        "other",
        "centralized_observation",
    )
    (kept,) = await desk.rows("select place_sealed, row_to_json(m)::text as whole from measure_change m")
    assert kept["place_sealed"]
    assert "金丝雀" not in kept["whole"]
    home = await decided(desk, case_id, "change_measure", measure="home_quarantine")
    assert (home.status_code, home.json()["code"]) == (422, "approval_missing")
    approved = {"measure": "home_quarantine", "approver": "hq_officer", "technical_means": "door_sensor"}
    assert (await decided(desk, case_id, "change_measure", **approved)).status_code == 201


@pytest.mark.scenario("O10")
@pytest.mark.parametrize("kind", ["transferred", "died", "left_town", "cancelled"])
async def test_an_ended_case_is_no_release_and_the_person_may_come_back(desk: Desk, kind: str) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    assert (await decided(desk, case_id, kind)).json()["state"] == "closed"
    assert [(fact["ending"], fact["version"]) for fact in await desk.told("ObservationClosed")] == [(kind, 2)]
    again = await decided(desk, case_id, "cancelled")
    assert (again.status_code, again.json()["code"]) == (409, "case_ended")
    assert await desk.tick() == 0
    second = await desk.open_case(returnee(event.person_ref))
    assert second != case_id


async def test_terms_of_another_kind_are_refused_by_name(desk: Desk) -> None:
    case_id = await desk.open_case()
    answer = await decided(desk, case_id, "extend", extra_days=2, measure="medical")
    assert answer.status_code == 422
    assert "measure" in answer.text
    missing = await decided(desk, case_id, "extend")
    assert (missing.status_code, missing.json()["code"], missing.json()["field"]) == (
        422,
        "terms_missing",
        "extra_days",
    )


@pytest.mark.scenario("O10")
async def test_another_intake_of_somebody_observed_extends_once_and_never_shortens(desk: Desk) -> None:
    event = returnee()
    await desk.open_case(event)
    desk.move(FEB29, "12:00")
    later = returnee(event.person_ref, anchor=date(2020, 2, 28))
    await desk.hear(later, later, returnee(event.person_ref, anchor=date(2020, 2, 26)))
    told = await desk.told("ObservationRescheduled")
    assert [(fact["reason"], fact["last_day"]) for fact in told] == [("re_exposure", "2020-03-13")]
    seen = await desk.rows("select outcome from intake_seen order by seen_at, outcome")
    assert [row["outcome"] for row in seen] == ["duplicate", "re_exposure"]
