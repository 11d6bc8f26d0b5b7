"""What checks tell of people goes by the policy's days or by an erasure; checks and counts stay."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.gate.consumers import erasures
from services.gate.handlers.retention import forget_due
from services.gate.store import facts
from shared.events.envelope import Cause, encode
from shared.events.registry.people import PersonErased
from shared.kernel.ids import uuid7
from tests.integration.gate.town import NOW, GateTown, codes

TELLING = ("person_ref", "pass_id", "temperature_sealed", "answers_sealed")


async def telling(town: GateTown) -> list[set[str]]:
    """What each check still tells of somebody, in their order."""
    rows = await town.rows("select * from entry_check order by seq")
    return [{name for name in TELLING if row[name] is not None} for row in rows]


async def forget(town: GateTown, after: timedelta, *, batch: int = 1) -> int:
    """The job as it runs some time after the checks."""
    town.client.move_to(NOW + after)
    return await forget_due(town.client.context.database, batch=batch)


async def counted(town: GateTown) -> list[list[dict[str, Any]]]:
    """Gate's own figures of checks."""
    return [await town.rows(statement) for statement in (facts.CHECKS, facts.VEHICLES)]


@pytest.mark.requirement("Data and law")
async def test_readings_go_first_and_then_who_it_was_and_every_count_stays(town: GateTown) -> None:
    wang = await town.resident()
    asked = town.body(
        wang, answers={"unwell": False, "contact_with_case": False, "been_to_focus_area": False}
    )
    first = (await town.send(asked)).json()
    await town.check(wang)
    await town.check({"kind": "visitor"})
    before = await counted(town)
    all_of_it = set(TELLING)
    assert await telling(town) == [all_of_it, all_of_it - {"answers_sealed"}, set()]

    assert await forget(town, timedelta(days=14)) == 0  # the fourteenth day is not over
    assert await forget(town, timedelta(days=15)) == 2
    assert await telling(town) == [{"person_ref", "pass_id"}] * 2 + [set()]
    assert await forget(town, timedelta(days=15)) == 0
    assert await forget(town, timedelta(days=31)) == 2
    assert await telling(town) == [set()] * 3

    assert await counted(town) == before
    again = await town.send(asked)  # whoever never got the answer gets it still
    assert (again.status_code, again.json()["verdict"]) == (200, first["verdict"])
    assert len(await town.published("EntryChecked")) == 3


async def test_a_check_received_while_the_clock_was_set_back_is_forgotten_in_its_turn(town: GateTown) -> None:
    wang = await town.resident()
    await town.check(wang)
    await forget(town, timedelta(days=40))
    town.client.move_to(NOW)
    await town.check(wang)
    assert await forget(town, timedelta(days=1)) == 0
    assert await forget(town, timedelta(days=40)) == 2  # once as a reading, once as somebody's
    assert await telling(town) == [set(), set()]


async def test_a_policy_that_says_nothing_of_checks_makes_nothing_due(town: GateTown, owner: Any) -> None:
    wang = await town.resident()
    await town.check(wang)
    await owner(
        "update policy_version set document = document #- '{retention,check_person_days}'"
        " #- '{retention,check_reading_days}'"
    )
    assert await forget(town, timedelta(days=400)) == 0
    assert await telling(town) == [{"person_ref", "pass_id", "temperature_sealed"}]


async def test_an_ended_fever_hold_goes_and_one_in_force_stays(town: GateTown) -> None:
    wang, li = await town.resident(), await town.resident("李", "2-1-101")
    hot = await town.check(wang, temperature_c=38.6)
    await town.check(li, temperature_c=38.6)
    body = town.body(wang, temperature_c=36.6)
    corrected = await town.client.http.post(
        f"/v1/entry-checks/{hot['check_id']}/corrections",
        json=body,
        headers={"Authorization": f"Device {town.device}"},
    )
    assert corrected.status_code == 201
    await forget(town, timedelta(days=31))
    [hold] = await town.rows("select person_ref, active from restriction")
    assert hold == {"person_ref": li.person, "active": True}


async def test_what_was_decided_about_in_quarantine_is_listed_without_its_content(town: GateTown) -> None:
    device_id = town.device.partition(".")[0]
    lead, judge = town.client.as_role("ops"), town.client.as_role("supervisor")
    await town.client.http.post(f"/v1/devices/{device_id}/revoke", headers=lead)
    await town.batch([town.body({"kind": "visitor"}), town.body({"kind": "visitor"})])
    listed = (await town.client.http.get("/v1/quarantine", headers=judge)).json()["items"]
    done = {"item_ids": [listed[0]["item_id"]], "because": "trial_data"}
    told = await town.client.http.post("/v1/quarantine/discard", json=done, headers=judge)
    assert told.status_code == 200, told.text
    await forget(town, timedelta(days=31))
    kept = await town.rows(
        "select state, item_sealed is null as forgotten from quarantined_item order by state"
    )
    assert kept == [{"state": "discarded", "forgotten": True}, {"state": "held", "forgotten": False}]
    again = await town.client.http.get("/v1/quarantine", headers=judge)
    assert [one["state"] for one in again.json()["items"]] == ["discarded", "held"]


@pytest.mark.requirement("Data and law")
async def test_an_erased_persons_checks_are_nobodys_and_count_as_before(town: GateTown) -> None:
    wang, li = await town.resident(), await town.resident("李", "2-1-101")
    for who in (wang, li, wang):
        await town.check(who)
    before = await counted(town)
    erased = encode(
        PersonErased(person_ref=wang.person, erased_at=NOW),
        event_id=uuid7(),
        time=NOW,
        version=2,
        cause=Cause(correlation=uuid4()),
    )
    await town.deliver(erasures(town.client.context.vault), "registry", "erasures", [erased])
    assert await telling(town) == [set(), {"person_ref", "pass_id", "temperature_sealed"}, set()]
    assert await counted(town) == before


async def test_what_is_told_of_checks_names_neither_person_nor_vehicle_nor_reading(town: GateTown) -> None:
    wang = await town.resident()
    assert codes(await town.check(wang, temperature_c=36.7)) == []
    told = await town.rows("select document from outbox where channel = 'checks'")
    assert told
    for row in told:
        assert str(wang.person) not in row["document"]
        assert "36.7" not in row["document"]
