"""A registered returnee's observation starts by itself, once."""

from datetime import date, datetime
from uuid import uuid4

import asyncpg
import pytest

from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import HouseholdChanged, PeopleMerged, PeopleSeparated
from shared.events.registry.returnees import ReturneeRegistered, StatedBefore
from shared.kernel.ids import GridId
from tests.integration.observation.conftest import (
    FEB24,
    LAST,
    OFFICER,
    Desk,
    days_from,
    policy_revised,
    returnee,
)


@pytest.mark.requirement("R2.7")
async def test_a_returnee_registered_opens_one_case_however_often_it_is_told(desk: Desk) -> None:
    event = returnee()
    await desk.hear(event)
    await desk.hear(event)  # under a new position: the reaction itself acts once
    rows = await desk.rows("select state, last_day, version, next_step_at from observation_case")
    assert [(row["state"], row["last_day"], row["version"]) for row in rows] == [
        ("under_observation", LAST, 1)
    ]
    started = await desk.told("ObservationStarted")
    assert [(fact["version"], fact["last_day"], fact["policy_version"]) for fact in started] == [
        (1, "2020-03-09", 1)
    ]


async def test_a_second_return_during_an_observation_opens_no_second_case(desk: Desk) -> None:
    event = returnee()
    await desk.hear(event, returnee(event.person_ref, anchor=date(2020, 2, 25)))
    assert len(await desk.rows("select case_id from observation_case")) == 1
    assert len(await desk.told("ObservationStarted")) == 1


async def test_the_database_itself_refuses_two_cases_in_force_for_one_person(desk: Desk) -> None:
    await desk.open_case()
    copy = """
    insert into observation_case (case_id, intake_id, person_ref, compound, dwelling_id, grid, category, measure,
      anchor_date, anchor_basis, days, policy_version, opened_at, settled_through, awaiting_since, ended_at, version,
      state, last_day, next_step_at, day_zero)
    select gen_random_uuid(), gen_random_uuid(), person_ref, compound, dwelling_id, grid, category, measure,
      anchor_date, anchor_basis, days, policy_version, opened_at, settled_through, awaiting_since, ended_at, version,
      state, last_day, next_step_at, day_zero from observation_case
    """
    with pytest.raises(asyncpg.UniqueViolationError, match="case_one_in_force"):
        async with desk.database.pool.acquire() as connection:
            await connection.execute(copy)


@pytest.mark.scenario("O10")
async def test_who_completed_and_returns_later_gets_a_new_case_and_the_old_one_stays(desk: Desk) -> None:
    event = returnee()
    first = await desk.open_case(event)
    for day in days_from(date(2020, 2, 25), LAST):
        desk.move(day, "18:00")
        assert (await desk.declare(first)).status_code == 201
    desk.move(date(2020, 3, 10), "00:00")
    await desk.tick()
    before = await desk.rows("select * from observation_case where case_id = $1", first)
    assert before[0]["state"] == "completed"

    desk.move(date(2020, 3, 20), "12:00")
    second = await desk.open_case(returnee(event.person_ref, anchor=date(2020, 3, 20)))
    assert second != first
    assert await desk.rows("select * from observation_case where case_id = $1", first) == before
    assert [fact["last_day"] for fact in await desk.told("ObservationStarted")] == [
        "2020-03-09",
        "2020-04-03",
    ]


@pytest.mark.requirement("R1.2")
async def test_a_returnee_told_before_any_policy_is_opened_when_one_is_in_force(bare_desk: Desk) -> None:
    await bare_desk.hear(returnee())
    await bare_desk.tick()
    assert await bare_desk.rows("select case_id from observation_case") == []
    await bare_desk.hear(policy_revised(effective_from=date(2020, 2, 25)))
    await bare_desk.tick()
    assert await bare_desk.rows("select case_id from observation_case") == []
    bare_desk.move(date(2020, 2, 25), "08:00")
    await bare_desk.tick()
    await bare_desk.tick()
    assert [fact["anchor_date"] for fact in await bare_desk.told("ObservationStarted")] == ["2020-02-24"]
    assert await bare_desk.rows("select intake_id from opening_waiting") == []


async def test_a_returnee_told_after_the_period_waits_for_an_officer(desk: Desk) -> None:
    await desk.hear(returnee(anchor=date(2020, 2, 1)))
    assert [fact["event"] for fact in await desk.told()] == ["ObservationStarted", "ObservationAwaitsClosure"]
    assert await desk.tick() == 0


async def test_a_contact_card_is_kept_sealed_replaced_and_dropped(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    await desk.card(event, name="测试甲", phone="19912345678", room="3-2-501")
    answer = await desk.get(f"/v1/cases/{case_id}")
    assert answer.json()["contact"] == {"name": "测*", "phone": "199****5678", "room": "3-2-501"}
    await desk.card(event, name="测试甲", room="3-2-502")
    answer = await desk.get(f"/v1/cases/{case_id}")
    assert answer.json()["contact"] == {"name": "测*", "phone": None, "room": "3-2-502"}
    reads = await desk.rows("select actor, role, action, person_ref from audit_read order by id")
    assert [tuple(read.values()) for read in reads] == [
        ("test-community_clerk", "community_clerk", "observation.read_case", event.person_ref)
    ] * 2
    await desk.hear(
        SubjectCardSealed(
            recipient="observation", person_ref=event.person_ref, compound=event.compound, card=None
        )
    )
    assert (await desk.get(f"/v1/cases/{case_id}")).json()["contact"] is None
    assert await desk.rows("select person_ref from contact_card") == []


async def test_a_card_for_an_erased_person_is_not_kept(desk: Desk) -> None:
    event = returnee()
    await desk.open_case(event)
    await desk.client.context.vault.destroy(event.person_ref)
    await desk.card(event, name="测试甲", room="3-2-501")
    assert await desk.rows("select person_ref from contact_card") == []


def test_only_the_own_cards_are_fetched(desk: Desk) -> None:
    channels = set().union(*(consumer.channels() for consumer in desk.client.service.consumers))
    assert ("registry", "cards_observation") in channels
    assert not {("registry", "cards_gate"), ("registry", "cards_sanitation")} & channels


@pytest.mark.scenario("O3")
@pytest.mark.requirement("R4.6")
async def test_a_corrected_intake_moves_what_still_stands_on_it_and_nothing_that_was_decided_since(
    desk: Desk,
) -> None:
    event = returnee(anchor=FEB24)
    case_id = await desk.open_case(event)
    desk.move(date(2020, 2, 29), "12:00")

    def before(told: ReturneeRegistered) -> StatedBefore:
        return StatedBefore(category=told.category, measure=told.measure, anchor_date=told.anchor_date)

    shown = event.replace(
        anchor_date=date(2020, 2, 22),
        anchor_basis="arrival_with_proof",
        category="concern",
        measure="home_quarantine",
        corrects=before(event),
    )
    await desk.hear(shown)
    await desk.hear(shown)  # told again, it changes nothing any more
    (moved,) = await desk.told("ObservationRescheduled")
    assert (moved["anchor_date"], moved["last_day"], moved["reason"]) == (
        "2020-02-22",
        "2020-03-07",
        "anchor_corrected",
    )
    (changed,) = await desk.told("ObservationMeasureChanged")
    assert (changed["measure"], changed["category"]) == ("home_quarantine", "concern")
    told = [fact["version"] for fact in await desk.told()]
    assert told == list(range(1, len(told) + 1))
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["anchor_date"], case["first_anchor_date"]) == ("2020-02-22", "2020-02-24")
    assert [change["from_measure"] for change in case["measure_changes"]] == ["home_self_monitoring"]

    # An officer knows better meanwhile: day 0 and measure are theirs from now on.
    body = {"decision_id": str(uuid4()), "kind": "correct_anchor", "reason": "流调核实"}
    terms = {"anchor_date": "2020-02-21", "anchor_basis": "arrival_with_proof"}
    assert (await desk.post(f"/v1/cases/{case_id}/decisions", body | terms, OFFICER)).status_code == 201
    terms = {"measure": "home_self_monitoring", "category": "other"}
    body = {"decision_id": str(uuid4()), "kind": "change_measure", "reason": "流调核实"}
    assert (await desk.post(f"/v1/cases/{case_id}/decisions", body | terms, OFFICER)).status_code == 201
    count = len(await desk.told())
    await desk.hear(
        shown.replace(anchor_date=FEB24, measure="centralized_observation", corrects=before(shown))
    )
    assert len(await desk.told()) == count


@pytest.mark.scenario("O3", "P10")
async def test_a_corrected_intake_reaches_the_case_into_which_its_own_was_merged(desk: Desk) -> None:
    kept, merged, later = returnee(anchor=FEB24), returnee(anchor=FEB24), returnee(anchor=FEB24)
    case_id = await desk.open_case(kept)
    await desk.open_case(merged)
    at = datetime.fromisoformat("2020-02-24T10:00:00+08:00")
    merge = {"merge_id": uuid4(), "kept": kept.person_ref, "merged": merged.person_ref}
    chained = {"merge_id": uuid4(), "kept": later.person_ref, "merged": kept.person_ref}
    await desk.hear(PeopleMerged(**merge, merged_at=at), PeopleMerged(**chained, merged_at=at))

    async def correct(told: ReturneeRegistered, anchor: date, **more: str) -> ReturneeRegistered:
        before = StatedBefore(category=told.category, measure=told.measure, anchor_date=told.anchor_date)
        said = told.replace(anchor_date=anchor, anchor_basis="arrival_with_proof", corrects=before, **more)
        await desk.hear(said, said)  # told again, it changes nothing any more
        return said

    async def last_days() -> list[str]:
        return [fact["last_day"] for fact in await desk.told("ObservationRescheduled")]

    desk.move(date(2020, 2, 29), "12:00")
    said = await correct(merged, date(2020, 2, 26), category="concern", measure="home_quarantine")
    assert await last_days() == ["2020-03-11"]
    said = await correct(said, date(2020, 2, 28))
    assert await last_days() == ["2020-03-11", "2020-03-13"]
    said = await correct(said, FEB24)  # nothing is shortened by itself
    assert await last_days() == ["2020-03-11", "2020-03-13"]
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["last_day"], case["measure"], case["category"]) == (
        "2020-03-13",
        "home_quarantine",
        "concern",
    )
    await desk.hear(PeopleSeparated(**merge, separated_at=desk.client.context.clock.now()))
    version = (await desk.rows("select version from observation_case where case_id = $1", case_id))[0]
    await correct(said, date(2020, 2, 29))  # two people after all: each stands on their own intake
    assert await desk.rows("select version from observation_case where case_id = $1", case_id) == [version]


@pytest.mark.requirement("R3.2")
@pytest.mark.parametrize("first", ["the household", "the intake"])
async def test_a_case_goes_with_its_dwelling_into_another_grid(desk: Desk, first: str) -> None:
    event = returnee()
    moved = HouseholdChanged(
        dwelling_id=event.dwelling_id,
        compound=event.compound,
        grid=GridId("lj-001-w02"),
        occupancy="owner_occupied",
        members=(event.person_ref,),
    )
    here, there = ("grid_worker", "grid:lj-001-w01"), ("grid_worker", "grid:lj-001-w02")
    if first == "the household":
        await desk.hear(moved, event)
    else:
        case_id = await desk.open_case(event)
        await desk.declare(case_id, 38.2)
        assert len((await desk.get("/v1/fevers", here)).json()["items"]) == 1
        await desk.hear(moved)
    [row] = await desk.rows("select case_id, grid from observation_case")
    assert row["grid"] == "lj-001-w02"
    path = f"/v1/cases/{row['case_id']}"
    assert [(await desk.get(path, who)).status_code for who in (here, there)] == [404, 200]
    for who, count in ((here, 0), (there, 1)):
        assert len((await desk.get("/v1/cases", who)).json()["items"]) == count
        fevers = (await desk.get("/v1/fevers", who)).json()["items"]
        assert len(fevers) == (count if first == "the intake" else 0)
    [started] = await desk.told("ObservationStarted")
    assert started["grid"] == ("lj-001-w02" if first == "the household" else "lj-001-w01")


async def test_an_intake_corrected_before_there_are_rules_opens_as_it_was_corrected(bare_desk: Desk) -> None:
    event = returnee(anchor=FEB24)
    before = StatedBefore(category=event.category, measure=event.measure, anchor_date=event.anchor_date)
    await bare_desk.hear(event, event.replace(anchor_date=date(2020, 2, 22), corrects=before))
    await bare_desk.hear(policy_revised())
    await bare_desk.tick()
    (started,) = await bare_desk.told("ObservationStarted")
    assert (started["anchor_date"], started["last_day"]) == ("2020-02-22", "2020-03-07")
