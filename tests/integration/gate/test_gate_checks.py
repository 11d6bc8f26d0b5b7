"""Entry checks over HTTP on a real database: one answer, one row, one event."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.events.registry.passes import HoldSettled
from shared.events.registry.rules import PassKeyRetired
from tests.integration.gate.town import (
    CHECKPOINT,
    EPOCH,
    HERE,
    NOW,
    OTHER_CHECKPOINT,
    THERE,
    GateTown,
    codes,
)


@pytest.mark.scenario("G1")
async def test_a_good_pass_is_admitted_and_everything_about_it_is_kept(town: GateTown) -> None:
    wang = await town.resident("王", "3-1-502")
    said = NOW - timedelta(seconds=20)
    answer = await town.check(wang, checked_at=said.isoformat())
    assert (answer["verdict"], answer["reasons"], answer["action"]) == ("admit", [], None)
    assert answer["display"] == {"surname": "王*", "room": "3-1-502"}
    [row] = await town.rows("select * from entry_check")
    assert row["device_at"] == row["happened_at"] == said
    assert row["received_at"] == NOW
    assert (row["verdict"], row["reasons"], row["policy_version"], row["offline"]) == ("admit", [], 1, False)
    assert (row["person_ref"], row["pass_id"]) == (wang.person, wang.pass_id)
    assert await town.reading(row) == "36.5"
    [event] = await town.published("EntryChecked")
    assert event == {
        "check_id": answer["check_id"],
        "compound": HERE,
        "checkpoint": CHECKPOINT,
        "person_ref": None,
        "direction": "entry",
        "verdict": "admit",
        "reasons": [],
        "temperature_c": None,
        "checked_at": said.isoformat().replace("+00:00", "Z"),
        "offline": False,
        "policy_version": 1,
        "corrects": None,
    }


async def test_the_check_and_its_event_are_written_by_one_transaction(town: GateTown) -> None:
    await town.check(await town.resident())
    [row] = await town.rows(
        "select c.xmin::text as kept, o.xmin::text as told, o.document::jsonb ->> 'sequence' as version "
        "from entry_check c, outbox o where o.subject like '%EntryChecked%'"
    )
    assert row["kept"] == row["told"]
    assert row["version"] == "1"


@pytest.mark.scenario("G2")
async def test_a_residents_fever_holds_them_at_once_and_is_told(town: GateTown) -> None:
    wang = await town.resident()
    assert (await town.check(wang, temperature_c=37.2))["verdict"] == "admit"
    hot = await town.check(wang, temperature_c=37.3)
    assert (hot["verdict"], codes(hot), hot["action"]) == ("refuse", ["fever"], "fever_path")
    [seen] = await town.published("FeverSeen")
    assert (seen["check_id"], seen["person_ref"], seen["temperature_c"]) == (
        hot["check_id"],
        str(wang.person),
        "37.3",
    )
    cool = await town.check(wang, temperature_c=36.4)
    assert (cool["verdict"], codes(cool), cool["action"]) == (
        "refuse",
        ["under_quarantine"],
        "hold_and_report",
    )
    assert (await town.check(wang, temperature_c=38))["verdict"] == "refuse"
    [hold] = await town.rows("select source, measure, active from restriction")
    assert hold == {"source": "gate_fever", "measure": "medical", "active": True}


@pytest.mark.scenario("G2")
async def test_a_fever_that_the_registry_settled_holds_nobody_any_more(town: GateTown) -> None:
    wang, later = await town.resident(), NOW + timedelta(hours=2)
    await town.check(wang, temperature_c=37.9)
    settled = HoldSettled(
        settlement_id=uuid4(), person_ref=wang.person, kind="fever", settled_at=NOW - timedelta(minutes=5)
    )
    await town.tell(settled, settled.replace(settlement_id=uuid4(), kind="close_contact", settled_at=later))
    assert codes(await town.check(wang)) == ["under_quarantine"]  # of an earlier fever, and of something else
    await town.tell(settled.replace(settlement_id=uuid4(), settled_at=later))
    assert (await town.check(wang))["verdict"] == "admit"


@pytest.mark.scenario("G2")
async def test_a_visitors_fever_turns_them_back_and_holds_nobody(town: GateTown) -> None:
    answer = await town.check({"kind": "visitor"}, temperature_c=37.3)
    assert (answer["verdict"], answer["action"]) == ("refuse", "turn_back")
    assert await town.rows("select 1 from restriction") == []
    assert await town.published("FeverSeen") == []
    [event] = await town.published("EntryChecked")
    assert event["person_ref"] is None


@pytest.mark.scenario("G3")
async def test_first_without_then_with_a_mask_is_two_checks(town: GateTown) -> None:
    wang = await town.resident()
    bare = await town.check(wang, mask=False)
    assert (bare["verdict"], codes(bare)) == ("refuse", ["no_mask"])
    assert (await town.check(wang))["verdict"] == "admit"
    assert [event["verdict"] for event in await town.published("EntryChecked")] == ["refuse", "admit"]


@pytest.mark.scenario("G5")
@pytest.mark.parametrize("reading", [None, 3.65, 365, 98.6, 43.5])
async def test_half_a_check_admits_nobody_and_keeps_no_impossible_reading(
    town: GateTown, reading: float | None
) -> None:
    answer = await town.check(await town.resident(), temperature_c=reading)
    assert codes(answer) == ["incomplete"]
    assert answer["action"] == ("measure_temperature" if reading is None else "measure_again")
    [row] = await town.rows("select temperature_sealed, verdict from entry_check")
    assert row == {"temperature_sealed": None, "verdict": "cannot_verify"}


@pytest.mark.scenario("G6")
async def test_a_pass_of_another_compound_is_refused_and_shows_nobody(town: GateTown) -> None:
    answer = await town.check(await town.resident("李", "9-9-909", THERE))
    assert (answer["verdict"], codes(answer)) == ("refuse", ["wrong_compound"])
    assert answer["display"] is None


@pytest.mark.scenario("G8")
async def test_a_repeat_gets_the_first_answer_also_from_a_second_device(town: GateTown) -> None:
    wang = await town.resident()
    body = town.body(wang)
    first = await town.send(body)
    await town.tell(town.revoked(wang))
    second_device = await town.enrol()
    again = await town.send(body | {"seq": 900, "checked_at": (NOW + timedelta(seconds=9)).isoformat()})
    elsewhere = await town.send(body | {"temperature_c": "36.50"}, device=second_device)
    assert first.status_code == 201
    assert (again.status_code, elsewhere.status_code) == (200, 200)
    assert first.json() == again.json() == elsewhere.json()
    other = await town.send(body | {"temperature_c": 36.6})
    assert (other.status_code, other.json()["code"]) == (422, "same_id_other_content")
    assert len(await town.rows("select 1 from entry_check")) == 1
    assert len(await town.published("EntryChecked")) == 1


@pytest.mark.scenario("G8")
@pytest.mark.parametrize(
    "change",
    [
        {"direction": "exit"},
        {"mask": False},
        {"temperature_c": None},
        {"answers": {"unwell": False}},
        {"subject": {"kind": "visitor"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_the_same_id_with_other_content_is_refused(town: GateTown, change: dict[str, Any]) -> None:
    body = town.body(await town.resident())
    assert (await town.send(body)).status_code == 201
    assert (await town.send(body | change)).json()["code"] == "same_id_other_content"


async def test_the_same_id_at_another_checkpoint_is_other_content(town: GateTown) -> None:
    body = town.body(await town.resident())
    assert (await town.send(body)).status_code == 201
    other = await town.send(body, device=await town.enrol(OTHER_CHECKPOINT))
    assert other.json()["code"] == "same_id_other_content"


async def test_twenty_at_once_with_one_id_make_one_row_one_event_one_answer(town: GateTown) -> None:
    body = town.body(await town.resident(), temperature_c=37.8)
    answers = await asyncio.gather(*(town.send(body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len(await town.rows("select 1 from entry_check")) == 1
    assert len(await town.published("EntryChecked")) == 1
    assert len(await town.published("FeverSeen")) == 1


@pytest.mark.scenario("G14")
async def test_unknown_is_not_verified_forged_is_refused(town: GateTown) -> None:
    wang = await town.resident()
    forged = GateTown(client=town.client, card_keys=town.card_keys)
    forged.signing_key = {**forged.signing_key, "kid": town.signing_key["kid"]}
    stranger = GateTown(client=town.client, card_keys=town.card_keys)
    for token, verdict, reason in (
        ("EP1:NOTHING", "cannot_verify", "pass_unknown"),
        ("https://example.org/", "cannot_verify", "pass_unknown"),
        (town.token(uuid4(), "99999999"), "cannot_verify", "pass_unknown"),
        (stranger.token(wang.pass_id, wang.number), "cannot_verify", "pass_unverifiable"),
        (forged.token(wang.pass_id, wang.number), "refuse", "pass_forged"),
    ):
        answer = await town.check({"kind": "pass_token", "token": token})
        assert (answer["verdict"], codes(answer)) == (verdict, [reason])
        assert answer["display"] is None
    assert {event["person_ref"] for event in await town.published("EntryChecked")} == {None}


async def test_suspension_revocation_and_reprint_act_on_the_next_check(town: GateTown) -> None:
    wang, li, zhao = [await town.resident(surname) for surname in "王李赵"]
    await town.tell(town.suspended(wang), town.revoked(li))
    await town.tell(town.issued(zhao.pass_id, zhao.number, zhao.person, serial=2))
    assert codes(await town.check(wang)) == ["pass_suspended"]
    assert codes(await town.check(li)) == ["pass_revoked"]
    assert codes(await town.check(zhao)) == ["pass_replaced"]
    newest = {"kind": "pass_token", "token": town.token(zhao.pass_id, zhao.number, serial=2)}
    assert (await town.check(newest))["verdict"] == "admit"
    await town.tell(town.reinstated(wang))
    assert (await town.check(wang))["verdict"] == "admit"


async def test_who_forgot_the_pass_is_found_by_document_room_and_number(town: GateTown) -> None:
    wang = await town.resident("王", "3幢-1-502")
    for subject, reason in (
        ({"kind": "document", "number": f" {wang.document[:6]} {wang.document[6:]} "}, "pass_not_shown"),
        ({"kind": "dwelling_surname", "room": "3栋1单元502室", "surname": "王小明"}, "pass_not_shown"),
        ({"kind": "pass_number", "number": wang.number}, "pass_not_scanned"),
    ):
        answer = await town.check(subject)
        assert (answer["verdict"], codes(answer)) == ("admit_with_action", [reason])
        assert answer["display"] == {"surname": "王*", "room": "3幢-1-502"}
    assert {row["person_ref"] for row in await town.rows("select person_ref from entry_check")} == {
        wang.person
    }
    await town.resident("王", "3-1-502")
    answer = await town.check({"kind": "dwelling_surname", "room": "3-1-502", "surname": "王"})
    assert codes(answer) == ["subject_ambiguous"]
    assert codes(await town.check({"kind": "document", "number": "X"})) == ["subject_unknown"]


async def test_each_showing_of_a_person_is_in_the_audit_log(town: GateTown) -> None:
    wang = await town.resident()
    await town.check(wang)
    await town.check({"kind": "visitor"})
    [read] = await town.rows("select actor, role, action, person_ref, scope from audit_read")
    assert read == {
        "actor": town.device.partition(".")[0],
        "role": "device",
        "action": "gate.entry_check",
        "person_ref": wang.person,
        "scope": f"checkpoint:{CHECKPOINT}",
    }


@pytest.mark.scenario("G17")
async def test_somebody_in_self_monitoring_comes_home_but_does_not_go_out(town: GateTown) -> None:
    wang = await town.resident(with_pass=False)
    me = {"kind": "document", "number": wang.document}
    assert codes(await town.check(me)) == ["no_pass"]
    case = await town.observe(wang)
    home = await town.check(me)
    assert (home["verdict"], home["action"]) == ("admit_with_action", "go_straight_home")
    out = await town.check(me, direction="exit")
    assert (out["verdict"], out["action"]) == ("refuse", "stay_home")
    await town.tell(town.completed(wang, case, NOW + timedelta(days=14)), at=NOW + timedelta(days=14))
    await town.tell(town.issued(wang.pass_id, wang.number, wang.person))
    assert (await town.check(wang))["verdict"] == "admit"


async def test_an_interruption_holds_and_a_later_decision_ends_gates_own_hold(town: GateTown) -> None:
    wang = await town.resident()
    case = await town.observe(wang)
    await town.check(wang, temperature_c=38.1)
    await town.tell(town.resumed(wang, case, NOW - timedelta(minutes=1)))
    assert (await town.check(wang))["action"] == "hold_and_report"  # that decision did not know of the fever
    await town.tell(town.interrupted(wang, case))
    assert (await town.check(wang))["action"] == "hold_and_report"
    await town.tell(town.resumed(wang, case, NOW + timedelta(minutes=1)))
    assert (await town.check(wang))["action"] == "go_straight_home"


@pytest.mark.scenario("G11")
@pytest.mark.parametrize("device_at", [NOW + timedelta(hours=3), EPOCH])
async def test_a_wrong_device_clock_loses_nothing_and_counts_by_the_time_of_receipt(
    town: GateTown, device_at: datetime
) -> None:
    answer = await town.check(await town.resident(), checked_at=device_at.isoformat())
    assert answer["verdict"] == "admit"
    [row] = await town.rows("select device_at, happened_at, received_at, time_trusted from entry_check")
    assert row == {"device_at": device_at, "happened_at": NOW, "received_at": NOW, "time_trusted": False}
    [event] = await town.published("EntryChecked")
    assert event["checked_at"] == NOW.isoformat().replace("+00:00", "Z")


@pytest.mark.requirement("R2.5")
async def test_answers_are_kept_sealed_and_only_where_somebody_is_known(town: GateTown) -> None:
    wang = await town.resident()
    told = {"been_to_focus_area": True, "contact_with_case": False}
    answer = await town.check(wang, answers=told)
    assert (answer["verdict"], codes(answer)) == ("admit_with_action", ["follow_up"])
    await town.check({"kind": "visitor"}, answers=told)
    rows = await town.rows(
        "select person_ref, answers_sealed from entry_check order by person_ref nulls last"
    )
    key = await town.client.context.vault.key(wang.person)
    vault = town.client.context.vault
    assert vault.open(key, "entry_check.answers", rows[0]["answers_sealed"]) == "yn-"
    assert rows[1]["answers_sealed"] is None


async def test_the_answer_says_nothing_but_what_a_guard_may_see(town: GateTown) -> None:
    wang = await town.resident()
    await town.observe(wang, "centralized_observation")
    answer = await town.check(wang, temperature_c=38)
    assert answer.keys() == {
        "check_id",
        "verdict",
        "reasons",
        "action",
        "instruction",
        "display",
        "checked_at",
        "received_at",
        "offline",
        "policy_version",
        "nth_today",
    }
    assert answer["display"].keys() == {"surname", "room"}
    assert answer["instruction"].keys() == {"zh_cn", "en"}
    text = str(answer | {"check_id": ""}).lower()  # the id is random: it may hold any digits
    for word in (
        *("focus", "category", "origin", "region", "medical", "centralized", "case_", "38"),
        *("湖北", "武汉", "重点", "确诊", "隔离", str(wang.person), str(wang.pass_id), wang.document),
    ):
        assert word not in text


async def test_no_check_is_judged_before_a_policy_is_known(town: GateTown) -> None:
    async with town.client.context.database.begin() as tx:
        await tx.execute("delete from policy_version")
    answer = await town.send(town.body({"kind": "visitor"}))
    assert (answer.status_code, answer.json()["code"]) == (503, "policy_unknown")
    assert answer.headers["Retry-After"]
    assert await town.rows("select 1 from entry_check") == []


HOSTILE: list[tuple[str, bytes | dict[str, Any]]] = [
    ("NaN", b'{"temperature_c": NaN}'),
    ("infinity", b'{"temperature_c": 1e999}'),
    ("NUL", {"subject": {"kind": "dwelling_surname", "room": "3-1-502", "surname": "\x00"}}),
    ("lone surrogate", b'{"subject": {"kind": "document", "number": "\\ud800"}}'),
    ("huge temperature", {"temperature_c": 10**30}),
    ("many decimals", {"temperature_c": "36.5000000000000000001"}),
    ("temperature as text", {"temperature_c": "NaN"}),
    ("huge seq", {"seq": 2**63}),
    ("negative seq", {"seq": -1}),
    ("true as seq", {"seq": True}),
    ("unknown field", {"verdict": "admit"}),
    ("foreign checkpoint", {"checkpoint": "lj-002-n"}),
    ("unknown field of the subject", {"subject": {"kind": "visitor", "name": "x"}}),
    ("unknown subject", {"subject": {"kind": "friend"}}),
    ("no subject", {"subject": None}),
    ("naive time", {"checked_at": "2020-02-24T09:00:00"}),
    ("year 1", {"checked_at": "0001-01-01T00:00:00+14:00"}),
    ("year 9999", {"checked_at": "9999-12-31T23:59:59-12:00"}),
    ("mask as text", {"mask": "yes"}),
    ("long token", {"subject": {"kind": "pass_token", "token": "x" * 401}}),
    ("bad id", {"check_id": "1"}),
    ("a list", b"[]"),
    ("nothing", b""),
    ("deep", b"[" * 5000),
    ("long number", {"subject": {"kind": "pass_number", "number": "1" * 13}}),
    (
        "offline reasons with spaces",
        {"offline": {"verdict": "admit", "reasons": ["a b"], "policy_version": 1}},
    ),
    ("offline policy 0", {"offline": {"verdict": "admit", "reasons": [], "policy_version": 0}}),
]


async def test_hostile_input_is_a_problem_and_no_row(town: GateTown) -> None:
    headers = {"Authorization": f"Device {town.device}", "Content-Type": "application/json"}
    post = town.client.http.post
    for name, hostile in HOSTILE:
        if isinstance(hostile, bytes):
            answer = await post("/v1/entry-checks", content=hostile, headers=headers)
        else:
            body = town.body({"kind": "visitor"}) | hostile
            answer = await post("/v1/entry-checks", json=body, headers=headers)
        assert 400 <= answer.status_code < 500, name
        assert answer.headers["Content-Type"] == "application/problem+json", name
        assert answer.json()["code"], name
    assert await town.rows("select 1 from entry_check") == []
    assert await town.rows("select 1 from outbox where channel <> 'devices'") == []


async def test_a_retired_pass_key_is_forgotten(town: GateTown) -> None:
    [kept] = await town.rows("select key_id from pass_key")
    await town.tell(PassKeyRetired(key_id=kept["key_id"], retired_at=NOW))
    assert await town.rows("select key_id from pass_key") == []
