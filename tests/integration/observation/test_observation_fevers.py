"""The fever path, from a gate or a declaration to what the clinic says, and the cascade of a confirmed case."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.gate import FeverSeen, FeverWithdrawn
from shared.events.registry.people import (
    HouseholdChanged,
    PeopleMerged,
    PeopleSeparated,
    ResidenceEnded,
    ResidenceRestored,
)
from shared.kernel.ids import CheckpointId, CompoundId, DwellingId, GridId, PersonRef
from tests.integration.observation.conftest import CLERK, COMPOUND, GRID, LAST, OFFICER, Desk, returnee

FEB25, MARCH5 = date(2020, 2, 25), date(2020, 3, 5)
ELSEWHERE = CompoundId("lj-002")


def fever(person: UUID, at: str) -> FeverSeen:
    return FeverSeen(
        check_id=uuid4(),
        person_ref=PersonRef(person),
        compound=COMPOUND,
        checkpoint=CheckpointId("lj-001-k1"),
        temperature_c=Decimal("38.1"),
        checked_at=datetime.fromisoformat(f"{at}+08:00"),
    )


def mistyped(seen: FeverSeen) -> FeverWithdrawn:
    return FeverWithdrawn(
        check_id=uuid4(),
        corrects=seen.check_id,
        person_ref=seen.person_ref,
        compound=seen.compound,
        withdrawn_at=seen.checked_at + timedelta(minutes=5),
    )


def household(*members: UUID, dwelling: UUID | None = None, compound: str = COMPOUND) -> HouseholdChanged:
    return HouseholdChanged(
        dwelling_id=DwellingId(dwelling or uuid4()),
        compound=CompoundId(compound),
        grid=GridId(f"{compound}-w01"),
        occupancy="let",
        members=tuple(PersonRef(member) for member in members),
    )


async def result(desk: Desk, episode: str, said: str) -> Any:
    body = {"result_id": str(uuid4()), "result": said, "reason": "发热门诊告知"}
    return await desk.post(f"/v1/fevers/{episode}/results", body)


async def dense(desk: Desk) -> None:
    """Versions of each case's events run without holes."""
    by_case: dict[str, list[int]] = {}
    for fact in await desk.told():
        if fact.get("case_id") and fact["event"] != "FeverCleared":
            by_case.setdefault(fact["case_id"], []).append(fact["version"])
    assert by_case
    for versions in by_case.values():
        assert versions == list(range(1, len(versions) + 1))


@pytest.mark.scenario("O6", "G2")
async def test_a_fever_at_the_gate_stops_an_open_observation_until_somebody_decides(desk: Desk) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    desk.move(date(2020, 3, 8), "08:00")
    seen = fever(event.person_ref, "2020-03-08T07:59:00")
    await desk.hear(seen, seen)
    assert len(await desk.told("ObservationInterrupted")) == 1
    (line,) = (await desk.get("/v1/fevers")).json()["items"]
    assert (line["episode_id"], line["case_id"], line["source"]) == (str(seen.check_id), str(case_id), "gate")
    desk.move(date(2020, 3, 12), "09:00")
    await desk.tick()
    assert (await result(desk, line["episode_id"], "stay")).status_code == 201
    assert (await desk.get(f"/v1/cases/{case_id}")).json()["state"] == "medical"
    assert (await result(desk, line["episode_id"], "cleared")).status_code == 201
    (cleared,) = await desk.told("FeverCleared")
    assert (cleared["case_id"], cleared["version"]) == (str(case_id), 1)
    closed = await result(desk, line["episode_id"], "cleared")
    assert (closed.status_code, closed.json()["code"]) == (409, "fever_closed")
    resumed = (await desk.decide(case_id, "resume")).json()
    assert (resumed["state"], resumed["last_day"]) == ("under_observation", "2020-03-13")
    await dense(desk)


@pytest.mark.scenario("G2")
async def test_a_resident_without_observation_has_a_fever_path_too_and_old_news_opens_none(
    desk: Desk,
) -> None:
    person = uuid4()
    await desk.hear(fever(person, "2020-02-24T08:50:00"))
    (line,) = (await desk.get("/v1/fevers")).json()["items"]
    assert line["case_id"] is None
    elsewhere = ("community_clerk", f"compound:{ELSEWHERE}")
    assert (await desk.get("/v1/fevers", elsewhere)).json()["items"] == []
    body = {"result_id": str(uuid4()), "result": "cleared", "reason": "发热门诊排除"}
    path = f"/v1/fevers/{line['episode_id']}/results"
    assert (await desk.post(path, body, elsewhere)).status_code == 403
    first, again = [await desk.post(path, body, CLERK) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert [fact["case_id"] for fact in await desk.told("FeverCleared")] == [None]
    await desk.hear(fever(person, "2020-02-24T08:55:00"))  # read before the clearance, sent up late
    assert (await desk.get("/v1/fevers")).json()["items"] == []


@pytest.mark.scenario("G2", "O6")
async def test_a_mistyped_fever_at_the_gate_is_taken_back_and_the_clock_goes_on(desk: Desk) -> None:
    event, nobody = returnee(), uuid4()
    case_id = await desk.open_case(event)
    desk.move(MARCH5, "08:00")
    seen, without_case = fever(event.person_ref, "2020-03-05T07:59:00"), fever(nobody, "2020-03-05T07:59:00")
    await desk.hear(seen, without_case)
    assert len((await desk.get("/v1/fevers")).json()["items"]) == 2
    desk.move(MARCH5, "08:05")
    await desk.hear(mistyped(seen), mistyped(seen), mistyped(without_case))
    assert (await desk.get("/v1/fevers")).json()["items"] == []
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert (case["state"], case["last_day"]) == ("under_observation", str(LAST))
    assert [stop["ended_by"] for stop in case["interruptions"]] == ["withdrawn"]
    assert len(await desk.told("ObservationResumed")) == 1
    kept = await desk.rows("select kind, decided_by from decision where case_id = $1", case_id)
    assert kept == [{"kind": "resume", "decided_by": "observation.gate_fevers"}]
    desk.move(MARCH5, "18:00")
    assert (await desk.declare(case_id)).json()["standing"] == "in_time"
    await dense(desk)


@pytest.mark.scenario("G2", "O6")
@pytest.mark.parametrize("what", ["another_gate", "declared", "clinic", "confirmed", "decided"])
async def test_what_else_holds_a_person_stays_when_a_fever_is_taken_back(desk: Desk, what: str) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    desk.move(MARCH5, "08:00")
    seen, second = [fever(event.person_ref, f"2020-03-05T07:{minute}:00") for minute in (50, 55)]
    await desk.hear(seen)
    (line,) = (await desk.get("/v1/fevers")).json()["items"]
    desk.move(MARCH5, "08:10")
    match what:
        case "another_gate":
            await desk.hear(second)
        case "declared":
            await desk.declare(case_id, 36.5, symptoms=["cough"])
        case "clinic":
            await result(desk, line["episode_id"], "stay")
        case "confirmed":
            body = {
                "confirmation_id": str(uuid4()),
                "person_ref": str(event.person_ref),
                "confirmed_on": "2020-03-05",
                "last_exposure": "2020-03-04",
                "reason": "疾控通报确诊",
            }
            assert (await desk.post("/v1/confirmations", body, OFFICER)).status_code == 201
        case _:
            assert (await desk.decide(case_id, "restart")).status_code == 201
    before = (await desk.get(f"/v1/cases/{case_id}")).json()
    await desk.hear(mistyped(seen))
    assert (await desk.get(f"/v1/cases/{case_id}")).json() == before
    assert before["state"] == ("under_observation" if what == "decided" else "medical")
    assert await desk.told("ObservationResumed") == []
    if what == "another_gate":  # and it goes with the second one
        await desk.hear(mistyped(second))
        assert (await desk.get(f"/v1/cases/{case_id}")).json()["state"] == "under_observation"
    await dense(desk)


@pytest.mark.scenario("O7")
async def test_of_two_values_in_a_window_the_worse_acts_and_both_are_kept(desk: Desk) -> None:
    case_id = await desk.open_case()
    desk.move(FEB25, "07:00")
    await desk.declare(case_id, 36.5)
    await desk.declare(case_id, 37.5)
    await desk.declare(case_id, 36.4)
    assert [fact["event"] for fact in await desk.told()][1:] == [
        "DeclarationSubmitted",
        "DeclarationSubmitted",
        "SymptomReported",
        "ObservationInterrupted",
        "DeclarationSubmitted",
    ]
    (told,) = await desk.told("SymptomReported")
    assert (told["fever"], told["by"]) == (True, "phone")
    case = (await desk.get(f"/v1/cases/{case_id}")).json()
    assert case["state"] == "medical"
    (cell,) = [window for window in case["windows"] if window["declarations"]]
    assert (cell["declarations"], cell["alarming"]) == (3, True)
    assert (await desk.decide(case_id, "restart")).status_code == 201
    assert (await desk.get("/v1/fevers")).json()["items"] == []
    (again,) = await desk.told("ObservationRestarted")
    assert (again["anchor_date"], again["last_day"]) == ("2020-02-25", "2020-03-10")
    await dense(desk)


@pytest.mark.scenario("O9")
async def test_a_confirmed_case_reaches_every_dwelling_and_stated_contact_in_one_step(desk: Desk) -> None:
    ill, day_10 = returnee(), returnee()
    await desk.hear(ill, day_10)
    tenant, both, stated, unknown = (uuid4() for _ in range(4))
    here = household(ill.person_ref, day_10.person_ref, tenant, both)
    there = household(ill.person_ref, both, compound=ELSEWHERE)
    await desk.hear(here, there, household(stated, compound=ELSEWHERE))
    desk.move(MARCH5, "08:00")
    body = {
        "confirmation_id": str(uuid4()),
        "person_ref": str(ill.person_ref),
        "confirmed_on": "2020-03-05",
        "last_exposure": "2020-03-04",
        "contacts": [str(stated), str(unknown), str(tenant)],
        "reason": "疾控通报确诊",
    }
    early = await desk.post("/v1/confirmations", {**body, "last_exposure": "2020-03-06"}, OFFICER)
    assert (early.status_code, early.json()["code"]) == (422, "exposure_after_confirmation")
    assert await desk.told("CaseConfirmed") == []
    first, again = [await desk.post("/v1/confirmations", body, OFFICER) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    other = await desk.post("/v1/confirmations", {**body, "contacts": []}, OFFICER)
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")

    met = [(line["person_ref"], line["dwelling_id"], line["outcome"]) for line in first.json()["contacts"]]
    assert sorted(met, key=str) == sorted(
        [
            (str(day_10.person_ref), str(here.dwelling_id), "restarted"),
            (str(tenant), str(here.dwelling_id), "opened"),
            (str(both), str(here.dwelling_id), "opened"),
            (str(both), str(there.dwelling_id), "opened"),
            (str(stated), None, "opened"),
            (str(unknown), None, "home_unknown"),
        ],
        key=str,
    )
    (told,) = await desk.told("CaseConfirmed")
    assert set(told["contacts"]) == {str(who) for who in (day_10.person_ref, tenant, both, stated, unknown)}
    (restarted,) = await desk.told("ObservationRestarted")
    assert (restarted["anchor_date"], restarted["last_day"], restarted["category"], restarted["measure"]) == (
        "2020-03-04",
        "2020-03-18",
        "close_contact",
        "centralized_observation",
    )
    opened = {fact["person_ref"]: fact for fact in await desk.told("ObservationStarted")}
    assert {opened[str(who)]["anchor_date"] for who in (tenant, both, stated)} == {"2020-03-04"}
    assert len(await desk.told("ObservationStarted")) == 2 + 3
    assert [fact["person_ref"] for fact in await desk.told("ObservationInterrupted")] == [str(ill.person_ref)]
    await dense(desk)
    assert (await desk.get(f"/v1/confirmations/{body['confirmation_id']}", OFFICER)).json() == first.json()
    assert (await desk.post("/v1/confirmations", body, CLERK)).status_code == 403


@pytest.mark.scenario("O9")
async def test_a_second_exposure_that_ends_no_later_changes_nothing(desk: Desk) -> None:
    ill, other, contact = uuid4(), uuid4(), uuid4()
    await desk.hear(household(ill, contact), household(other, contact))
    for person, exposure in ((ill, "2020-02-24"), (other, "2020-02-20")):
        body = {
            "confirmation_id": str(uuid4()),
            "person_ref": str(person),
            "confirmed_on": "2020-02-24",
            "last_exposure": exposure,
            "reason": "疾控通报确诊",
        }
        assert (await desk.post("/v1/confirmations", body, OFFICER)).status_code == 201
    case = await desk.rows("select last_day, version from observation_case where person_ref = $1", contact)
    assert [(row["last_day"], row["version"]) for row in case] == [(LAST, 1)]


@pytest.mark.parametrize(
    ("reason", "ending"), [("died", "died"), ("left_town", "left_town"), ("moved", "transferred")]
)
async def test_life_goes_on_during_an_observation(desk: Desk, reason: str, ending: str) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    new_home = DwellingId(uuid4())
    moved = reason == "moved"
    over = ResidenceEnded(
        person_ref=event.person_ref,
        compound=event.compound,
        dwelling_id=event.dwelling_id,
        reason=reason,
        ended_on=FEB25,
        new_compound=ELSEWHERE if moved else None,
        new_dwelling_id=new_home if moved else None,
        new_grid=GridId("lj-002-w01") if moved else None,
    )
    desk.move(FEB25, "12:00")
    if not moved:
        await desk.hear(over.model_copy(update={"dwelling_id": uuid4(), "reason": "left_town"}))
        assert await desk.told("ObservationClosed") == []  # an owner gave up another flat
    await desk.hear(over)
    assert [(fact["case_id"], fact["ending"]) for fact in await desk.told("ObservationClosed")] == [
        (str(case_id), ending)
    ]
    started = [fact for fact in await desk.told("ObservationStarted") if fact["case_id"] != str(case_id)]
    assert [(fact["compound"], fact["dwelling_id"], fact["last_day"]) for fact in started] == (
        [(ELSEWHERE, str(new_home), str(LAST))] if moved else []
    )
    await dense(desk)


@pytest.mark.parametrize("reason", ["died", "left_town"])
async def test_an_observation_goes_on_when_a_death_or_departure_was_a_mistake(
    desk: Desk, reason: str
) -> None:
    event = returnee()
    case_id = await desk.open_case(event)
    place = {"person_ref": event.person_ref, "compound": event.compound, "dwelling_id": event.dwelling_id}
    nowhere = {"ended_on": FEB25, "new_compound": None, "new_dwelling_id": None, "new_grid": None}
    back = ResidenceRestored(**place, grid=event.grid)
    desk.move(FEB25, "12:00")
    await desk.hear(back)
    assert len(await desk.told("ObservationStarted")) == 1  # it stands: nothing to go on with
    await desk.hear(ResidenceEnded(**place, **nowhere, reason=reason))
    desk.move(FEB25, "18:00")
    await desk.hear(back, back)
    [_, again] = await desk.told("ObservationStarted")
    assert again["case_id"] != str(case_id)
    assert (again["dwelling_id"], again["last_day"]) == (str(event.dwelling_id), str(LAST))
    await dense(desk)

    await desk.hear(ResidenceEnded(**place, **nowhere, reason=reason))
    desk.move(LAST + timedelta(days=1), "09:00")
    await desk.hear(back, back)  # no day is due any more, and nobody was observed: an officer decides
    [*_, late] = await desk.told("ObservationStarted")
    [awaits] = await desk.told("ObservationAwaitsClosure")
    assert (late["last_day"], awaits["case_id"]) == (str(LAST), late["case_id"])
    assert {missed["day"] for missed in await desk.told("DeclarationMissed")} == {str(FEB25)}
    assert (await desk.decide(UUID(late["case_id"]), "close", "社区证明其间一直在家")).status_code == 201
    await dense(desk)

    await desk.hear(ResidenceEnded(**place, **nowhere, reason=reason), back)
    assert len(await desk.told("ObservationStarted")) == 3  # what was decided stays


async def test_two_cases_of_one_person_become_one_that_ends_with_the_later(desk: Desk) -> None:
    short, long = returnee(), returnee(anchor=date(2020, 2, 24) - timedelta(days=3))
    await desk.hear(short, long)
    await desk.hear(
        PeopleMerged(
            merge_id=uuid4(),
            kept=long.person_ref,
            merged=short.person_ref,
            merged_at=datetime.fromisoformat("2020-02-24T10:00:00+08:00"),
        )
    )
    (closed,) = await desk.told("ObservationClosed")
    assert (closed["person_ref"], closed["ending"]) == (str(short.person_ref), "merged")
    (longer,) = await desk.told("ObservationRescheduled")
    assert (longer["person_ref"], longer["last_day"]) == (str(long.person_ref), str(LAST))
    await dense(desk)
    assert short.grid == GRID


@pytest.mark.scenario("P10")
@pytest.mark.parametrize("ill", [False, True], ids=["observed", "in medical hands"])
async def test_two_people_after_all_are_each_observed_for_the_days_still_due(
    desk: Desk, *, ill: bool
) -> None:
    one, other = returnee(anchor=date(2020, 2, 21)), returnee()
    await desk.open_case(one)
    first = await desk.open_case(other)
    if ill:
        await desk.declare(first, 38.1)
    merge = {"merge_id": uuid4(), "kept": one.person_ref, "merged": other.person_ref}
    await desk.hear(PeopleMerged(**merge, merged_at=datetime.fromisoformat("2020-02-24T10:00:00+08:00")))
    desk.move(date(2020, 2, 27), "12:00")
    separated = PeopleSeparated(**merge, separated_at=datetime.fromisoformat("2020-02-27T12:00:00+08:00"))
    await desk.hear(separated, separated)
    started = await desk.told("ObservationStarted")
    assert [fact["person_ref"] for fact in started] == [
        str(who) for who in (one.person_ref, other.person_ref, other.person_ref)
    ]
    again = started[-1]
    assert (again["anchor_date"], again["dwelling_id"]) == ("2020-02-24", str(other.dwelling_id))
    assert again["last_day"] == ("2020-03-12" if ill else str(LAST))
    case = (await desk.get(f"/v1/cases/{again['case_id']}")).json()
    assert case["state"] == ("medical" if ill else "under_observation")
    desk.move(date(2020, 2, 28), "10:30")
    await desk.tick()
    missed = [fact for fact in await desk.told("DeclarationMissed") if fact["case_id"] == again["case_id"]]
    assert [(fact["day"], fact["window"]) for fact in missed] == (
        [] if ill else [("2020-02-27", "evening"), ("2020-02-28", "morning")]
    )
    await dense(desk)


@pytest.mark.scenario("P10", "O5")
async def test_who_is_separated_after_their_days_are_over_waits_for_an_officer(desk: Desk) -> None:
    one, other = returnee(), returnee()
    await desk.open_case(one)
    await desk.open_case(other)
    merge = {"merge_id": uuid4(), "kept": one.person_ref, "merged": other.person_ref}
    await desk.hear(PeopleMerged(**merge, merged_at=datetime.fromisoformat("2020-02-24T10:00:00+08:00")))
    desk.move(LAST + timedelta(days=1), "00:00")
    await desk.hear(
        PeopleSeparated(**merge, separated_at=datetime.fromisoformat("2020-03-10T00:00:00+08:00"))
    )
    again = (await desk.told("ObservationStarted"))[2]
    assert (again["person_ref"], again["last_day"]) == (str(other.person_ref), str(LAST))
    waiting = [fact["case_id"] for fact in await desk.told("ObservationAwaitsClosure")]
    assert again["case_id"] in waiting
    missed = [fact["case_id"] for fact in await desk.told("DeclarationMissed")]
    assert again["case_id"] not in missed  # nobody could know that they were to declare
    assert (await desk.decide(UUID(again["case_id"]), "close", "由同住人证实在家")).status_code == 201
    # Told once more in the same way, or after another observation of theirs, nothing is given back.
    for merge_id in (merge["merge_id"], uuid4()):
        undone = merge | {"merge_id": merge_id}
        await desk.hear(PeopleMerged(**undone, merged_at=datetime.fromisoformat("2020-03-10T00:00:00+08:00")))
        await desk.hear(
            PeopleSeparated(**undone, separated_at=datetime.fromisoformat("2020-03-10T00:00:00+08:00"))
        )
    assert len(await desk.told("ObservationStarted")) == 3
