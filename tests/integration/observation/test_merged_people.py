"""Two records of one person: whatever is told of either reaches the one observation, and nobody has two (P10)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.gate import FeverSeen, FeverWithdrawn
from shared.events.registry.people import HouseholdChanged, PeopleMerged, PeopleSeparated, ResidenceEnded
from shared.kernel.ids import CheckpointId, DwellingId, PersonRef
from tests.integration.observation.conftest import COMPOUND, FEB24, GRID, OFFICER, Desk, returnee
from tests.integration.observation.test_questionnaires import DOCUMENT, counts, known, listed, row, worked_off

pytestmark = pytest.mark.scenario("P10")
FEB25, FEB28 = date(2020, 2, 25), date(2020, 2, 28)
AT = datetime.fromisoformat("2020-02-24T10:00:00+08:00")


@dataclass(frozen=True, slots=True)
class One:
    """Somebody observed by one record, whom another record, of nobody observed, stands for."""

    case_id: UUID
    observed: PersonRef
    stands: PersonRef
    home: DwellingId
    merge: dict[str, Any]


async def merged(desk: Desk, **how: Any) -> One:
    came = returnee(**how)
    case_id = await desk.open_case(came)
    stands = PersonRef(uuid4())
    merge = {"merge_id": uuid4(), "kept": stands, "merged": came.person_ref}
    await desk.hear(PeopleMerged(**merge, merged_at=AT))
    return One(case_id, came.person_ref, stands, came.dwelling_id, merge)


def fever(person: PersonRef, desk: Desk) -> FeverSeen:
    return FeverSeen(
        check_id=uuid4(),
        person_ref=person,
        compound=COMPOUND,
        checkpoint=CheckpointId("lj-001-k1"),
        temperature_c=Decimal("38.2"),
        checked_at=desk.client.context.clock.now(),
    )


async def household(desk: Desk, home: DwellingId, *members: PersonRef) -> None:
    await desk.hear(
        HouseholdChanged(dwelling_id=home, compound=COMPOUND, grid=GRID, occupancy="let", members=members)
    )


async def state(desk: Desk, case_id: UUID) -> str:
    return str((await desk.get(f"/v1/cases/{case_id}")).json()["state"])


async def confirmed(desk: Desk, person: PersonRef, *contacts: PersonRef) -> Any:
    body = {
        "confirmation_id": str(uuid4()),
        "person_ref": str(person),
        "confirmed_on": str(FEB28),
        "last_exposure": str(FEB28),
        "contacts": [str(one) for one in contacts],
        "reason": "疾控通报",
    }
    answer = await desk.post("/v1/confirmations", body, OFFICER)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.scenario("O6")
async def test_a_gates_fever_of_the_kept_record_stops_the_observation_and_one_taken_back_lets_it_go_on(
    desk: Desk,
) -> None:
    one = await merged(desk)
    desk.move(FEB25, "12:00")
    seen = fever(one.stands, desk)
    await desk.hear(seen)
    assert await state(desk, one.case_id) == "medical"
    paths = (await desk.get("/v1/fevers", OFFICER)).json()["items"]
    assert [(path["case_id"], path["person_ref"]) for path in paths] == [
        (str(one.case_id), str(one.observed))
    ]
    now = desk.client.context.clock.now()
    await desk.hear(
        FeverWithdrawn(
            check_id=uuid4(),
            corrects=seen.check_id,
            person_ref=one.stands,
            compound=COMPOUND,
            withdrawn_at=now,
        )
    )
    assert await state(desk, one.case_id) == "under_observation"
    assert (await desk.get("/v1/fevers", OFFICER)).json()["items"] == []


@pytest.mark.scenario("O6")
async def test_a_fever_before_the_merge_stops_the_observation_of_the_other_record(desk: Desk) -> None:
    came, other = returnee(), PersonRef(uuid4())
    case_id = await desk.open_case(came)
    desk.move(FEB25, "12:00")
    await desk.hear(fever(other, desk))
    assert await state(desk, case_id) == "under_observation"
    await desk.hear(PeopleMerged(merge_id=uuid4(), kept=other, merged=came.person_ref, merged_at=AT))
    assert await state(desk, case_id) == "medical"
    assert (await desk.decide(case_id, "resume")).status_code == 201
    assert (await desk.get("/v1/fevers", OFFICER)).json()["items"] == []


@pytest.mark.scenario("O10")
async def test_who_came_back_again_by_the_other_record_is_observed_longer_and_not_twice(desk: Desk) -> None:
    one = await merged(desk)
    desk.move(FEB28, "12:00")
    await desk.hear(returnee(one.stands, anchor=FEB25), returnee(one.stands, anchor=date(2020, 2, 20)))
    assert len(await desk.told("ObservationStarted")) == 1
    (longer,) = await desk.told("ObservationRescheduled")
    assert (longer["case_id"], longer["last_day"]) == (str(one.case_id), "2020-03-10")
    await desk.hear(PeopleSeparated(**one.merge, separated_at=AT))
    assert len(await desk.told("ObservationStarted")) == 1


@pytest.mark.scenario("O9")
@pytest.mark.parametrize("by", ["observed", "stands"])
async def test_nobody_is_a_close_contact_of_themselves(desk: Desk, by: str) -> None:
    one, housemate = await merged(desk), PersonRef(uuid4())
    await household(desk, one.home, one.stands, housemate)
    desk.move(FEB28, "12:00")
    said = await confirmed(desk, getattr(one, by), one.observed, one.stands)
    assert [(line["person_ref"], line["outcome"]) for line in said["contacts"]] == [
        (str(housemate), "opened")
    ]
    assert await state(desk, one.case_id) == "medical"
    (told,) = await desk.told("CaseConfirmed")
    assert (told["person_ref"], told["contacts"]) == (str(one.stands), [str(housemate)])


@pytest.mark.scenario("O9")
@pytest.mark.parametrize("stated", [False, True], ids=["lives there", "was stated by either record"])
async def test_a_contact_by_the_other_record_restarts_and_has_no_second_observation(
    desk: Desk, *, stated: bool
) -> None:
    one, ill, home = await merged(desk, anchor=date(2020, 2, 18)), PersonRef(uuid4()), DwellingId(uuid4())
    await household(desk, home, ill, *([] if stated else [one.stands]))
    desk.move(FEB28, "12:00")
    said = await confirmed(desk, ill, *([one.observed, one.stands] if stated else []))
    assert [(line["case_id"], line["outcome"]) for line in said["contacts"]] == [
        (str(one.case_id), "restarted")
    ]
    assert len(await desk.told("ObservationStarted")) == 1


async def test_whoever_dies_by_the_other_record_is_observed_no_longer(desk: Desk) -> None:
    one = await merged(desk)
    over = ResidenceEnded(
        person_ref=one.stands,
        compound=COMPOUND,
        dwelling_id=DwellingId(uuid4()),
        reason="left_town",
        ended_on=FEB24,
        new_compound=None,
        new_dwelling_id=None,
        new_grid=None,
    )
    await desk.hear(over)
    assert await state(desk, one.case_id) == "under_observation"  # another flat
    await desk.hear(over.model_copy(update={"reason": "died"}))
    (closed,) = await desk.told("ObservationClosed")
    assert (closed["case_id"], closed["ending"]) == (str(one.case_id), "died")


@pytest.mark.requirement("R4.8")
async def test_of_two_records_the_graver_holds_whichever_is_kept(desk: Desk) -> None:
    for keep_graver in (True, False):
        mild = returnee(anchor=FEB24 - timedelta(days=2))
        grave = returnee(measure="home_quarantine").model_copy(update={"category": "concern"})
        await desk.hear(mild, grave)
        kept, other = (grave, mild) if keep_graver else (mild, grave)
        await desk.hear(
            PeopleMerged(merge_id=uuid4(), kept=kept.person_ref, merged=other.person_ref, merged_at=AT)
        )
        lines = (await desk.get("/v1/cases?state=under_observation", OFFICER)).json()["items"]
        (case,) = [line for line in lines if line["person_ref"] == str(kept.person_ref)]
        assert (case["category"], case["measure"], case["last_day"]) == (
            "concern",
            "home_quarantine",
            "2020-03-09",
        )
    versions: dict[str, list[int]] = {}
    for fact in await desk.told():
        versions.setdefault(fact["case_id"], []).append(fact["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


async def test_a_third_record_joins_the_one_observation(desk: Desk) -> None:
    one, third = await merged(desk), returnee(anchor=FEB24)
    await desk.open_case(third)
    await desk.hear(
        PeopleMerged(merge_id=uuid4(), kept=third.person_ref, merged=one.stands, merged_at=AT),
        PeopleMerged(merge_id=uuid4(), kept=third.person_ref, merged=one.observed, merged_at=AT),
    )
    assert [fact["case_id"] for fact in await desk.told("ObservationClosed")] == [str(one.case_id)]


@pytest.mark.requirement("R4.2")
async def test_a_list_finds_the_one_observation_by_the_papers_of_either_record(desk: Desk) -> None:
    (first, case_id), (second, other) = await known(desk, 0, DOCUMENT), await known(desk, 1, DOCUMENT)
    assert counts(await worked_off(desk, listed(row(0, document=DOCUMENT), how="csv"))) == (0, 0, 1)
    await desk.hear(
        PeopleMerged(merge_id=uuid4(), kept=first.person_ref, merged=second.person_ref, merged_at=AT)
    )
    desk.move(FEB25, "09:00")
    lines = (
        row(0, document=DOCUMENT, at="2020-02-25 07:01"),
        row(1, document=DOCUMENT, at="2020-02-25 07:02"),  # as the other record spells the name
        row(1, at="2020-02-25 07:03"),
        row(2, document=DOCUMENT, at="2020-02-25 07:04"),
    )
    assert counts(await worked_off(desk, listed(*lines, how="csv"))) == (3, 0, 1)
    entries = (await desk.get(f"/v1/cases/{case_id}/declarations")).json()["entries"]
    assert len(entries) == 3
    assert (await desk.get(f"/v1/cases/{other}/declarations")).json()["entries"] == []
