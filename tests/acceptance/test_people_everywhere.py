"""Births, papers, owners, records of one person, households at the door, people still away: through all services."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.events.gate import EntryChecked
from shared.events.observation import ObservationStarted
from shared.events.registry.passes import EntryPassIssued, EntryPassReinstated, EntryPassSuspended
from shared.events.registry.people import PersonRegistered
from shared.events.registry.returnees import ReturneeRegistered
from shared.events.registry.surveys import HouseholdSurveyed
from shared.kernel.days import local_day
from tests.acceptance.bus import told
from tests.acceptance.gates import check, enrol_device
from tests.acceptance.people import ask_pass, came_from, dwellings, find, register, resident_id
from tests.acceptance.stack import Stack
from tests.acceptance.town import board

pytestmark = pytest.mark.timeout(300)


async def whose(town: Stack, checks: list[str]) -> list[str]:
    """Whose checks these are, which the gate alone knows."""
    connection = await town.connect("gate")
    try:
        rows = await connection.fetch(
            "select check_id::text, person_ref::text from entry_check where check_id = any($1::text[]::uuid[])",
            checks,
        )
    finally:
        await connection.close()
    people = {row["check_id"]: row["person_ref"] for row in rows}
    return [people[check_id] for check_id in checks]


@pytest.mark.scenario("P2", "P3")
@pytest.mark.requirement("R4.3")
async def test_a_newborn_gets_papers_later_and_a_passport_is_renewed_and_nobody_counts_twice(
    town: Stack,
) -> None:
    here = "lj-002"
    clerk = town.as_role("community_clerk")
    [home, *_] = await dwellings(town, here)
    before = await board(town, here)
    passport = {"kind": "passport", "number": "zx 0700001"}
    mother = await register(
        town, home, name="上官听雨", sex="female", born="1988-03-12", documents=[passport]
    )
    newborn = {"name": "上官小满", "sex": "female", "born": "2020-02-20", "relation": "dependant"}
    child = await register(town, home, guardian_ref=mother, **newborn)
    assert await register(town, home, guardian_ref=mother, **newborn) == child
    await town.equal()
    assert (await board(town, here))["people"] == before["people"] + 2

    # The first ID of the one and the next passport of the other attach to the same people.
    number = resident_id("20200220", 641)
    right = resident_id("19880312", 641)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    for person, paper in (
        (child, {"kind": "resident_id", "number": f" {number.lower()} "}),
        (mother, {"kind": "passport", "number": "ZX0700002"}),
        (mother, {"kind": "resident_id", "number": wrong}),
    ):
        body = {"change_id": str(uuid4()), **paper}
        path = f"/v1/people/{person}/documents"
        await town.call("POST", "registry", path, headers=clerk, json=body)
    assert await find(town, document=number) == [child]
    assert await find(town, document="ZX0700001") == await find(town, document="zx0700002") == [mother]
    papers = (await town.call("GET", "registry", f"/v1/people/{mother}", headers=clerk))["documents"]
    assert {(one["number"], one["verified"], one["error"]) for one in papers} == {
        ("ZX0700001", True, None),
        ("ZX0700002", True, None),
        (wrong, False, "document_checksum"),
    }
    await town.equal()
    assert (await board(town, here))["people"] == before["people"] + 2
    for person in (mother, child):
        homes = {one["dwelling_id"] for one in await told(town, PersonRegistered, here, person_ref=person)}
        assert homes == {home["dwelling_id"]}


@pytest.mark.scenario("P4", "P10")
@pytest.mark.requirement("R2.3", "R2.7")
async def test_an_absent_owner_gets_no_pass_and_two_records_of_a_tenant_are_one_until_it_is_undone(
    town: Stack,
) -> None:
    here = "lj-005"
    clerk = town.as_role("community_clerk")
    [home, *_] = await dwellings(town, here)
    before = await board(town, here)
    owner = await register(
        town,
        home,
        relation="owner",
        resident=False,
        name="欧阳归田",
        documents=[{"kind": "resident_id", "number": resident_id("19700101", 642)}],
    )
    assert (await ask_pass(town, owner, here, 409))["code"] == "not_a_resident"
    tenant: dict[str, Any] = {"sex": "female", "born": "1990-03-07"}
    passport, number = "ZX0700003", resident_id("19900307", 643)
    first = await register(
        town, home, name="慕容听雪", documents=[{"kind": "passport", "number": passport}], **tenant
    )
    second = await register(
        town, home, name="慕容雪", documents=[{"kind": "resident_id", "number": number}], **tenant
    )
    issued = await ask_pass(town, second, here, 201)
    await town.equal()
    line = await board(town, here)
    assert (line["people"], line["residents"]) == (before["people"] + 3, before["residents"] + 2)

    # The one record is under observation; the pass of the other one opens the gate, as far as anybody knows.
    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": "慕容听雪",
            "phone": "19900008743",
            "documents": [{"kind": "passport", "number": passport}],
            **tenant,
        },
        "dwelling": {"dwelling_id": home["dwelling_id"]},
        "trip": came_from("330300", local_day(town.now())),
    }
    came = await town.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=201)
    assert came["person_ref"] == first
    await town.equal()
    device = await enrol_device(town, f"{here}-k1")
    scanned = {"kind": "pass_token", "token": issued["token"]}
    assert (await check(town, device, 1, scanned))["verdict"] == "admit"
    observed = (await board(town, here))["under_observation"]

    # One person from now on: found by either paper, counted once, and under observation with the pass in hand.
    merge = {"merge_id": str(uuid4()), "kept": first, "merged": second, "reason": "同一人，两次登记"}
    await town.call("POST", "registry", "/v1/merges", headers=clerk, json=merge, expect=201)
    await town.equal()
    assert await find(town, document=number) == await find(town, document=passport) == [first]
    line = await board(town, here)
    assert (line["people"], line["under_observation"]) == (before["people"] + 2, observed)
    kept_in = await check(town, device, 2, scanned, direction="exit")
    assert (kept_in["verdict"], kept_in["reasons"][0]["code"]) == ("refuse", "under_quarantine")

    # Two people again: each has what was their own, and the card in the holder's hand is good as it was.
    undo = {"separation_id": str(uuid4()), "reason": "是两姐妹"}
    path = f"/v1/merges/{merge['merge_id']}/undo"
    await town.call("POST", "registry", path, headers=clerk, json=undo, expect=200)
    await town.equal()
    assert await find(town, document=number) == [second]
    assert await find(town, document=passport) == [first]
    line = await board(town, here)
    assert (line["people"], line["under_observation"]) == (before["people"] + 3, observed)
    assert (await check(town, device, 3, scanned))["verdict"] == "admit"
    kept_in = await check(town, device, 4, {"kind": "document", "number": passport}, direction="exit")
    assert kept_in["verdict"] == "refuse"
    await town.equal()
    checked = [one["check_id"] for one in (await told(town, EntryChecked, here))[-4:]]
    assert await whose(town, checked) == [second, first, second, first]
    standing = [
        len(await told(town, event, pass_id=issued["pass_id"]))
        for event in (EntryPassIssued, EntryPassSuspended, EntryPassReinstated)
    ]
    assert standing == [1, 1, 1]


@pytest.mark.scenario("P7", "P8")
@pytest.mark.requirement("R4.1")
async def test_a_round_is_not_done_while_one_door_stays_shut_and_two_forms_of_a_door_are_one_household(
    town: Stack,
) -> None:
    here, today = "lj-006", local_day(town.now())
    officer, clerk = town.as_role("hq_officer"), town.as_role("community_clerk", f"compound:{here}")
    round_id = str(uuid4())
    rounds = f"/v1/survey-rounds/{round_id}"
    opening = {
        "round_id": round_id,
        "number": 2,
        "compounds": [here],
        "due_on": (today + timedelta(days=3)).isoformat(),
    }
    await town.call("POST", "registry", "/v1/survey-rounds", headers=officer, json=opening, expect=201)
    doors = (
        await town.call("GET", "registry", f"{rounds}/dwellings?compound={here}&limit=200", headers=clerk)
    )["items"]
    [*others, shut] = doors

    async def hand_in(door: dict[str, Any], outcome: str, **fields: Any) -> Any:
        worker = town.as_role("grid_worker", f"grid:{door['grid']}")
        body = {
            "submission_id": str(uuid4()),
            "round_id": round_id,
            "dwelling_id": door["dwelling_id"],
            "outcome": outcome,
            "visited_at": town.now().isoformat(),
            **fields,
        }
        return await town.call(
            "POST", "registry", "/v1/survey-submissions", headers=worker, json=body, expect=201
        )

    async def living(door: dict[str, Any]) -> list[str]:
        path = f"{rounds}/dwellings/{door['dwelling_id']}/form"
        told = await town.call("GET", "registry", path, headers=clerk)
        return [one["person_ref"] for one in told["residents"]]

    for door in others:
        if members := [{"state": "present", "person_ref": ref} for ref in await living(door)]:
            await hand_in(door, "done", members=members)
        else:
            await hand_in(door, "empty", witness="property_staff")
    for _ in range(3):
        assert (await hand_in(shut, "absent"))["final"] is False
    coverage = (await town.call("GET", "registry", f"{rounds}/coverage?by=compound", headers=officer))[
        "total"
    ]
    assert (coverage["final"], coverage["dwellings"]) == (len(doors) - 1, len(doors))
    assert float(coverage["percent"]) < 100
    await town.equal()
    line = await board(town, here)
    assert (line["survey_final"], line["survey_dwellings"]) == (len(doors) - 1, len(doors))

    # Two workers had been at one door without knowing of each other: both forms are kept, the household is one.
    people = line["people"]
    came = [
        {"state": "new", "person": {"name": name, "phone": phone, "relation": "tenant", "documents": [paper]}}
        for name, phone, paper in (
            ("诸葛明月", "19900008741", {"kind": "resident_id", "number": resident_id("19910405", 644)}),
            ("诸葛清风", "19900008742", {"kind": "resident_id", "number": resident_id("19920506", 645)}),
        )
    ]
    present = [{"state": "present", "person_ref": ref} for ref in await living(shut)]
    forms = [await hand_in(shut, "done", members=[*present, one]) for one in came]
    assert [one["standing"] for one in forms] == ["current", "conflicting"]
    await town.equal()
    line = await board(town, here)
    assert (line["people"], line["survey_final"]) == (people + 1, len(doors) - 1)
    [listed] = (await town.call("GET", "registry", f"{rounds}/conflicts?compound={here}", headers=clerk))[
        "items"
    ]
    body = {
        "resolution_id": str(uuid4()),
        "chosen": listed["current"]["submission_id"],
        "reason": "电话核实，前一份正确",
    }
    path = f"{rounds}/dwellings/{shut['dwelling_id']}/resolution"
    await town.call("POST", "registry", path, headers=clerk, json=body, expect=201)
    await town.equal()
    line = await board(town, here)
    assert (line["people"], line["survey_final"]) == (people + 1, len(doors))
    path = "/v1/survey-submissions"
    kept = [
        await town.call("GET", "registry", f"{path}/{one['submission_id']}", headers=clerk) for one in forms
    ]
    assert [one["standing"] for one in kept] == ["current", "kept"]
    surveyed = await told(town, HouseholdSurveyed, here, dwelling_id=shut["dwelling_id"])
    assert [(one["outcome"], one["final"], one["conflict"]) for one in surveyed] == [
        *[("absent", False, False)] * 3,
        ("done", True, False),
        ("done", False, True),
        ("done", True, False),
    ]


@pytest.mark.scenario("P12")
@pytest.mark.requirement("R4.5")
async def test_a_person_still_away_is_called_and_counts_as_observed_only_once_here(town: Stack) -> None:
    here, today = "lj-007", local_day(town.now())
    clerk = town.as_role("community_clerk")
    [home, *_] = await dwellings(town, here)
    before = await board(town, here)
    entry = {
        "entry_id": str(uuid4()),
        "name": "司徒望乡",
        "phone": "19900008751",
        "compound": here,
        "grid": home["grid_id"],
        "present_code": "420100",
        "planned_return": (today + timedelta(days=10)).isoformat(),
    }
    await town.call("POST", "registry", "/v1/call-list", headers=clerk, json=entry, expect=201)
    call = {
        "call_id": str(uuid4()),
        "outcome": "postponed",
        "next_call_on": (today + timedelta(days=5)).isoformat(),
    }
    path = f"/v1/call-list/{entry['entry_id']}"
    await town.call("POST", "registry", f"{path}/calls", headers=clerk, json=call)
    await town.equal()
    assert (await board(town, here))["under_observation"] == before["under_observation"]

    intake = {
        "intake_id": str(uuid4()),
        "person": {
            "name": entry["name"],
            "phone": entry["phone"],
            "documents": [{"kind": "resident_id", "number": resident_id("19850607", 646)}],
        },
        "dwelling": {name: home[name] for name in ("building", "unit", "room")} | {"compound": here},
        "trip": came_from("420100", today),
    }
    came = await town.call("POST", "registry", "/v1/returnees", headers=clerk, json=intake, expect=201)
    assert (came["category"], came["measure"]) == ("focus", "centralized_observation")
    arrival = {"intake_id": intake["intake_id"]}
    left = await town.call("POST", "registry", f"{path}/arrival", headers=clerk, json=arrival)
    assert left["state"] == "arrived"
    await town.equal()
    assert (await board(town, here))["under_observation"] == before["under_observation"] + 1
    [told_once] = await told(town, ReturneeRegistered, here, intake_id=intake["intake_id"])
    [started] = await told(town, ObservationStarted, here, person_ref=told_once["person_ref"])
    assert (started["category"], started["measure"]) == ("focus", "centralized_observation")
