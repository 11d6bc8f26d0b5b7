"""After a pass was issued: printed again, suspended and reinstated by command and by what becomes known."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.base import Event
from shared.events.observation import (
    CaseConfirmed,
    FeverCleared,
    ObservationClosed,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
    SymptomReported,
)
from shared.kernel import pass_token
from tests.integration.registry.desk import OFFICER, Desk


@pytest.fixture
async def open_desk(desk: Desk) -> Desk:
    """The desk on a day with a risk list."""
    await desk.publish_risk({"420000": "focus"})
    return desk


async def given_pass(desk: Desk, building: str = "1幢") -> tuple[UUID, str]:
    person = await desk.resident(building)
    answer = await desk.ask_pass(person)
    assert answer.status_code == 201, answer.text
    return person, answer.json()["pass_id"]


async def state(desk: Desk, pass_id: str) -> tuple[str, str | None]:
    told = (await desk.get(f"/v1/passes/{pass_id}")).json()
    return told["state"], told["reason"]


def now(desk: Desk, minutes: int = 0) -> Any:
    return desk.client.context.clock.now() + timedelta(minutes=minutes)


def cleared(desk: Desk, person: UUID, minutes: int = 1) -> Event:
    return FeverCleared.model_validate(
        {"person_ref": person, "compound": "lj-001", "case_id": None, "cleared_at": now(desk, minutes)}
    )


def case_of(desk: Desk, person: UUID) -> ObservationStarted:
    return ObservationStarted.model_validate(
        {
            "case_id": uuid4(),
            "person_ref": person,
            "compound": "lj-001",
            "dwelling_id": uuid4(),
            "grid": "lj-001-w01",
            "category": "concern",
            "measure": "home_quarantine",
            "anchor_date": "2020-02-24",
            "last_day": "2020-03-09",
            "policy_version": 1,
            "started_at": now(desk),
        }
    )


def about(case: ObservationStarted) -> dict[str, Any]:
    return {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}


@pytest.mark.requirement("R2.4")
async def test_a_lost_pass_is_printed_again_and_the_old_copy_dies_with_its_serial(open_desk: Desk) -> None:
    _, pass_id = await given_pass(open_desk)
    body = {"request_id": str(uuid4()), "reason": "lost"}
    path = f"/v1/passes/{pass_id}/prints"
    answers = await asyncio.gather(*(open_desk.post(path, body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    told = answers[0].json()
    [first, second] = await open_desk.told("EntryPassIssued")
    assert [(event["serial"], event["version"]) for event in (first, second)] == [(1, 1), (2, 2)]
    assert (first["number"], first["pass_id"]) == (second["number"], second["pass_id"])
    [announced] = await open_desk.told("PassKeyAnnounced")
    claims = pass_token.verify(told["token"], {announced["key_id"]: pass_token.read_public(announced["jwk"])})
    assert (str(claims.pass_id), claims.serial, told["serial"]) == (pass_id, 2, 2)
    other = await open_desk.post(path, {**body, "reason": "damaged"})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    foreign = await open_desk.post(path, body, ("community_clerk", "compound:lj-002"))
    assert foreign.json()["code"] == "out_of_scope"


async def test_only_a_pass_that_admits_is_printed(open_desk: Desk) -> None:
    person, pass_id = await given_pass(open_desk)
    path = f"/v1/passes/{pass_id}/prints"

    async def code() -> str:
        answer = await open_desk.post(path, {"request_id": str(uuid4()), "reason": "lost"})
        assert answer.status_code == 409
        return str(answer.json()["code"])

    await open_desk.hear(open_desk.fever(person))
    assert await code() == "pass_suspended"
    open_desk.move("2020-05-01 09:00")
    assert await code() == "pass_expired"
    await open_desk.post(f"/v1/passes/{pass_id}/revoke", {"reason": "other"})
    assert await code() == "pass_revoked"
    assert len(await open_desk.told("EntryPassIssued")) == 1


async def test_a_command_suspends_until_a_command_reinstates(open_desk: Desk) -> None:
    person, pass_id = await given_pass(open_desk)
    body = {"reason": "misuse_suspected", "note": "他人持证出入，已约谈"}
    for _ in range(2):
        assert (await open_desk.post(f"/v1/passes/{pass_id}/suspend", body)).json()["state"] == "suspended"
    await open_desk.hear(open_desk.fever(person), cleared(open_desk, person))
    assert await state(open_desk, pass_id) == ("suspended", "misuse_suspected")
    refused = await open_desk.ask_pass(person)
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_suspended")
    back = await open_desk.post(f"/v1/passes/{pass_id}/reinstate", {"reason": "settled"})
    assert (back.status_code, back.json()["state"], back.json()["held_back"]) == (200, "active", None)
    twice = await open_desk.post(f"/v1/passes/{pass_id}/reinstate", {"reason": "settled"})
    assert twice.json()["code"] == "pass_not_suspended"
    steps = (await open_desk.get(f"/v1/passes/{pass_id}/steps")).json()["steps"]
    assert [(step["step"], step["reason"], step["note"]) for step in steps] == [
        ("issued", None, None),
        ("suspended", "misuse_suspected", body["note"]),
        ("reinstated", "settled", None),
    ]
    kept = await open_desk.rows("select note_sealed from pass_step where note_sealed is not null")
    assert all(body["note"].encode() not in row["note_sealed"] for row in kept)
    read = await open_desk.rows("select person_ref from audit_read where action = 'pass.steps'")
    assert read == [{"person_ref": person}]


@pytest.mark.scenario("G2")
async def test_a_cleared_fever_brings_the_pass_back_by_itself(open_desk: Desk) -> None:
    person, pass_id = await given_pass(open_desk)
    await open_desk.hear(open_desk.fever(person))
    assert await state(open_desk, pass_id) == ("suspended", "fever")
    await open_desk.hear(cleared(open_desk, person), cleared(open_desk, person))
    assert await state(open_desk, pass_id) == ("active", None)
    [event] = await open_desk.told("EntryPassReinstated")
    assert (event["pass_id"], event["reason"], event["version"]) == (pass_id, "fever_cleared", 3)


async def test_a_fever_that_arrives_after_its_clearance_stops_nothing(open_desk: Desk) -> None:
    person, pass_id = await given_pass(open_desk)
    await open_desk.hear(cleared(open_desk, person, 5), open_desk.fever(person))
    assert await state(open_desk, pass_id) == ("active", None)
    later = open_desk.fever(person).replace(checked_at=now(open_desk, 10))
    await open_desk.hear(later)
    assert await state(open_desk, pass_id) == ("suspended", "fever")


async def test_a_fever_without_a_pass_keeps_one_from_being_issued(open_desk: Desk) -> None:
    person = await open_desk.resident()
    await open_desk.hear(open_desk.fever(person))
    assert (await open_desk.ask_pass(person)).json()["code"] == "pass_suspended"
    await open_desk.hear(cleared(open_desk, person))
    assert (await open_desk.ask_pass(person)).status_code == 201


@pytest.mark.scenario("O6")
async def test_a_cleared_fever_does_not_lift_an_observation(open_desk: Desk) -> None:
    person, pass_id = await given_pass(open_desk)
    case = case_of(open_desk, person)
    symptom = SymptomReported(**about(case), fever=True, by="self", reported_at=now(open_desk))
    await open_desk.hear(open_desk.fever(person), case, symptom, cleared(open_desk, person))
    assert await state(open_desk, pass_id) == ("suspended", "fever")
    by_command = await open_desk.post(f"/v1/passes/{pass_id}/reinstate", {"reason": "other"}, OFFICER)
    assert (by_command.status_code, by_command.json()["code"]) == (409, "pass_not_yet")
    assert by_command.json()["first_possible"] == "2020-03-10"
    resumed = ObservationResumed(
        **about(case), measure="home_quarantine", last_day=case.last_day, resumed_at=now(open_desk)
    )
    await open_desk.hear(resumed)
    assert await state(open_desk, pass_id) == ("suspended", "fever")
    cancelled = ObservationClosed(**about(case), ending="cancelled", closed_at=now(open_desk, 2))
    await open_desk.hear(cancelled)
    assert await state(open_desk, pass_id) == ("active", None)
    assert [event["reason"] for event in await open_desk.told("EntryPassReinstated")] == ["case_cancelled"]


@pytest.mark.parametrize(
    ("ending", "after"),
    [
        ("cancelled", "active"),
        ("merged", "active"),
        ("transferred", "suspended"),
        ("left_town", "suspended"),
        ("died", "revoked"),
    ],
)
async def test_how_a_case_ended_decides_about_the_pass(open_desk: Desk, ending: str, after: str) -> None:
    person, pass_id = await given_pass(open_desk)
    case = case_of(open_desk, person)
    closed = ObservationClosed.model_validate({**about(case), "ending": ending, "closed_at": now(open_desk)})
    await open_desk.hear(case, closed, closed)
    assert (await state(open_desk, pass_id))[0] == after
    if after == "suspended":
        open_desk.move("2020-03-20 09:00")
        refused = (await open_desk.ask_pass(person)).json()
        assert (refused["code"], refused["first_possible"]) == ("pass_not_yet", None)


@pytest.mark.scenario("O3", "O9")
async def test_new_dates_of_an_observation_move_the_first_possible_day(open_desk: Desk) -> None:
    person, _ = await given_pass(open_desk)
    case = case_of(open_desk, person)
    dates = {"anchor_date": "2020-02-26", "last_day": "2020-03-11"}
    moved = ObservationRescheduled.model_validate(
        {**about(case), **dates, "reason": "anchor_corrected", "rescheduled_at": now(open_desk)}
    )
    await open_desk.hear(case, moved)
    assert (await open_desk.ask_pass(person)).json()["first_possible"] == "2020-03-12"
    again = ObservationRestarted.model_validate(
        {
            **about(case),
            "category": "close_contact",
            "measure": "centralized_observation",
            "anchor_date": "2020-03-05",
            "last_day": "2020-03-19",
            "restarted_at": now(open_desk),
        }
    )
    await open_desk.hear(again)
    assert (await open_desk.ask_pass(person)).json()["first_possible"] == "2020-03-20"


@pytest.mark.scenario("O9")
async def test_a_confirmed_case_stops_the_household_and_the_contacts_in_one_step(open_desk: Desk) -> None:
    ill, ill_pass = await given_pass(open_desk, "1幢")
    tenant, tenant_pass = await given_pass(open_desk, "1幢")
    contact, contact_pass = await given_pass(open_desk, "2幢")
    _, stranger_pass = await given_pass(open_desk, "3幢")
    confirmed = CaseConfirmed.model_validate(
        {
            "person_ref": ill,
            "compound": "lj-001",
            "confirmed_on": "2020-02-24",
            "last_exposure": "2020-02-23",
            "contacts": [contact],
            "confirmed_at": now(open_desk),
        }
    )
    await open_desk.hear(confirmed, confirmed)
    assert await state(open_desk, ill_pass) == ("suspended", "medical")
    assert await state(open_desk, tenant_pass) == ("suspended", "close_contact")
    assert await state(open_desk, contact_pass) == ("suspended", "close_contact")
    assert await state(open_desk, stranger_pass) == ("active", None)
    written = await open_desk.rows(
        "select count(distinct xmin::text) from entry_pass where state = 'suspended'"
    )
    assert written == [{"count": 1}]  # one transaction wrote all of them
    await open_desk.hear(cleared(open_desk, tenant))
    assert await state(open_desk, tenant_pass) == ("suspended", "close_contact")
    path = f"/v1/passes/{contact_pass}/reinstate"
    by_clerk = await open_desk.post(path, {"reason": "suspended_in_error"})
    assert (by_clerk.status_code, by_clerk.json()["code"]) == (403, "headquarters_decides")
    by_officer = await open_desk.post(path, {"reason": "suspended_in_error"}, OFFICER)
    assert by_officer.json()["state"] == "active"
    case = case_of(open_desk, tenant)
    await open_desk.hear(case)
    open_desk.move("2020-03-10 08:00")
    await open_desk.hear(open_desk.completed(case))
    assert await state(open_desk, tenant_pass) == (
        "suspended",
        "close_contact",
    )  # O10: the old one stays invalid
    assert (await open_desk.ask_pass(tenant)).status_code == 201


async def test_the_list_of_passes_is_filtered_and_paged(open_desk: Desk) -> None:
    passes = [await given_pass(open_desk, f"{n}幢") for n in range(1, 6)]
    await open_desk.hear(open_desk.fever(passes[2][0]))
    seen: list[str] = []
    after: str | None = None
    while True:
        params: dict[str, Any] = {"compound": "lj-001", "limit": 2} | ({"after": after} if after else {})
        told = (await open_desk.get("/v1/passes", **params)).json()
        seen += [item["pass_id"] for item in told["items"]]
        after = told["next"]
        if after is None:
            break
    assert seen == [pass_id for _, pass_id in passes]
    suspended = (await open_desk.get("/v1/passes", compound="lj-001", state="suspended")).json()["items"]
    assert [item["pass_id"] for item in suspended] == [passes[2][1]]
    of_one = (await open_desk.get("/v1/passes", compound="lj-001", person_ref=passes[4][0])).json()["items"]
    assert [item["pass_id"] for item in of_one] == [passes[4][1]]
    foreign = await open_desk.get("/v1/passes", ("community_clerk", "compound:lj-002"), compound="lj-001")
    assert foreign.json()["code"] == "out_of_scope"
