"""Entry passes: never before the full period, once however often asked, stopped as soon as something is known."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from stdnum import damm

from shared.events.observation import ObservationAwaitsClosure, ObservationInterrupted, ObservationStarted
from shared.kernel import pass_token
from tests.integration.registry.desk import OFFICER, Desk, resident_id


@pytest.fixture
async def open_desk(desk: Desk) -> Desk:
    """The desk on a day with a risk list."""
    await desk.publish_risk({"420000": "focus"})
    return desk


async def observed(desk: Desk) -> tuple[dict[str, Any], ObservationStarted]:
    """Somebody whose observation runs from 24 February to 9 March."""
    told = await desk.register()
    case = desk.started(told)
    await desk.hear(case)
    return told, case


@pytest.mark.scenario("P5")
@pytest.mark.requirement("R2.7")
async def test_no_pass_before_the_full_period_and_one_on_the_following_day(open_desk: Desk) -> None:
    told, case = await observed(open_desk)
    for moment in ("2020-03-08 09:00", "2020-03-09 22:00"):  # day 13; day 14, late
        open_desk.move(moment)
        refused = await open_desk.ask_pass(told["person_ref"])
        assert (refused.status_code, refused.json()["code"]) == (409, "pass_not_yet")
        assert refused.json()["first_possible"] == "2020-03-10"
    open_desk.move("2020-03-10 00:00")
    early = await open_desk.ask_pass(told["person_ref"])
    assert early.json()["code"] == "pass_not_yet"  # the day is here, the release is not known yet
    await open_desk.hear(open_desk.completed(case))
    issued, again = await asyncio.gather(*(open_desk.ask_pass(told["person_ref"]) for _ in range(2)))
    assert sorted([issued.status_code, again.status_code]) == [200, 201]
    assert issued.json() == again.json()
    [event] = await open_desk.told("EntryPassIssued")
    assert (event["number"], event["version"], event["serial"]) == (issued.json()["number"], 1, 1)


@pytest.mark.scenario("P5")
async def test_a_hundred_askings_at_once_give_one_pass(open_desk: Desk) -> None:
    person = await open_desk.resident()
    answers = await asyncio.gather(*(open_desk.ask_pass(person) for _ in range(100)))
    assert Counter(answer.status_code for answer in answers) == {200: 99, 201: 1}
    assert len({answer.text for answer in answers}) == 1
    assert len(await open_desk.told("EntryPassIssued")) == 1
    assert await open_desk.rows("select count(*) from entry_pass") == [{"count": 1}]
    assert await open_desk.rows("select count(*) from pass_request") == [{"count": 100}]


async def test_the_database_itself_takes_no_second_active_pass(open_desk: Desk) -> None:
    person = await open_desk.resident()
    pass_id = (await open_desk.ask_pass(person)).json()["pass_id"]
    with pytest.raises(Exception, match="active pass") as raised:
        async with open_desk.database.begin() as tx:
            await tx.execute(
                "insert into entry_pass (pass_id, number, person_ref, compound_id, kind, state, valid_from, "
                "valid_until, policy_version, token_sealed, issued_by, changed_at, key_id) "
                "select gen_random_uuid(), '00000000', person_ref, compound_id, kind, state, valid_from, "
                "valid_until, policy_version, token_sealed, issued_by, changed_at, key_id "
                "from entry_pass where pass_id = $1",
                UUID(pass_id),
            )
    assert isinstance(raised.value.__cause__, asyncpg.UniqueViolationError)


async def test_a_request_repeated_gets_the_first_answer_and_with_other_content_none(open_desk: Desk) -> None:
    person, other, request = await open_desk.resident(), await open_desk.resident("2幢"), uuid4()
    first = await open_desk.ask_pass(person, request=request)
    again = await open_desk.ask_pass(person, request=request)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = await open_desk.ask_pass(other, request=request)
    assert (changed.status_code, changed.json()["code"]) == (422, "same_id_other_content")


async def test_one_request_id_for_two_people_at_the_same_moment_serves_one(open_desk: Desk) -> None:
    people, request = [await open_desk.resident("1幢"), await open_desk.resident("2幢")], uuid4()
    answers = await asyncio.gather(*(open_desk.ask_pass(person, request=request) for person in people))
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert len(await open_desk.told("EntryPassIssued")) == 1


@pytest.mark.requirement("R2.4")
async def test_the_token_verifies_with_the_announced_key_and_names_nobody(open_desk: Desk) -> None:
    told = (await open_desk.ask_pass(await open_desk.resident())).json()
    [announced] = await open_desk.told("PassKeyAnnounced")
    key = pass_token.read_public(announced["jwk"])
    claims = pass_token.verify(told["token"], {announced["key_id"]: key})
    assert (str(claims.pass_id), claims.number, claims.serial) == (told["pass_id"], told["number"], 1)
    assert (claims.compound, claims.not_before) == ("lj-001", datetime(2020, 2, 24, 1, 0, tzinfo=UTC))
    assert claims.expires == datetime(2020, 3, 25, 16, 0, tzinfo=UTC)  # 24:00 on day 30 in Shanghai
    assert len(told["number"]) == 8
    assert damm.is_valid(told["number"])
    assert "token" not in (await open_desk.get(f"/v1/passes/{told['pass_id']}")).json()


async def test_the_signing_key_is_nowhere_in_the_clear(open_desk: Desk) -> None:
    [announced] = await open_desk.told("PassKeyAnnounced")
    assert set(announced["jwk"]) == {"kty", "crv", "alg", "x", "y", "kid"}
    [kept] = await open_desk.rows("select public_jwk, private_sealed from pass_key")
    assert "d" not in kept["public_jwk"]
    assert b'"d"' not in kept["private_sealed"]


async def test_a_pass_is_asked_for_by_document_too(open_desk: Desk) -> None:
    person = await open_desk.resident()
    body = {
        "request_id": str(uuid4()),
        "document": f"{resident_id(open_desk.people).lower()} ",
        "compound": "lj-001",
    }
    answer = await open_desk.post("/v1/passes", body)
    assert (answer.status_code, answer.json()["person_ref"]) == (201, str(person))
    unknown = await open_desk.post(
        "/v1/passes", {**body, "document": resident_id(999), "request_id": str(uuid4())}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person_unknown")
    both = await open_desk.post("/v1/passes", {**body, "person_ref": str(person)})
    assert (both.status_code, both.json()["code"]) == (422, "invalid_request")


@pytest.mark.scenario("P4")
async def test_only_residents_of_the_compound_get_one(open_desk: Desk) -> None:
    person = await open_desk.resident()
    town = ("community_clerk", "town")
    body = {"request_id": str(uuid4()), "person_ref": str(person), "compound": "lj-002"}
    assert (await open_desk.post("/v1/passes", body)).json()["code"] == "out_of_scope"
    assert (await open_desk.post("/v1/passes", body, town)).json()["code"] == "not_a_resident"
    nowhere = await open_desk.post("/v1/passes", {**body, "compound": "lj-404"}, town)
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "compound_unknown")
    assert (await open_desk.ask_pass(uuid4())).json()["code"] == "person_unknown"
    assert (await open_desk.post("/v1/passes", body, OFFICER)).json()["code"] == "role_not_allowed"


@pytest.mark.scenario("G2")
async def test_a_fever_at_a_gate_suspends_the_pass_and_a_new_one_needs_it_settled(open_desk: Desk) -> None:
    person = await open_desk.resident()
    told = (await open_desk.ask_pass(person)).json()
    await open_desk.hear(open_desk.fever(person), open_desk.fever(person))
    [event] = await open_desk.told("EntryPassSuspended")
    assert (event["pass_id"], event["reason"], event["version"]) == (told["pass_id"], "fever", 2)
    shown = (await open_desk.get(f"/v1/passes/{told['pass_id']}")).json()
    assert (shown["state"], shown["reason"]) == ("suspended", "fever")
    refused = await open_desk.ask_pass(person)
    assert (refused.status_code, refused.json()["code"]) == (409, "pass_suspended")
    settled = await open_desk.post(f"/v1/passes/{told['pass_id']}/revoke", {"reason": "settled"})
    assert settled.json()["state"] == "revoked"
    assert (await open_desk.ask_pass(person)).status_code == 201


async def test_a_fever_of_somebody_without_a_pass_is_no_trouble(open_desk: Desk) -> None:
    await open_desk.hear(open_desk.fever(await open_desk.resident()), open_desk.fever(uuid4()))
    assert await open_desk.told("EntryPassSuspended") == []


@pytest.mark.scenario("O10")
async def test_an_old_pass_is_void_from_the_moment_of_a_new_intake(open_desk: Desk) -> None:
    person = await open_desk.resident("8幢")
    old = (await open_desk.ask_pass(person)).json()
    documents = [{"kind": "resident_id", "number": resident_id(open_desk.people)}]
    body = open_desk.intake(person={"name": "司徒南星", "documents": documents, "phone": "19900000000"})
    told = await open_desk.register(body)
    assert told["person_ref"] == str(person)
    [event] = await open_desk.told("EntryPassSuspended")
    assert (event["pass_id"], event["reason"]) == (old["pass_id"], "under_observation")
    pending = await open_desk.ask_pass(person)
    assert (pending.json()["code"], pending.json()["first_possible"]) == ("pass_not_yet", "2020-03-10")
    case = open_desk.started(told)
    await open_desk.hear(case)
    open_desk.move("2020-03-10 08:00")
    await open_desk.hear(open_desk.completed(case))
    new = await open_desk.ask_pass(person)
    assert new.status_code == 201
    assert new.json()["number"] != old["number"]
    shown = (await open_desk.get(f"/v1/passes/{old['pass_id']}")).json()
    assert (shown["state"], shown["reason"]) == ("revoked", "replaced")
    assert [event["version"] for event in await open_desk.told("EntryPassRevoked")] == [3]


@pytest.mark.scenario("O5", "O6")
async def test_while_the_end_is_open_no_pass_and_no_promise(open_desk: Desk) -> None:
    told, case = await observed(open_desk)
    where = {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}
    now = open_desk.client.context.clock.now()
    await open_desk.hear(ObservationInterrupted(**where, reason="fever", interrupted_at=now))
    for state in ("interrupted", "awaiting_closure"):
        open_desk.move("2020-03-20 09:00")
        refused = (await open_desk.ask_pass(told["person_ref"])).json()
        assert (refused["code"], refused["first_possible"], refused["observation"]) == (
            "pass_not_yet",
            None,
            state,
        )
        await open_desk.hear(ObservationAwaitsClosure(**where, last_day=date(2020, 3, 9)))


async def test_a_completed_observation_is_not_opened_again_by_late_news(open_desk: Desk) -> None:
    told, case = await observed(open_desk)
    open_desk.move("2020-03-10 00:00")
    await open_desk.hear(open_desk.completed(case))
    where = {"case_id": case.case_id, "person_ref": case.person_ref, "compound": case.compound}
    await open_desk.hear(
        case,
        ObservationInterrupted(**where, reason="fever", interrupted_at=open_desk.client.context.clock.now()),
    )
    assert (await open_desk.ask_pass(told["person_ref"])).status_code == 201


async def test_news_about_a_case_whose_beginning_was_never_seen_waits_as_a_dead_letter(
    open_desk: Desk,
) -> None:
    told, case = await observed(open_desk)
    stranger = case.replace(case_id=uuid4())
    await open_desk.hear(open_desk.completed(stranger), dead_letters=1)
    assert (await open_desk.ask_pass(told["person_ref"])).json()["code"] == "pass_not_yet"


async def test_an_issue_and_a_new_case_at_the_same_moment_leave_no_active_pass(open_desk: Desk) -> None:
    for building in ("1幢", "2幢", "3幢", "4幢", "5幢"):
        person = await open_desk.resident(building)
        case = ObservationStarted.model_validate(
            {
                "case_id": uuid4(),
                "person_ref": person,
                "compound": "lj-001",
                "dwelling_id": uuid4(),
                "grid": "lj-001-w01",
                "category": "focus",
                "measure": "centralized_observation",
                "anchor_date": "2020-02-24",
                "last_day": "2020-03-09",
                "policy_version": 1,
                "started_at": open_desk.client.context.clock.now(),
            }
        )
        asked, _ = await asyncio.gather(open_desk.ask_pass(person), open_desk.hear(case))
        assert asked.status_code in {201, 409}
    states = await open_desk.rows("select distinct state from entry_pass")
    assert {row["state"] for row in states} <= {"suspended"}


async def test_revoking_twice_is_revoking_once(open_desk: Desk) -> None:
    person = await open_desk.resident()
    told = (await open_desk.ask_pass(person)).json()
    path = f"/v1/passes/{told['pass_id']}/revoke"
    answers = await asyncio.gather(*(open_desk.post(path, {"reason": "lost"}) for _ in range(5)))
    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(200, "lost")}
    later = await open_desk.post(path, {"reason": "misused"})
    assert later.json()["reason"] == "lost"
    [event] = await open_desk.told("EntryPassRevoked")
    assert (event["reason"], event["version"]) == ("lost", 2)
    new = await open_desk.ask_pass(person)
    assert (new.status_code, new.json()["pass_id"] != told["pass_id"]) == (201, True)
    foreign = await open_desk.post(path, {"reason": "lost"}, ("community_clerk", "compound:lj-002"))
    assert foreign.json()["code"] == "out_of_scope"
    assert (await open_desk.get(f"/v1/passes/{uuid4()}")).json()["code"] == "pass_unknown"


async def test_an_expired_pass_is_replaced(open_desk: Desk) -> None:
    person = await open_desk.resident()
    old = (await open_desk.ask_pass(person)).json()
    open_desk.client.move_to(datetime.fromisoformat(old["valid_until"]) - timedelta(seconds=1))
    assert (await open_desk.ask_pass(person)).json()["pass_id"] == old["pass_id"]
    open_desk.client.move_to(datetime.fromisoformat(old["valid_until"]))
    new = await open_desk.ask_pass(person)
    assert (new.status_code, new.json()["number"] != old["number"]) == (201, True)
