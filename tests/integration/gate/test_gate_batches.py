"""Queued checks: each by itself, none lost, what an offline device decided stays history."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.gate.town import NOW, GateTown, codes


async def test_a_batch_has_a_status_for_each_check_and_never_fails_as_a_whole(town: GateTown) -> None:
    wang = await town.resident()
    known = town.body(wang)
    assert (await town.send(known)).status_code == 201
    new, twice = town.body(wang), town.body({"kind": "visitor"})
    hostile: list[Any] = [
        town.body(wang, seq=2**70),
        town.body(wang, extra=1),
        {"check_id": "x"},
        None,
        [],
        "check",
        town.body({"kind": "document", "number": "1" * 65}),
    ]
    answer = await town.batch(
        [known, new, known | {"mask": False}, twice, twice, twice | {"mask": None}, *hostile]
    )
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [
        *("exists", "created", "rejected", "created", "exists", "rejected"),
        *["rejected"] * len(hostile),
    ]
    assert [item["code"] for item in items if item["status"] == "rejected"] == [
        *["same_id_other_content"] * 2,
        *["invalid_request"] * len(hostile),
    ]
    assert items[6]["check_id"] == hostile[0]["check_id"]
    assert (items[6]["field"], items[6]["detail"]) == (
        "seq",
        "不得大于 9007199254740991。It has to be 9007199254740991 or less.",
    )
    for item in items:  # a person who looks at the device is told why, and what to do; nobody else needs it
        rejected = item["status"] == "rejected"
        assert (bool(item["detail"]), bool(item["remedy"])) == (rejected, rejected)
    assert items[0]["answer"]["verdict"] == "admit"
    assert len(await town.rows("select 1 from entry_check")) == 3
    assert len(await town.published("EntryChecked")) == 3


async def test_a_whole_batch_sent_again_is_the_same(town: GateTown) -> None:
    wang = await town.resident()
    checks = [town.body(wang, checked_at=(NOW - timedelta(minutes=nth)).isoformat()) for nth in range(200)]
    first, again = (await town.batch(checks)).json(), (await town.batch(checks)).json()
    assert {item["status"] for item in first["items"]} == {"created"}
    assert {item["status"] for item in again["items"]} == {"exists"}
    assert [item["answer"] for item in first["items"]] == [item["answer"] for item in again["items"]]
    assert len(await town.published("EntryChecked")) == 200


async def test_more_than_two_hundred_or_none_is_refused(town: GateTown) -> None:
    for number in (0, 201):
        assert (await town.batch([{}] * number)).status_code == 422


async def test_within_a_batch_a_fever_holds_the_person_from_the_next_check_on(town: GateTown) -> None:
    wang = await town.resident()
    checks = [town.body(wang), town.body(wang, temperature_c=37.9), town.body(wang)]
    items = (await town.batch(checks)).json()["items"]
    assert [codes(item["answer"]) for item in items] == [[], ["fever"], ["under_quarantine"]]
    assert len(await town.published("FeverSeen")) == 1


@pytest.mark.scenario("G10")
async def test_what_an_offline_device_decided_stays_as_it_happened(town: GateTown) -> None:
    wang = await town.resident()
    await town.tell(town.revoked(wang))
    then = NOW - timedelta(minutes=90)
    decided = {"verdict": "admit", "reasons": [], "policy_version": 1}
    body = town.body(wang, checked_at=then.isoformat(), offline=decided)
    [item] = (await town.batch([body])).json()["items"]
    assert (item["status"], item["answer"]["verdict"], item["answer"]["offline"]) == (
        "created",
        "admit",
        True,
    )
    [row] = await town.rows("select verdict, offline, happened_at, received_at from entry_check")
    assert row == {"verdict": "admit", "offline": True, "happened_at": then, "received_at": NOW}
    [event] = await town.published("EntryChecked")
    assert (event["verdict"], event["offline"]) == ("admit", True)


async def test_a_fever_seen_offline_still_holds_and_is_told(town: GateTown) -> None:
    wang = await town.resident()
    decided = {"verdict": "refuse", "reasons": ["fever", "a_code_of_tomorrow"], "action": "fever_path"}
    body = town.body(wang, temperature_c=37.9, offline=decided | {"policy_version": 1})
    [item] = (await town.batch([body])).json()["items"]
    assert codes(item["answer"]) == ["fever", "a_code_of_tomorrow"]
    assert item["answer"]["reasons"][1]["text"] is None
    assert len(await town.published("FeverSeen")) == 1
    assert codes(await town.check(wang)) == ["under_quarantine"]


async def test_an_online_answer_stands_when_the_device_queued_the_check_as_well(town: GateTown) -> None:
    body = town.body(await town.resident())
    assert (await town.send(body)).json()["verdict"] == "admit"
    decided = {"verdict": "cannot_verify", "reasons": ["pass_unknown"], "policy_version": 1}
    [item] = (await town.batch([body | {"offline": decided}])).json()["items"]
    assert (item["status"], item["answer"]["verdict"]) == ("exists", "admit")


async def test_nothing_of_a_batch_stays_when_the_database_refuses_one_and_each_is_then_tried_alone(
    town: GateTown, owner: Any
) -> None:
    bad = uuid4()
    await owner(f"alter table entry_check add constraint planted check (check_id <> '{bad}')")
    wang = await town.resident()
    checks = [town.body(wang), town.body(wang, check_id=str(bad)), town.body(wang)]
    items = (await town.batch(checks)).json()["items"]
    assert [item["status"] for item in items] == ["created", "rejected", "created"]
    assert items[1]["code"] == "not_storable"
    assert len(await town.published("EntryChecked")) == 2
