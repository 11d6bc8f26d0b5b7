"""Isolation waste: due from observation's events, fetched step by step, missed, put off, and never without a room."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.sanitation.tickers import fetch_due
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.policy_observation import Measure
from shared.events.registry.cards import SubjectCardSealed
from shared.events.registry.people import PersonErased
from shared.kernel.ids import CompoundId, DwellingId, GridId, PersonRef
from tests.integration.sanitation.world import Service, policy

HERE = CompoundId("lj-001")
WORKER = ("sanitation_worker", "compound:lj-001")


def at(text: str) -> datetime:
    """A Shanghai time of 2020."""
    return datetime.fromisoformat(f"2020-{text}+08:00").astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """An observation, and what its events repeat."""

    case_id: UUID
    person: PersonRef
    dwelling: DwellingId

    def about(self) -> dict[str, Any]:
        return {"case_id": self.case_id, "person_ref": self.person, "compound": HERE}


async def begin(
    service: Service,
    began: str,
    *,
    measure: Measure = "home_quarantine",
    dwelling: UUID | None = None,
    last_day: date = date(2020, 3, 9),
) -> Case:
    case = Case(uuid4(), PersonRef(uuid4()), DwellingId(dwelling or uuid4()))
    await service.tell(
        ObservationStarted(
            **case.about(),
            dwelling_id=case.dwelling,
            grid=GridId("lj-001-w01"),
            category="concern",
            measure=measure,
            anchor_date=date(2020, 2, 24),
            last_day=last_day,
            started_at=at(began),
            policy_version=1,
        )
    )
    return case


async def card(service: Service, case: Case, room: str | None) -> None:
    sealed = service.context.cards.seal_card("sanitation", {"room": room}) if room else None
    await service.tell(
        SubjectCardSealed(recipient="sanitation", person_ref=case.person, compound=HERE, card=sealed)
    )


async def move(service: Service, text: str) -> None:
    """Step business time, and let what falls due happen."""
    service.client.move_to(at(text))
    await fetch_due(service.context.database)


async def told(service: Service) -> list[tuple[str, str]]:
    rows = await service.context.database.pool.fetch(
        "select document::jsonb as document from outbox where channel = 'waste' order by id"
    )
    return [
        (
            row["document"]["type"].split(".")[2].removeprefix("WastePickup"),
            row["document"]["data"]["day"][5:],
        )
        for row in rows
    ]


async def listed(service: Service, day: str, who: tuple[str, str] = WORKER) -> list[dict[str, Any]]:
    answer = await service.get("/v1/pickups", *who, compound=HERE, day=f"2020-{day}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def step(name: str, clock: str, **more: Any) -> dict[str, Any]:
    return {"act_id": str(uuid4()), "step": name, "done_at": f"2020-{clock}+08:00", **more}


@pytest.mark.scenario("S4")
@pytest.mark.requirement("R5.2")
async def test_a_household_is_served_every_day_in_order_and_what_is_skipped_is_found(
    sanitation: Service,
) -> None:
    await move(sanitation, "02-24T10:00")
    case = await begin(sanitation, "02-24T10:00")
    await card(sanitation, case, "8-2-501")
    await begin(sanitation, "02-24T10:00", dwelling=case.dwelling)  # one household, one pickup
    await begin(sanitation, "02-24T10:00", measure="home_self_monitoring")
    await move(sanitation, "02-24T10:01")
    [due] = await listed(sanitation, "02-24")
    assert (due["state"], due["due_at"], due["room"]) == ("due", "2020-02-24T10:00:00Z", "8-2-501")
    assert await told(sanitation) == [("Due", "02-24")]

    # Sealed, collected, disinfected, handed over: nothing else, in no other order, and once each.
    path = f"/v1/pickups/{due['pickup_id']}"
    await move(sanitation, "02-24T19:00")
    early = await sanitation.post(f"{path}/steps", step("collected", "02-24T18:00", bags=2), *WORKER)
    assert (early.status_code, early.json()["code"], early.json()["next"]) == (
        409,
        "step_out_of_order",
        "sealed",
    )
    sealed = step("sealed", "02-24T17:50")
    foreign = await sanitation.post(f"{path}/steps", sealed, "sanitation_worker", "compound:lj-002")
    first = await sanitation.post(f"{path}/steps", sealed, *WORKER)
    again = await sanitation.post(f"{path}/steps", sealed, *WORKER)
    other = await sanitation.post(f"{path}/steps", sealed | {"done_at": "2020-02-24T17:51:00+08:00"}, *WORKER)
    assert (foreign.status_code, first.status_code, again.status_code, again.json()) == (
        403,
        201,
        200,
        first.json(),
    )
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    no_bags = await sanitation.post(f"{path}/steps", step("collected", "02-24T18:05"), *WORKER)
    backwards = await sanitation.post(f"{path}/steps", step("collected", "02-24T17:00", bags=2), *WORKER)
    assert [answer.json()["code"] for answer in (no_bags, backwards)] == ["bags_missing", "step_too_early"]
    for name, clock, more in (
        ("collected", "02-24T18:05", {"bags": 2}),
        ("disinfected", "02-24T18:20", {}),
        ("handed_over", "02-24T18:50", {"receiver": "env_unit_1"}),
    ):
        answer = await sanitation.post(f"{path}/steps", step(name, clock, **more), *WORKER)
        assert answer.status_code == 201, answer.text
    [done] = await listed(sanitation, "02-24", ("supervisor", "town"))
    assert (done["state"], done["bags"], done["room"]) == ("handed_over", 2, None)
    chain = [(act["kind"], act["recorded_by"]) for act in done["acts"]]
    assert chain == [
        (name, "test-sanitation_worker") for name in ("sealed", "collected", "disinfected", "handed_over")
    ]

    # The next day nobody opens: a finding at once; another hour is agreed; it is not kept: found again.
    await move(sanitation, "02-25T18:10")
    [due] = await listed(sanitation, "02-25")
    path = f"/v1/pickups/{due['pickup_id']}"
    skip = {"act_id": str(uuid4()), "reason": "nobody_opened", "note": "敲门三次无人应答"}
    assert (await sanitation.post(f"{path}/skips", skip, *WORKER)).json()["missed_reason"] == "nobody_opened"
    assert (await sanitation.post(f"{path}/skips", skip, *WORKER)).status_code == 200
    later = {"act_id": str(uuid4()), "due_at": "2020-02-26T09:00:00+08:00"}
    too_far = await sanitation.post(
        f"{path}/reschedulings", later | {"due_at": "2020-02-27T00:00:00+08:00"}, *WORKER
    )
    assert (too_far.status_code, too_far.json()["code"]) == (422, "due_not_ahead")
    assert (await sanitation.post(f"{path}/reschedulings", later, *WORKER)).json()["missed_reason"] is None
    await move(sanitation, "02-26T00:00")
    assert [one["day"] for one in await listed(sanitation, "02-26")] == ["2020-02-25", "2020-02-26"]
    await move(sanitation, "02-27T00:00")
    assert (await told(sanitation))[1:] == [
        ("Done", "02-24"),
        ("Due", "02-25"),
        ("Missed", "02-25"),
        ("Due", "02-25"),
        ("Due", "02-26"),
        ("Due", "02-27"),
        ("Missed", "02-25"),
        ("Missed", "02-26"),
    ]
    answer = await sanitation.post(f"{path}/steps", step("sealed", "02-26T23:00"), *WORKER)
    assert answer.status_code == 201  # late, and still fetched

    # Rooms: written down who read them, sealed, and gone with the person.
    reads = await sanitation.context.database.pool.fetch("select action, person_ref, role from audit_read")
    assert {(row["action"], row["role"]) for row in reads} == {("pickup_rooms", "sanitation_worker")}
    assert {row["person_ref"] for row in reads} == {case.person}
    dump = await sanitation.context.database.pool.fetch("select room_sealed from room_card")
    assert all(b"501" not in row["room_sealed"] for row in dump)
    await sanitation.tell(PersonErased(person_ref=case.person, erased_at=at("02-27T00:00")))
    assert [one["room"] for one in await listed(sanitation, "02-27")] == [None]


@pytest.mark.scenario("S4")
async def test_released_on_day_fourteen_a_household_has_no_pickup_afterwards(sanitation: Service) -> None:
    await move(sanitation, "03-08T09:00")
    case = await begin(sanitation, "02-24T10:00")
    await card(sanitation, case, "8-2-501")
    await move(
        sanitation, "03-08T10:00"
    )  # it was down for two weeks: every day has its pickup, most are missed
    days = [day for name, day in await told(sanitation) if name == "Due"]
    assert (len(days), days[0], days[-1]) == (14, "02-24", "03-08")
    assert len([day for name, day in await told(sanitation) if name == "Missed"]) == 13

    await move(
        sanitation, "03-10T00:00"
    )  # nothing yet of the release: nothing is planned beyond its last day
    await sanitation.tell(
        ObservationCompleted(
            **case.about(),
            last_day=date(2020, 3, 9),
            pass_from=date(2020, 3, 10),
            completed_at=at("03-10T00:00"),
        )
    )
    await card(sanitation, case, None)
    await move(sanitation, "03-12T00:00")
    dues = [day for name, day in await told(sanitation) if name == "Due"]
    assert (len(dues), dues[-1]) == (15, "03-09")
    assert await listed(sanitation, "03-10") == []
    assert await sanitation.context.database.pool.fetchval("select count(*) from room_card") == 0


@pytest.mark.requirement("R5.2")
async def test_what_changes_an_observation_changes_what_is_fetched(sanitation: Service) -> None:
    await move(sanitation, "02-24T09:00")
    case = await begin(sanitation, "02-24T09:00", measure="home_self_monitoring", last_day=date(2020, 2, 27))
    await move(sanitation, "02-25T11:00")
    await sanitation.tell(
        ObservationMeasureChanged(
            **case.about(),
            measure="home_quarantine",
            category="concern",
            changed_at=at("02-25T11:00"),
            policy_version=1,
        )
    )
    await move(sanitation, "02-26T12:00")
    await sanitation.tell(
        ObservationInterrupted(**case.about(), reason="fever", interrupted_at=at("02-26T12:00"))
    )
    await move(sanitation, "02-27T13:00")
    await sanitation.tell(
        ObservationResumed(
            **case.about(),
            measure="home_quarantine",
            last_day=date(2020, 2, 28),
            resumed_at=at("02-27T13:00"),
        )
    )
    await move(sanitation, "02-29T00:00")
    await sanitation.tell(ObservationAwaitsClosure(**case.about(), last_day=date(2020, 2, 28)))
    await move(sanitation, "03-02T08:00")
    days = [day for name, day in await told(sanitation) if name == "Due"]
    assert days == ["02-25", "02-26", "02-27", "02-28", "02-29", "03-01", "03-02"]
    assert ("Missed", "03-01") in await told(sanitation)

    # The end was on 29 February, and the news of it comes days later: what nobody began is taken back, missed or not.
    await sanitation.tell(
        ObservationClosed(**case.about(), ending="transferred", closed_at=at("02-29T15:00"))
    )
    await move(sanitation, "03-03T08:00")
    assert sorted((await told(sanitation))[-2:]) == [("Withdrawn", "03-01"), ("Withdrawn", "03-02")]
    assert await listed(sanitation, "03-01") == []


async def test_an_agreed_hour_holds_from_the_next_plan_on_and_silence_of_policy_waits(bare: Service) -> None:
    await bare.hear_compounds("lj-001")
    await bare.hear_policy(1, date(2020, 2, 1), policy(complete=False))
    case = await begin(bare, "02-24T10:00")
    await move(bare, "02-24T10:00")
    assert await told(bare) == []
    path = f"/v1/households/{case.dwelling}/pickup-hour"
    assert (await bare.put(path, {"hour": "09:30"}, "community_clerk")).status_code == 204
    unknown = await bare.put(f"/v1/households/{uuid4()}/pickup-hour", {"hour": "09:30"}, "community_clerk")
    odd = await bare.put(path, {"hour": "09:30:15"}, "community_clerk")
    foreign = await bare.put(path, {"hour": "09:30"}, "community_clerk", "compound:lj-002")
    assert (unknown.status_code, odd.status_code, foreign.status_code) == (404, 422, 403)

    await bare.hear_policy(2, date(2020, 2, 24), policy())
    await move(bare, "02-25T00:00")

    dues = [one["due_at"] for day in ("02-24", "02-25") for one in await listed(bare, day)]
    assert dues == ["2020-02-24T10:00:00Z", "2020-02-25T01:30:00Z"]
