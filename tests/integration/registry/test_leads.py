"""Leads and rewards through HTTP."""

import asyncio
import json
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.registry.domain.leads import RewardedAlready
from services.registry.store import leads as store
from tests.integration.registry.desk import CLERK, OFFICER, Desk

NAME, PHONE = "慕容听雪", "19900007788"
PLACE, TEXT = "3幢门口，问诸葛明月", "东方不换家来了外地人"
CHECKPOINT = "lj-001-n"
POSTED = """
with staff as (
  insert into worker (worker_ref, code, name_sealed, sex_sealed, phone_sealed, content_index, kind, home_unit)
  values (gen_random_uuid(), 'g-1', '', '', '', '', 'guard', 'lj-property') returning worker_ref
)
insert into posting (posting_id, worker_ref, place_kind, compound_id, checkpoint_id, grid_id, from_day)
select gen_random_uuid(), worker_ref, 'checkpoint', 'lj-001', 'lj-001-n', null::text, date '2020-02-01' from staff
union all
select gen_random_uuid(), worker_ref, 'grid', 'lj-001', null, 'lj-001-w02', date '2020-02-01' from staff
"""


def lead(**changes: Any) -> dict[str, Any]:
    return {
        "lead_id": str(uuid4()),
        "request_secret": token_urlsafe(16),
        "channel": "gate_code",
        "category": "unregistered_outsider",
        "compound": "lj-001",
        "place": PLACE,
        "text": TEXT,
        "observed_at": "2020-02-24T08:00:00+08:00",
    } | changes


def plain(row: dict[str, Any]) -> str:
    """A row as whoever steals the database reads it."""
    return " ".join(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row.values()
    )


async def tell(desk: Desk, **changes: Any) -> dict[str, Any]:
    answer = await desk.client.http.post("/v1/leads", json=lead(**changes))  # nobody signs in
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def standing(desk: Desk, receipt: str) -> tuple[str, bool | None, str]:
    answer = await desk.client.http.post("/v1/leads/receipts", json={"code": receipt})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["state"], told["valid"], told["reward"]


async def done(desk: Desk, path: str, body: Any = None, who: tuple[str, str] = OFFICER) -> dict[str, Any]:
    answer = await desk.post(f"/v1/leads/{path}", body, who)
    assert answer.status_code in {200, 201}, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def refused(desk: Desk, path: str, body: Any, who: tuple[str, str] = CLERK) -> tuple[int, str]:
    answer = await desk.post(f"/v1/leads/{path}", body, who)
    return answer.status_code, answer.json()["code"]


async def inbox(desk: Desk, **params: Any) -> list[dict[str, Any]]:
    answer = await desk.get("/v1/leads", compound="lj-001", **params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def gate(desk: Desk) -> None:
    body = {"checkpoint_id": CHECKPOINT, "name": "北门", "traffic": "mixed", "opened_on": "2020-02-01"}
    answer = await desk.post("/v1/compounds/lj-001/checkpoints", body, OFFICER)
    assert answer.status_code == 201, answer.text


@pytest.mark.scenario("P13")
async def test_the_same_tip_from_two_people_is_one_fact_with_one_reward(desk: Desk) -> None:
    first = await tell(desk, reporter={"name": NAME, "phone": PHONE})
    second = await tell(desk, observed_at="2020-02-23T20:00:00+08:00", text="有外来人员")
    await tell(desk, observed_at="2020-02-20T20:00:00+08:00")  # too long ago
    await tell(desk, category="gathering")
    await tell(desk, compound="lj-002")
    one, two = first["lead_id"], second["lead_id"]

    shown = {line["lead_id"]: line["possible_duplicates"] for line in await inbox(desk)}
    assert (shown[one], shown[two], sum(shown.values())) == (1, 1, 2)
    assert (await desk.get(f"/v1/leads/{one}")).json()["alike"] == [two]

    merged = await done(desk, f"{two}/merge", {"kept_lead_id": one}, CLERK)
    assert (merged["merged_into"], merged["possible_duplicates"]) == (one, 0)
    assert (await desk.get(f"/v1/leads/{one}")).json()["duplicates"] == [two]
    assert await refused(desk, f"{one}/reward", None, OFFICER) == (409, "not_rewardable")
    assert await refused(desk, f"{two}/closure", {"valid": True, "reason": "confirmed"}) == (
        409,
        "lead_merged",
    )
    await done(desk, f"{one}/assignment", {"kind": "grid", "code": "lj-001-w01"}, CLERK)
    assert await standing(desk, second["receipt"]) == ("assigned", None, "none")
    await done(desk, f"{one}/closure", {"valid": True, "reason": "confirmed"}, CLERK)

    answers = await asyncio.gather(
        *(desk.post(f"/v1/leads/{each}/reward", None, OFFICER) for each in (one, two) * 5)
    )
    rewarded = {answer.json()["lead_id"] for answer in answers if answer.status_code in {200, 201}}
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201] + [409] * 5
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"rewarded_already"}
    assert len(rewarded) == 1
    assert len(await desk.rows("select from lead_reward")) == 1
    states = {await standing(desk, told["receipt"]) for told in (first, second)}
    assert states == {("closed", True, "granted"), ("closed", True, "none")}


@pytest.mark.scenario("P13")
@pytest.mark.requirement("Data and law")
async def test_who_told_it_is_in_no_list_event_or_row_and_opens_only_with_a_reason(desk: Desk) -> None:
    first = await tell(desk, reporter={"name": NAME, "phone": PHONE})
    second = await tell(desk)
    one, two = first["lead_id"], second["lead_id"]
    await done(desk, f"{one}/assignment", {"kind": "unit", "code": "police-station"}, CLERK)
    await done(desk, f"{one}/closure", {"valid": True, "reason": "confirmed"}, CLERK)
    await done(desk, f"{one}/reward")
    answers: list[httpx.Response] = [
        await desk.get("/v1/leads", compound="lj-001"),
        await desk.get(f"/v1/leads/{one}"),
        await desk.get(f"/v1/leads/{one}", OFFICER),
        await desk.client.http.post("/v1/leads/receipts", json={"code": first["receipt"]}),
    ]
    with_reporter = (await desk.get(f"/v1/leads/{one}")).json()
    without = (await desk.get(f"/v1/leads/{two}")).json()
    assert with_reporter.keys() == without.keys()  # not even whether there is one
    assert (with_reporter["place"], with_reporter["text"]) == (PLACE, TEXT)

    outbox = [plain(row) for row in await desk.rows("select * from outbox")]
    tables = ("lead", "lead_reporter", "lead_reward", "audit_read")
    kept = [plain(row) for table in tables for row in await desk.rows(f"select * from {table}")]
    for text in [answer.text for answer in answers] + outbox + kept:
        assert NAME not in text
        assert PHONE not in text
    for text in outbox + kept:
        assert PLACE not in text
        assert TEXT not in text
        assert first["receipt"] not in text
        assert json.dumps(NAME).strip('"') not in text

    path, why = f"{one}/reporter", {"reason": "发放奖励"}
    assert await refused(desk, path, why, CLERK) == (403, "role_not_allowed")
    assert await refused(desk, path, {"reason": " "}, OFFICER) == (422, "invalid_request")
    assert await desk.client.reads("lead.reporter_opened") == []
    assert await done(desk, path, why) == {"known": True, "name": NAME, "phone": PHONE}
    assert await done(desk, f"{two}/reporter", why) == {"known": False, "name": None, "phone": None}
    action = "lead.reporter_opened"
    noted = sorted((action, f"lead:{each}", "发放奖励") for each in (one, two))
    assert await desk.client.reads(action) == noted
    who = await desk.rows("select distinct actor, role from audit_read where action = $1", action)
    assert who == [{"actor": "test-hq_officer", "role": "hq_officer"}]


@pytest.mark.scenario("P13")
async def test_a_merge_is_undone_but_not_for_the_one_that_was_rewarded(desk: Desk) -> None:
    one, two, three = [(await tell(desk))["lead_id"] for _ in range(3)]

    async def undo(each: str) -> tuple[int, Any]:
        answer = await desk.client.http.delete(f"/v1/leads/{each}/merge", headers=desk.client.as_role(*CLERK))
        return answer.status_code, answer.json().get("code")

    assert await undo(two) == (409, "not_merged")
    for each in (two, three):
        await done(desk, f"{each}/merge", {"kept_lead_id": one}, CLERK)
        await done(desk, f"{each}/merge", {"kept_lead_id": one}, CLERK)
    assert await refused(desk, f"{one}/merge", {"kept_lead_id": two}) == (409, "not_mergeable")
    assert await refused(desk, f"{one}/merge", {"kept_lead_id": one}) == (409, "not_mergeable")
    assert await refused(desk, f"{one}/merge", {"kept_lead_id": str(uuid4())}) == (404, "lead_unknown")
    await done(desk, f"{one}/closure", {"valid": True, "reason": "confirmed"}, CLERK)
    await done(desk, f"{two}/reward")
    assert await undo(two) == (409, "not_mergeable")
    assert await undo(three) == (200, None)
    [again] = [line for line in await inbox(desk) if line["lead_id"] == three]
    assert (again["state"], again["merged_into"], again["rewarded"]) == ("received", None, False)


@pytest.mark.scenario("P13")
async def test_the_database_itself_keeps_a_second_reward_of_a_fact_out(desk: Desk) -> None:
    one, two = [UUID((await tell(desk))["lead_id"]) for _ in range(2)]

    async def reward(*facts: tuple[UUID, UUID]) -> None:
        async with desk.database.begin(actor="test") as tx:
            for fact, rewarded in facts:
                await store.add_reward(tx, fact, rewarded)

    with pytest.raises(RewardedAlready):
        await reward((one, one), (one, two))  # one fact, two leads
    with pytest.raises(RewardedAlready):
        await reward((one, one), (two, one))  # one lead, two facts
    assert await desk.rows("select from lead_reward") == []


@pytest.mark.scenario("P13")
async def test_a_reward_goes_with_its_lead_when_two_facts_turn_out_to_be_one(desk: Desk) -> None:
    one, two = [(await tell(desk))["lead_id"] for _ in range(2)]
    for each in (one, two):
        await done(desk, f"{each}/closure", {"valid": True, "reason": "confirmed"}, CLERK)
    await done(desk, f"{two}/reward")
    await done(desk, f"{two}/merge", {"kept_lead_id": one}, CLERK)
    assert await refused(desk, f"{one}/reward", None, OFFICER) == (409, "rewarded_already")
    assert len(await desk.rows("select from lead_reward")) == 1


@pytest.mark.requirement("R6.3")
async def test_a_lead_has_a_clock_from_its_assignment_and_its_way_is_told(desk: Desk) -> None:
    told = await tell(desk)
    one = told["lead_id"]
    assert await standing(desk, told["receipt"].lower()) == ("received", None, "none")
    line = await done(desk, f"{one}/assignment", {"kind": "grid", "code": "lj-001-w01"}, CLERK)
    assert (line["state"], line["due_at"]) == ("assigned", "2020-02-24T05:00:00Z")
    await done(desk, f"{one}/assignment", {"kind": "grid", "code": "lj-001-w01"}, CLERK)
    assert await inbox(desk, overdue=True) == []
    desk.move("2020-02-24 13:30")
    passed_on = await done(desk, f"{one}/assignment", {"kind": "unit", "code": "police-station"}, CLERK)
    assert passed_on["due_at"] == line["due_at"]
    assert [each["lead_id"] for each in await inbox(desk, overdue=True, state="assigned")] == [one]
    ending = {"valid": False, "reason": "not_found"}
    await done(desk, f"{one}/closure", ending, CLERK)
    await done(desk, f"{one}/closure", ending, CLERK)
    assert await refused(desk, f"{one}/closure", {"valid": True, "reason": "confirmed"}) == (
        409,
        "lead_closed_already",
    )
    assert await refused(desk, f"{one}/assignment", {"kind": "grid", "code": "lj-001-w01"}) == (
        409,
        "lead_closed_already",
    )
    assert await inbox(desk, overdue=True) == []
    assert await standing(desk, told["receipt"]) == ("closed", False, "none")
    assert await refused(desk, f"{one}/reward", None, OFFICER) == (409, "not_rewardable")
    received, closed = await desk.told("LeadReceived"), await desk.told("LeadClosed")
    assigned = await desk.told("LeadAssigned")
    assert [(e["version"], e["via"], e["category"]) for e in received] == [
        (1, "gate_code", "unregistered_outsider")
    ]
    assert [(e["version"], e["assignee"]) for e in assigned] == [(2, "lj-001-w01"), (3, "police-station")]
    assert [(e["version"], e["valid"], e["reason"]) for e in closed] == [(4, False, "not_found")]


@pytest.mark.requirement("R6.3")
async def test_those_complained_about_do_not_look_into_it(desk: Desk) -> None:
    await gate(desk)
    async with desk.database.begin() as tx:
        await tx.execute(POSTED)
    one = (await tell(desk, category="gate_unattended"))["lead_id"]
    path = f"{one}/assignment"

    async def to(kind: str, code: str, **more: str) -> tuple[int, str]:
        return await refused(desk, path, {"kind": kind, "code": code, **more})

    assert await to("grid", "lj-001-w01") == (422, "gate_not_named")
    assert await to("grid", "lj-001-w01", complained_about="lj-009-n") == (422, "gate_not_named")
    accused = {"complained_about": CHECKPOINT}
    assert await to("unit", CHECKPOINT, **accused) == (409, "assigned_to_the_accused")
    assert await to("unit", "lj-property", **accused) == (409, "assigned_to_the_accused")
    assert await to("grid", "lj-001-w02", **accused) == (409, "assigned_to_the_accused")
    assert await to("grid", "lj-002-w01", **accused) == (422, "assignee_unknown")
    line = await done(desk, path, {"kind": "grid", "code": "lj-001-w01", **accused}, CLERK)
    assert (line["complained_about"], line["due_at"]) == (CHECKPOINT, "2020-02-24T03:00:00Z")
    assert await to("grid", "lj-001-w01", complained_about="lj-001-s") == (422, "gate_not_named")


async def test_a_lead_sent_twice_is_one_and_a_bad_one_is_refused(desk: Desk) -> None:
    body = lead(reporter={"phone": PHONE})
    answers = await asyncio.gather(*(desk.client.http.post("/v1/leads", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    rebuilt = await desk.client.http.post("/v1/leads", json=body | {"request_secret": token_urlsafe(16)})
    assert (rebuilt.status_code, rebuilt.json()["code"]) == (
        422,
        "same_id_other_content",
    )  # no receipt for others
    guessed = await desk.client.http.post("/v1/leads", json=body | {"request_secret": "1234"})
    assert (guessed.status_code, guessed.json()["field"]) == (422, "request_secret")
    assert body["request_secret"] not in " ".join(
        map(plain, await desk.rows("select * from lead") + await desk.rows("select document from outbox"))
    )
    assert len(await desk.rows("select from lead_reporter")) == 1

    async def bad(**changes: Any) -> tuple[int, str]:
        answer = await desk.client.http.post("/v1/leads", json=lead(**changes))
        return answer.status_code, answer.json()["code"]

    assert await bad(lead_id=body["lead_id"], text="别的事") == (422, "same_id_other_content")
    assert await bad(compound="lj-777") == (422, "compound_unknown")
    assert await bad(observed_at="2020-02-24T09:00:01+08:00") == (422, "observed_in_future")
    assert await bad(category="gate_unattended", complained_about="lj-001-x") == (422, "gate_not_named")
    assert await bad(category="weather") == (422, "invalid_request")
    assert await bad(text=" ") == (422, "invalid_request")
    assert len(await inbox(desk)) == 1
    unknown = await desk.client.http.post("/v1/leads/receipts", json={"code": "0000-0000-0000-0000"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "receipt_unknown")


async def test_leads_are_for_those_in_charge_and_come_in_pages(desk: Desk) -> None:
    ids = [(await tell(desk))["lead_id"] for _ in range(3)]
    page = (await desk.get("/v1/leads", compound="lj-001", limit=2)).json()
    rest = (await desk.get("/v1/leads", compound="lj-001", limit=2, after=page["next"])).json()
    assert sorted(line["lead_id"] for line in page["items"] + rest["items"]) == sorted(ids)
    assert rest["next"] is None
    assert len(await inbox(desk, category="gathering")) == 0
    assert len(await inbox(desk, state="received")) == 3
    other = ("community_clerk", "compound:lj-002")
    for path, asked, told in (
        ("/v1/leads", {"compound": "lj-001"}, (403, "out_of_scope")),
        (f"/v1/leads/{ids[0]}", {}, (404, "lead_unknown")),
    ):
        answer = await desk.get(path, other, **asked)
        assert (answer.status_code, answer.json()["code"]) == told
        for role in ("guard", "shift_leader", "property_manager"):
            denied = await desk.get(path, (role, "town"), compound="lj-001")
            assert (denied.status_code, denied.json()["code"]) == (403, "role_not_allowed")
    assert await refused(desk, f"{ids[0]}/reward", None, CLERK) == (403, "role_not_allowed")
    closing = {"valid": True, "reason": "confirmed"}
    assert await refused(desk, f"{ids[0]}/closure", closing, other) == (403, "out_of_scope")
    assert await refused(desk, f"{uuid4()}/closure", closing) == (404, "lead_unknown")
    reads = await desk.rows("select scope from audit_read where action = 'lead.read'")
    assert reads == []
    await desk.get(f"/v1/leads/{ids[0]}")
    assert await desk.rows("select scope from audit_read where action = 'lead.read'") == [
        {"scope": f"lead:{ids[0]}"}
    ]


async def test_whoever_tells_too_much_waits_and_nobody_guesses_receipts(desk: Desk) -> None:
    settings = desk.client.context.settings
    answers = [
        await desk.client.http.post("/v1/leads/receipts", json={"code": "0000-0000-0000-0000"})
        for _ in range(settings.lead_burst_each + 1)
    ]
    assert {answer.status_code for answer in answers[:-1]} == {404}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await desk.client.http.post("/v1/leads", json=lead())).status_code == 201  # each route for itself


@pytest.mark.scenario("P13")
async def test_a_reporter_reads_that_it_is_in_hand_and_then_that_it_is_done(desk: Desk) -> None:
    told = await tell(desk)

    async def label() -> str:
        answer = await desk.client.http.post("/v1/leads/receipts", json={"code": told["receipt"]})
        shown: str = answer.json()["label"]
        return shown

    assert await label() == "处理中"
    await done(desk, f"{told['lead_id']}/assignment", {"kind": "grid", "code": "lj-001-w01"}, CLERK)
    assert await label() == "处理中"
    await done(desk, f"{told['lead_id']}/closure", {"valid": True, "reason": "confirmed"}, CLERK)
    assert await label() == "已办结"


@pytest.mark.scenario("P13")
async def test_people_of_the_unit_or_grid_complained_about_do_not_look_into_it(desk: Desk) -> None:
    await gate(desk)
    async with desk.database.begin() as tx:
        await tx.execute(POSTED)  # a guard of lj-property at the gate, who also serves in grid w02
    for accused, assignee, status in (
        ("lj-property", {"kind": "grid", "code": "lj-001-w02"}, 409),
        ("lj-property", {"kind": "unit", "code": "lj-property"}, 409),
        ("lj-001-w02", {"kind": "unit", "code": "lj-property"}, 409),
        ("lj-001-w02", {"kind": "grid", "code": "lj-001-w01"}, 200),
        ("lj-property", {"kind": "grid", "code": "lj-001-w01"}, 200),
    ):
        told = await tell(desk, category="other", complained_about=accused)
        answer = await desk.post(f"/v1/leads/{told['lead_id']}/assignment", assignee)
        assert answer.status_code == status, (accused, assignee, answer.text)


@pytest.mark.scenario("P13")
async def test_headquarters_hears_of_a_merge_and_of_its_undoing(desk: Desk) -> None:
    one, two = await tell(desk), await tell(desk)
    await done(desk, f"{two['lead_id']}/merge", {"kept_lead_id": one["lead_id"]}, CLERK)
    await done(desk, f"{two['lead_id']}/merge", {"kept_lead_id": one["lead_id"]}, CLERK)
    undone = await desk.client.http.delete(
        f"/v1/leads/{two['lead_id']}/merge", headers=desk.client.as_role(*CLERK)
    )
    assert undone.status_code == 200
    merged, separated = await desk.told("LeadMerged"), await desk.told("LeadSeparated")
    assert [(told["lead_id"], told["merged_into"], told["version"]) for told in merged] == [
        (two["lead_id"], one["lead_id"], 2)
    ]
    assert [(told["lead_id"], told["version"]) for told in separated] == [(two["lead_id"], 3)]
