"""The nth entry of a day: asked once, counted here, the same answer for a repeat (R2.3)."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.events.policy import PolicyDocument
from shared.events.registry.rules import PolicyRevised
from shared.kernel.days import end_of, local_day
from shared.kernel.ids import uuid7
from tests.integration.gate.duty import at
from tests.integration.gate.town import NOW, OTHER_CHECKPOINT, POLICY, GateTown, codes

NO = {"been_to_focus_area": False, "contact_with_case": False, "unwell": False}


async def ask_everybody(town: GateTown) -> None:
    """A policy that makes the questions a must."""
    gate = POLICY.gate.model_copy(update={"musts": (*POLICY.gate.musts, "ask")})
    document: PolicyDocument = POLICY.model_copy(update={"gate": gate})
    await town.tell(
        PolicyRevised(version=2, effective_from=date(2020, 2, 24), revised_by="hq", document=document)
    )


def told(answer: dict[str, Any]) -> tuple[str, str | None, int | None]:
    return answer["verdict"], answer["action"], answer["nth_today"]


@pytest.mark.requirement("R2.3", "R2.6")
async def test_somebody_is_asked_at_their_first_entry_of_the_day_and_checked_at_every_one(
    town: GateTown,
) -> None:
    await ask_everybody(town)
    wang = await town.resident()
    assert told(await town.check(wang)) == ("cannot_verify", "ask_questions", 1)
    assert told(await town.check(wang, answers=NO)) == ("admit", None, 1)
    assert told(await town.check(wang, direction="exit")) == ("admit", None, None)
    again = town.body(wang)
    second = (await town.send(again)).json()
    assert told(second) == ("admit", None, 2)
    assert told(await town.check(wang, mask=False)) == ("refuse", "put_on_mask", 3)
    assert told(await town.check(wang, temperature_c=None)) == ("cannot_verify", "measure_temperature", 3)
    typed = await town.check({"kind": "document", "number": wang.document})
    assert told(typed) == ("admit_with_action", "offer_reprint", 3)
    repeat = await town.send(again)
    assert (repeat.status_code, repeat.json()) == (200, second)
    elsewhere = await town.send(town.body(wang), device=await town.enrol(OTHER_CHECKPOINT))
    assert (codes(elsewhere.json()), elsewhere.json()["nth_today"]) == (["wrong_compound", "incomplete"], 1)
    town.client.move_to(NOW + timedelta(hours=15))  # midnight in Shanghai
    assert told(await town.check(wang, checked_at=(NOW + timedelta(hours=15)).isoformat())) == (
        "cannot_verify",
        "ask_questions",
        1,
    )


async def test_checks_that_arrive_together_are_counted_one_after_the_other_by_when_they_happened(
    town: GateTown,
) -> None:
    wang, li = await town.resident(), await town.resident("李", "3-1-503")
    decided = {"verdict": "admit", "reasons": [], "policy_version": 1}

    def ago(minutes: int) -> dict[str, Any]:
        return {"checked_at": (NOW - timedelta(minutes=minutes)).isoformat(), "offline": decided}

    yesterday = 9 * 60 + 1
    answer = await town.batch(
        [
            town.body(wang, **ago(yesterday)),
            town.body(wang, **ago(60)),
            town.body(li, **ago(60)),
            town.body(wang, **ago(30)),
        ]
    )
    assert [item["answer"]["nth_today"] for item in answer.json()["items"]] == [1, 1, 1, 2]
    early = await town.batch([town.body(wang, **ago(50))])  # another device's, handed in later
    assert [item["answer"]["nth_today"] for item in early.json()["items"]] == [2]
    wrong = await town.check(wang)
    assert wrong["nth_today"] == 4
    right = await town.client.http.post(
        f"/v1/entry-checks/{wrong['check_id']}/corrections",
        json=town.body(wang, temperature_c=36.9),
        headers={"Authorization": f"Device {town.device}"},
    )
    assert right.json()["nth_today"] == 4  # the same entry, put right
    assert (await town.check({"kind": "visitor"}))["nth_today"] is None


@pytest.mark.scenario("G1", "G11")
async def test_a_pass_that_ends_tonight_admits_until_midnight_and_what_a_device_did_before_stays(
    town: GateTown,
) -> None:
    who = await town.resident()
    tonight = town.issued(who.pass_id, who.number, who.person).model_copy(
        update={"valid_until": end_of(local_day(NOW))}
    )
    await town.tell(tonight)
    answers = []
    for clock in ("02-24 23:59", "02-25 00:00"):
        town.client.move_to(at(clock))
        answers.append(await town.check(who, checked_at=at(clock).isoformat()))
    assert [(one["verdict"], codes(one)) for one in answers] == [("admit", []), ("refuse", ["pass_expired"])]
    town.client.move_to(at("02-25 07:00"))
    late = {"verdict": "admit", "reasons": [], "policy_version": 1}
    handed = town.body(who, checked_at=at("02-24 23:58").isoformat(), offline=late)
    [item] = (await town.batch([handed])).json()["items"]
    assert (item["status"], item["answer"]["verdict"]) == ("created", "admit")
    [row] = await town.rows("select happened_at from entry_check where offline")
    assert row["happened_at"] == at("02-24 23:58")


@pytest.mark.scenario("G7")
@pytest.mark.parametrize("occupants", [0, 1, 40, 60])
async def test_a_vehicle_with_nobody_or_a_coachful_waits_until_everybody_was_checked(
    town: GateTown, occupants: int
) -> None:
    body = {
        "check_id": str(uuid7()),
        "seq": 1,
        "direction": "exit",
        "plate": "苏E12345",
        "occupants": occupants,
        "occupant_checks": [],
        "boot_opened": True,
        "checked_at": NOW.isoformat(),
    }
    headers = {"Authorization": f"Device {town.device}"}
    answer = await town.client.http.post("/v1/vehicle-checks", json=body, headers=headers)
    assert answer.json()["verdict"] != "complete"
    assert "occupant_unchecked" in codes(answer.json())
