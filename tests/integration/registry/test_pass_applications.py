"""Applications for a pass: from home, at the desk and from a gate, until a clerk issues or refuses (R2.4, R2.8, G4)."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.base import Event
from shared.events.gate import IntakeAnswersSealed, PassApplicationRequested
from tests.integration.registry.desk import OFFICER, Desk, resident_id

pytestmark = pytest.mark.requirement("R2.4")
NAME, PHONE = "慕容听雪", "19900007788"
LEASE = ("identity_document", "lease")


def application(**changes: Any) -> dict[str, Any]:
    return {
        "application_id": str(uuid4()),
        "compound": "lj-001",
        "name": NAME,
        "phone": PHONE,
        "address": "1幢2单元501",
        "papers": list(LEASE),
        "suzhou_code": "green",
    } | changes


async def from_home(desk: Desk, **changes: Any) -> tuple[str, str]:
    answer = await desk.client.http.post("/v1/pass-applications/online", json=application(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["application_id"], answer.json()["receipt"]


async def act(desk: Desk, application_id: str, what: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = await desk.post(f"/v1/pass-applications/{application_id}/{what}", body)
    told: dict[str, Any] = answer.json()
    return answer.status_code, told


async def verified(desk: Desk, application_id: str, person: UUID | str) -> None:
    assert (await act(desk, application_id, "person", {"person_ref": str(person)}))[0] == 200
    for kind in LEASE:
        assert (await act(desk, application_id, "papers", {"kind": kind}))[0] == 200


async def standing(desk: Desk, receipt: str) -> dict[str, Any]:
    answer = await desk.client.http.post("/v1/pass-applications/receipts", json={"code": receipt})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_from_home_to_a_pass(desk: Desk) -> None:
    person = await desk.resident()
    documents = [{"kind": "resident_id", "number": resident_id(desk.people)}]
    application_id, receipt = await from_home(desk, documents=documents)
    assert await standing(desk, receipt) == {"state": "open", "reason": None, "held": False}
    told = (await desk.get(f"/v1/pass-applications/{application_id}")).json()
    assert (told["stated"]["name"], told["person_ref"]) == (NAME, str(person))
    assert [paper["verified_at"] for paper in told["papers"]] == [None, None]
    status, refused = await act(desk, application_id, "issue")
    assert (status, refused["code"], refused["missing"]) == (
        409,
        "application_incomplete",
        ["identity_document", "lease|ownership|household_confirmation|employer_letter"],
    )
    await verified(desk, application_id, person)
    answers = await asyncio.gather(*(act(desk, application_id, "issue") for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({told["pass_id"] for _, told in answers}) == 1
    assert (await standing(desk, receipt))["state"] == "issued"
    assert [event["via"] for event in await desk.told("PassApplicationReceived")] == ["online"]
    [settled] = await desk.told("PassApplicationSettled")
    assert (settled["outcome"], settled["version"]) == ("issued", 2)
    assert len(await desk.told("EntryPassIssued")) == 1
    status, late = await act(desk, application_id, "refusal", {"reason": "other"})
    assert (status, late["code"]) == (409, "application_settled")


@pytest.mark.scenario("P5", "G4")
@pytest.mark.requirement("R2.8")
async def test_a_green_code_shortens_nothing_and_the_refusal_names_the_first_possible_day(desk: Desk) -> None:
    await desk.publish_risk({"420000": "focus"})
    told = await desk.register()
    case = desk.started(told)
    await desk.hear(case)
    application_id, _ = await from_home(desk, suzhou_code="green")
    await verified(desk, application_id, told["person_ref"])
    desk.move("2020-03-09 22:00")
    status, refused = await act(desk, application_id, "issue")
    assert (status, refused["code"], refused["first_possible"]) == (409, "pass_not_yet", "2020-03-10")
    read = (await desk.get(f"/v1/pass-applications/{application_id}")).json()
    assert (read["state"], read["first_possible"]) == ("open", "2020-03-10")
    desk.move("2020-03-10 00:00")
    await desk.hear(desk.completed(case))
    assert (await act(desk, application_id, "issue"))[0] == 201


@pytest.mark.requirement("R2.8")
async def test_no_code_at_all_refuses_nobody(desk: Desk) -> None:
    person = await desk.resident()
    application_id, _ = await from_home(desk, suzhou_code="none")
    await verified(desk, application_id, person)
    assert (await act(desk, application_id, "issue"))[0] == 201


@pytest.mark.requirement("R2.8")
@pytest.mark.parametrize("colour", ["yellow", "red"])
async def test_yellow_and_red_hold_and_report_until_another_colour_is_seen(desk: Desk, colour: str) -> None:
    person = await desk.resident()
    application_id, receipt = await from_home(desk, suzhou_code=colour)
    await verified(desk, application_id, person)
    status, refused = await act(desk, application_id, "issue")
    assert (status, refused["code"], refused["suzhou_code"]) == (409, "application_held", colour)
    assert refused["since"].startswith("2020-02-24T01:00")
    assert (await standing(desk, receipt))["held"] is True
    held = (await desk.get("/v1/pass-applications", compound="lj-001", held=True)).json()["items"]
    assert [item["application_id"] for item in held] == [application_id]
    seen = {"colour": "green", "seen_at": "2020-02-23T20:00:00+08:00"}
    assert (await act(desk, application_id, "colours", seen))[1]["held"] is True  # older than what holds it
    desk.move("2020-02-25 09:00")
    assert (await act(desk, application_id, "colours", {"colour": "green"}))[1]["held"] is False
    assert (await act(desk, application_id, "issue"))[0] == 201
    assert [event["suzhou_code"] for event in await desk.told("PassApplicationReceived")] == [colour, "green"]
    told = (await desk.get(f"/v1/pass-applications/{application_id}")).json()
    assert [seen["colour"] for seen in told["colours"]] == ["green", colour, "green"]
    future = await from_home(desk)
    status, refused = await act(
        desk, future[0], "colours", {"colour": "green", "seen_at": "2020-03-01T00:00:00+08:00"}
    )
    assert (status, refused["code"]) == (422, "code_seen_in_future")


async def test_the_same_application_again_is_no_second_and_another_under_its_id_is_refused(
    desk: Desk,
) -> None:
    body = application()
    answers = await asyncio.gather(
        *(desk.client.http.post("/v1/pass-applications/online", json=body) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    for changed in ({**body, "name": "别人"}, body):  # at the desk it is another application as well
        path = "/v1/pass-applications" + ("" if changed is body else "/online")
        other = await desk.post(path, changed)
        assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert len(await desk.told("PassApplicationReceived")) == 1


async def test_withdrawn_from_home_or_refused_with_a_reason(desk: Desk) -> None:
    first, receipt = await from_home(desk)
    for _ in range(2):
        answer = await desk.client.http.post("/v1/pass-applications/withdrawals", json={"code": receipt})
        assert answer.json()["state"] == "withdrawn"
    second, receipt = await from_home(desk)
    body = {"reason": "papers_false", "note": "租赁合同系伪造"}
    for _ in range(2):
        assert (await act(desk, second, "refusal", body))[1]["state"] == "refused"
    assert await standing(desk, receipt) == {"state": "refused", "reason": "papers_false", "held": False}
    told = (await desk.get(f"/v1/pass-applications/{second}")).json()
    assert (told["note"], told["settled_by"]) == (body["note"], "test-community_clerk")
    outcomes = [(event["outcome"], event["reason"]) for event in await desk.told("PassApplicationSettled")]
    assert outcomes == [("withdrawn", None), ("refused", "papers_false")]
    assert (await act(desk, first, "issue"))[1]["code"] == "application_settled"
    unknown = await desk.client.http.post("/v1/pass-applications/receipts", json={"code": "0" * 20})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "receipt_unknown")


def requested(desk: Desk, person: UUID | None = None) -> PassApplicationRequested:
    return PassApplicationRequested.model_validate(
        {
            "check_id": uuid4(),
            "person_ref": person,
            "compound": "lj-001",
            "checkpoint": "lj-001-n",
            "suzhou_code": "red",
            "checked_at": desk.client.context.clock.now(),
        }
    )


def answers_of(desk: Desk, event: PassApplicationRequested, said: dict[str, Any] | None) -> Event:
    sealed = desk.client.context.cards.seal_card("registry", said) if said else None
    return IntakeAnswersSealed(check_id=event.check_id, compound=event.compound, answers=sealed)


@pytest.mark.scenario("G4")
@pytest.mark.parametrize("answers_first", [True, False])
async def test_a_newcomer_at_a_gate_is_one_application_with_the_answers_given_there(
    desk: Desk, *, answers_first: bool
) -> None:
    person = await desk.resident()
    asked, said = requested(desk, person), {"name": NAME, "phone": PHONE}
    answered = answers_of(desk, asked, said)
    await desk.hear(*([answered, asked] if answers_first else [asked, answered]), asked, answered)
    [line] = (await desk.get("/v1/pass-applications", compound="lj-001", via="gate")).json()["items"]
    assert (line["application_id"], line["held"], line["person_ref"]) == (
        str(asked.check_id),
        True,
        str(person),
    )
    told = (await desk.get(f"/v1/pass-applications/{line['application_id']}")).json()
    assert (told["gate_answers"], told["stated"]) == (said, None)
    await desk.hear(answers_of(desk, asked, None))
    assert (await desk.get(f"/v1/pass-applications/{line['application_id']}")).json()["gate_answers"] is None
    assert len(await desk.told("PassApplicationReceived")) == 1


@pytest.mark.requirement("Data and law")
async def test_what_is_stated_is_nowhere_in_the_clear_and_read_by_whom_it_concerns(desk: Desk) -> None:
    application_id, _ = await from_home(desk)
    rows = await desk.rows("select stated_sealed, receipt_sealed, content_index from pass_application")
    assert all(
        secret.encode() not in value for row in rows for value in row.values() for secret in (NAME, PHONE)
    )
    events = str(await desk.rows("select document from outbox"))
    assert NAME not in events
    foreign = await desk.get(
        f"/v1/pass-applications/{application_id}", ("community_clerk", "compound:lj-002")
    )
    assert foreign.json()["code"] == "application_unknown"
    await desk.get(f"/v1/pass-applications/{application_id}", OFFICER)
    read = await desk.rows("select actor, scope from audit_read where action = 'application.read'")
    assert read == [{"actor": "test-hq_officer", "scope": f"application:{application_id}"}]
    assert (await desk.post("/v1/pass-applications", application(compound="lj-002"))).json()[
        "code"
    ] == "out_of_scope"
    nowhere = await desk.client.http.post("/v1/pass-applications/online", json=application(compound="lj-404"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "compound_unknown")


@pytest.mark.parametrize("phone", ["1234", "57601234", "叫我", "199000077881", "<b>19900007788"])
async def test_who_cannot_be_called_back_is_asked_for_a_phone_that_can(desk: Desk, phone: str) -> None:
    for path in ("/v1/pass-applications/online", "/v1/pass-applications"):
        answer = await desk.post(path, application(phone=phone))
        told = answer.json()
        assert (answer.status_code, told["code"], told["field"]) == (422, "invalid_request", "phone")
        assert "带区号" in told["errors"][0]["detail"]
        assert phone not in answer.text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+86 199-0000-7788", "19900007788"),
        ("0512-57601234转8012", "0512-57601234-8012"),
        ("+852 9123 4567", "+85291234567"),
    ],
)
async def test_a_phone_is_kept_in_its_one_spelling(desk: Desk, written: str, kept: str) -> None:
    application_id, _ = await from_home(desk, phone=written)
    told = (await desk.get(f"/v1/pass-applications/{application_id}")).json()
    assert told["stated"]["phone"] == kept
