"""What is known of either record of a person counts at the gate (P10)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.gate.projections.merges import Merges
from shared.events.base import Event
from shared.events.envelope import Cause, encode
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PeopleMerged, PeopleSeparated
from shared.kernel.ids import PersonRef, uuid7
from tests.integration.gate.test_gate_lists import rows, told
from tests.integration.gate.town import HERE, NOW, THERE, GateTown, codes

ANEW = "9.1.abc"
"""A version that cannot be continued: the whole list is made at once, not handed out as it was seconds ago."""


async def tell(town: GateTown, event: Event, version: int) -> None:
    document = encode(event, event_id=uuid7(), time=NOW, version=version, cause=Cause(correlation=uuid7()))
    await town.deliver(Merges(), "registry", "merges", [document])


def merged(merge_id: UUID, kept: PersonRef, other: PersonRef) -> PeopleMerged:
    return PeopleMerged(merge_id=merge_id, kept=kept, merged=other, merged_at=NOW)


@pytest.mark.scenario("P10")
async def test_an_old_pass_works_after_a_merge_and_either_record_restricts_both(town: GateTown) -> None:
    old, other = await town.resident("王", "3-1-502"), await town.resident("王", "5-1-101", with_pass=False)
    merge_id = uuid4()
    await tell(town, merged(merge_id, other.person, old.person), 1)
    assert (await town.check(old))["verdict"] == "admit"
    [kept] = await town.rows("select person_ref from entry_check")
    assert kept["person_ref"] == other.person
    by_paper = await town.check({"kind": "document", "number": other.document})
    assert "no_pass" not in codes(by_paper)  # the pass of the other record counts

    await town.observe(other, "home_quarantine")
    assert "under_quarantine" in codes(await town.check(old))
    separated = PeopleSeparated(merge_id=merge_id, kept=other.person, merged=old.person, separated_at=NOW)
    await tell(town, separated, 2)
    assert (await town.check(old))["verdict"] == "admit"
    await tell(town, merged(merge_id, other.person, old.person), 1)  # old news
    assert (await town.check(old))["verdict"] == "admit"


@pytest.mark.scenario("P10")
async def test_two_records_in_one_room_are_one_person_to_a_guard(town: GateTown) -> None:
    one, two = await town.resident("王", "3-1-502"), await town.resident("王", "3-1-502", with_pass=False)
    looked_up = {"kind": "dwelling_surname", "room": "3-1-502", "surname": "王"}
    assert (await town.check(looked_up))["verdict"] == "cannot_verify"
    await tell(town, merged(uuid4(), two.person, one.person), 1)
    answer = await town.check(looked_up)
    assert answer["display"] == {"surname": "王*", "room": "3-1-502"}
    assert answer["verdict"] == "admit_with_action"  # without the pass in hand


@pytest.mark.scenario("P10")
async def test_a_fever_at_the_gate_ends_when_observation_decides_about_the_other_record(
    town: GateTown,
) -> None:
    one, two = await town.resident("王", "3-1-502"), await town.resident("王", "5-1-101", with_pass=False)
    case_id = await town.observe(two)
    await tell(town, merged(uuid4(), one.person, two.person), 1)
    assert "fever" in codes(await town.check(one, temperature_c=38.0))
    later = NOW + timedelta(hours=1)
    await town.tell(town.completed(two, case_id, later))
    assert (await town.check(one))["verdict"] == "admit"


@pytest.mark.scenario("P10", "G14")
async def test_what_restricts_either_record_stands_in_a_devices_list_until_the_merge_is_undone(
    town: GateTown,
) -> None:
    old, other = await town.resident("王", "3-1-502"), await town.resident("王", "5-1-101", with_pass=False)
    await town.resident("李", "3-1-503")
    case = await town.observe(other, "home_quarantine")
    before = await told(town)
    assert rows(before)[old.number].bound == 0
    merge_id = uuid4()
    await tell(town, merged(merge_id, other.person, old.person), 1)
    change = await told(town, before.version)
    assert rows(change).keys() == {old.number}
    for made in (change, await told(town, ANEW)):
        [held] = rows(made)[old.number].restrictions(HERE)
        assert held.measure == "home_quarantine"

    await town.tell(town.completed(other, case, NOW + timedelta(days=14)))
    released = await told(town, change.version)
    assert {number: row.bound for number, row in rows(released).items()} == {old.number: 0}

    await town.observe(other)
    bound = await told(town, released.version)
    assert rows(bound)[old.number].bound
    separated = PeopleSeparated(merge_id=merge_id, kept=other.person, merged=old.person, separated_at=NOW)
    await tell(town, separated, 2)
    free = await told(town, bound.version)
    assert {number: row.bound for number, row in rows(free).items()} == {old.number: 0}
    assert {row.bound for row in rows(await told(town, ANEW)).values()} == {0}


@pytest.mark.scenario("P10")
async def test_a_devices_list_shows_the_holder_by_the_card_of_either_record(town: GateTown) -> None:
    old, other = await town.resident("王", "3-1-502"), await town.resident("王", "5-1-101", THERE)
    await tell(town, merged(uuid4(), other.person, old.person), 1)
    shown = rows(await told(town))[old.number]
    assert (shown.surname, shown.room) == ("王*", "3-1-502")
    withdrawn = SubjectCardSealed(recipient="gate", person_ref=old.person, compound=HERE, card=None)
    before = await told(town)
    await town.tell(withdrawn)
    shown = rows(await told(town, before.version))[old.number]
    assert (shown.surname, shown.room) == ("王*", None)
