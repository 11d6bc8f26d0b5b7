"""Overrides by the shift leader, corrections, and what ends gate's own hold (gate rules, G2, G18)."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from shared.events.observation import (
    FeverCleared,
    ObservationClosed,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
)
from tests.integration.gate.town import CHECKPOINT, HERE, NOW, OTHER_CHECKPOINT, GateTown, Resident, codes

LATER = NOW + timedelta(minutes=5)


async def override(
    town: GateTown, check: dict[str, Any], role: str = "shift_leader", scope: str = "town", **changes: Any
) -> Response:
    body = {"override_id": str(uuid4()), "reason": "identity_confirmed"} | changes
    return await town.client.http.post(
        f"/v1/entry-checks/{check['check_id']}/override",
        json=body,
        headers=town.client.as_role(role, scope),
    )


@pytest.mark.scenario("G18")
async def test_a_shift_leader_overrides_with_a_reason_and_a_guard_does_not(town: GateTown) -> None:
    check = await town.check({"kind": "pass_number", "number": "99999999"})
    assert check["verdict"] == "cannot_verify"
    guard = await override(town, check, "guard")
    assert (guard.status_code, guard.json()["code"]) == (403, "role_not_allowed")
    body = {"override_id": str(uuid4()), "note": "已电话核实，王某"}
    first = await override(town, check, scope=f"checkpoint:{CHECKPOINT}", **body)
    assert first.status_code == 201, first.text
    again = await override(town, check, **body)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await override(town, check, **(body | {"reason": "medical_need"}))
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    twice = await override(town, check)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_overridden")
    [told] = await town.published("CheckOverridden")
    assert (told["check_id"], told["verdict"], told["reason"]) == (
        check["check_id"],
        "cannot_verify",
        "identity_confirmed",
    )
    [kept] = await town.rows("select * from check_override")
    assert kept["overridden_by"] == "test-shift_leader"
    assert "王某" not in str(kept) + str(await town.rows("select document from outbox"))
    [entry] = await town.rows("select verdict from entry_check where check_id = $1", check["check_id"])
    assert entry["verdict"] == "cannot_verify"  # history stays


async def review(
    town: GateTown, check: dict[str, Any], who: dict[str, str], **changes: Any
) -> tuple[int, dict[str, Any]]:
    answer = await town.client.http.post(
        f"/v1/entry-checks/{check['check_id']}/override/review",
        json={"review_id": str(uuid4()), "outcome": "confirmed"} | changes,
        headers=who,
    )
    return answer.status_code, answer.json()


@pytest.mark.scenario("G18")
async def test_headquarters_review_an_override_once_and_never_their_own(town: GateTown) -> None:
    officer = town.client.as_role("hq_officer")
    check = await town.check({"kind": "pass_number", "number": "99999999"})
    assert (await review(town, check, officer))[1]["code"] == "not_overridden"
    assert (await override(town, check)).status_code == 201
    [told] = await town.published("CheckOverridden")
    assert told["review_due_at"] == (NOW + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    refused = [
        (town.client.as_role("shift_leader"), {}, (403, "role_not_allowed")),
        (town.as_person("test-shift_leader", "hq_officer"), {}, (403, "own_override")),
        (town.client.as_role("supervisor", "compound:lj-002"), {}, (404, "check_unknown")),
        (officer, {"outcome": "objected"}, (422, "objection_needed")),
        (officer, {"objection": "no_grounds"}, (422, "objection_needed")),
        (officer, {"outcome": "objected", "objection": "other"}, (422, "note_needed")),
        (officer, {"outcome": "perhaps"}, (422, "invalid_request")),
    ]
    for who, changes, expected in refused:
        status, problem = await review(town, check, who, **changes)
        assert (status, problem["code"]) == expected
    assert await town.published("OverrideReviewed") == []
    said = {
        "review_id": str(uuid4()),
        "outcome": "objected",
        "objection": "identity_not_checked",
        "note": "王某未出示证件",
    }
    first = await review(town, check, officer, **said)
    assert first[0] == 201, first
    assert await review(town, check, officer, **said) == (200, first[1])
    other = await review(town, check, officer, **(said | {"objection": "no_grounds"}))
    assert (other[0], other[1]["code"]) == (422, "same_id_other_content")
    twice = await review(town, check, town.client.as_role("supervisor"))
    assert (twice[0], twice[1]["code"]) == (409, "already_reviewed")
    [event] = await town.published("OverrideReviewed")
    assert (event["check_id"], event["outcome"], event["objection"]) == (
        check["check_id"],
        "objected",
        "identity_not_checked",
    )
    kept = await town.rows("select * from override_review")
    assert [row["reviewed_by"] for row in kept] == ["test-hq_officer"]
    assert "王某" not in str(kept) + str(await town.rows("select document from outbox"))


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("checkpoint:lj-002-n", 404),
        ("compound:lj-002", 404),
        ("neighbourhood:nb-1", 201),
        (f"compound:{HERE}", 201),
    ],
)
async def test_a_shift_leader_overrides_at_their_own_posts_only(
    town: GateTown, scope: str, status: int
) -> None:
    check = await town.check({"kind": "visitor"})
    assert (await override(town, check, scope=scope)).status_code == status


async def test_there_must_be_something_to_override_and_a_reason_for_it(town: GateTown) -> None:
    admitted = await town.check(await town.resident())
    nothing = await override(town, admitted)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_override")
    refused = await town.check({"kind": "visitor"})
    silent = await override(town, refused, reason="other")
    assert (silent.status_code, silent.json()["code"]) == (422, "note_needed")
    assert (await override(town, refused, reason="because")).status_code == 422
    unknown = await override(town, {"check_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "check_unknown")


async def correct(town: GateTown, wrong: dict[str, Any], body: dict[str, Any], device: str = "") -> Response:
    return await town.client.http.post(
        f"/v1/entry-checks/{wrong['check_id']}/corrections",
        json=body,
        headers={"Authorization": f"Device {device or town.device}"},
    )


@pytest.mark.requirement("R2.3")
async def test_a_mistyped_fever_is_corrected_by_a_new_check_and_holds_nobody(town: GateTown) -> None:
    who = await town.resident()
    wrong = await town.check(who, temperature_c=38.6)
    assert codes(wrong) == ["fever"]
    body = town.body(who, temperature_c=36.8)
    answer = await correct(town, wrong, body)
    assert (answer.status_code, answer.json()["verdict"]) == (201, "admit")
    again = await correct(town, wrong, body)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert [event["corrects"] for event in await town.published("EntryChecked")] == [None, wrong["check_id"]]
    assert (await town.check(who))["verdict"] == "admit"
    kept = await town.rows("select * from entry_check order by received_at, seq limit 2")
    assert [await town.reading(row) for row in kept] == ["38.6", "36.8"]  # both are kept
    [withdrawn] = await town.published("FeverWithdrawn")  # told once, also after a repeat
    assert withdrawn == {
        "check_id": body["check_id"],
        "corrects": wrong["check_id"],
        "person_ref": str(who.person),
        "compound": HERE,
        "withdrawn_at": NOW.isoformat().replace("+00:00", "Z"),
    }
    other = await correct(town, wrong, town.body(who))
    assert (other.status_code, other.json()["code"]) == (409, "already_corrected")


async def test_a_corrected_fever_still_holds_while_another_one_stands(town: GateTown) -> None:
    who = await town.resident()
    first = await town.check(who, temperature_c=38.6)
    second = await town.check(who, temperature_c=38.4)
    assert "fever" in codes(second)
    answer = await correct(town, first, town.body(who, temperature_c=36.8))
    assert codes(answer.json()) == ["under_quarantine"]
    answer = await correct(town, second, town.body(who, temperature_c=36.9))
    assert answer.json()["verdict"] == "admit"
    assert [event["corrects"] for event in await town.published("FeverWithdrawn")] == [
        first["check_id"],
        second["check_id"],
    ]  # each by itself: whoever acted on them knows which one is left


async def test_a_correction_that_is_a_fever_holds(town: GateTown) -> None:
    who = await town.resident()
    wrong = await town.check(who, temperature_c=36.5)
    answer = await correct(town, wrong, town.body(who, temperature_c=38.5))
    assert codes(answer.json()) == ["fever"]
    assert len(await town.published("FeverSeen")) == 1
    assert await town.published("FeverWithdrawn") == []
    assert codes(await town.check(who)) == ["under_quarantine"]


async def test_a_correction_is_of_the_same_person_place_and_direction(town: GateTown) -> None:
    who, other = await town.resident(), await town.resident("李", "3-1-503")
    wrong = await town.check(who, temperature_c=38.6)
    for body in (town.body(other), town.body(who, direction="exit")):
        answer = await correct(town, wrong, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "corrects_another")
    elsewhere = await town.enrol(OTHER_CHECKPOINT)
    answer = await correct(town, wrong, town.body(who), elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (404, "check_unknown")
    assert len(await town.published("EntryChecked")) == 1  # nothing half written
    assert codes(await town.check(who)) == ["under_quarantine"]


@pytest.mark.scenario("G2")
async def test_a_fever_clinics_clearance_ends_the_hold_of_somebody_without_a_case(town: GateTown) -> None:
    who = await town.resident()
    await town.check(who, temperature_c=37.3)
    early = FeverCleared(
        person_ref=who.person, compound=HERE, case_id=None, cleared_at=NOW - timedelta(days=3)
    )
    await town.tell(early)  # of an earlier fever
    assert codes(await town.check(who)) == ["under_quarantine"]
    await town.tell(FeverCleared(person_ref=who.person, compound=HERE, case_id=None, cleared_at=LATER))
    assert (await town.check(who))["verdict"] == "admit"


def about(who: Resident, case: object) -> dict[str, Any]:
    return {"case_id": case, "person_ref": who.person, "compound": HERE}


@pytest.mark.scenario("G2")
async def test_the_restriction_follows_the_case_to_its_end(town: GateTown) -> None:
    who = await town.resident()
    case = await town.observe(who)
    assert (await town.check(who))["action"] == "go_straight_home"
    await town.tell(
        ObservationMeasureChanged(
            **about(who, case),
            measure="centralized_observation",
            category="focus",
            changed_at=LATER,
            policy_version=1,
        )
    )
    assert (await town.check(who))["action"] == "hold_for_transfer"
    await town.tell(
        ObservationRescheduled(
            **about(who, case),
            anchor_date=date(2020, 2, 20),
            last_day=date(2020, 3, 5),
            reason="anchor_corrected",
            rescheduled_at=LATER,
        )
    )
    assert (await town.check(who))["action"] == "hold_for_transfer"
    await town.tell(
        ObservationRestarted(
            **about(who, case),
            category="other",
            measure="home_quarantine",
            anchor_date=date(2020, 2, 24),
            last_day=date(2020, 3, 9),
            restarted_at=LATER,
        )
    )
    assert (await town.check(who, direction="exit"))["action"] == "stay_home_and_report"
    await town.tell(ObservationClosed(**about(who, case), ending="cancelled", closed_at=LATER))
    assert (await town.check(who))["verdict"] == "admit"


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_a_measure_that_changes_during_an_interruption_waits_for_the_resumption(
    town: GateTown, *, together: bool
) -> None:
    who = await town.resident()
    case = await town.observe(who, "home_quarantine")
    changed = ObservationMeasureChanged(
        **about(who, case),
        measure="home_self_monitoring",
        category="other",
        changed_at=LATER,
        policy_version=1,
    )
    if together:
        await town.tell(town.interrupted(who, case), changed)
    else:
        await town.tell(town.interrupted(who, case))
        await town.tell(changed)
    [kept] = await town.rows("select measure, interrupted from restriction")
    assert kept == {"measure": "medical", "interrupted": True}
    assert (await town.check(who))["action"] == "hold_and_report"
    await town.tell(town.resumed(who, case, LATER))
    [kept] = await town.rows("select measure, interrupted from restriction")
    assert kept == {"measure": "home_self_monitoring", "interrupted": False}
    await town.tell(
        ObservationMeasureChanged(
            **about(who, case),
            measure="home_quarantine",
            category="concern",
            changed_at=LATER,
            policy_version=1,
        )
    )
    [kept] = await town.rows("select measure from restriction")
    assert kept == {"measure": "home_quarantine"}


async def test_a_case_that_ends_leaves_gates_own_hold_until_somebody_has_looked(town: GateTown) -> None:
    who = await town.resident()
    case = await town.observe(who)
    await town.check(who, temperature_c=38.0)
    await town.tell(ObservationClosed(**about(who, case), ending="cancelled", closed_at=LATER))
    assert codes(await town.check(who)) == ["under_quarantine"]
