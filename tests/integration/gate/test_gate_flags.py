"""What comes to light when offline checks are handed in: history stays, somebody is told, once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.gate.consumers import Flags
from tests.integration.gate.town import CHECKPOINT, EPOCH, HERE, NOW, OTHER_CHECKPOINT, GateTown, Resident

ADMITTED: dict[str, Any] = {"verdict": "admit", "reasons": [], "policy_version": 1}
TEN, HALF_PAST, TWELVE = NOW + timedelta(hours=1), NOW + timedelta(hours=1.5), NOW + timedelta(hours=3)


async def looked_at(town: GateTown) -> list[dict[str, Any]]:
    """The gate looks at all its checks so far; tells every finding."""
    rows = await town.rows("select document from outbox where channel = 'checks' order by id")
    await town.deliver(Flags(), "gate", "checks", [row["document"] for row in rows])
    return [
        {name: finding[name] for name in ("check_id", "flag", "other_check_id")}
        for finding in await town.published("CheckFlagged")
    ]


def pair(*checks: dict[str, Any]) -> set[str]:
    return {check["check_id"] for check in checks}


@pytest.mark.scenario("G10")
async def test_an_admission_after_a_revocation_stays_history_and_is_told(town: GateTown) -> None:
    wang = await town.resident()
    town.client.move_to(TEN)
    await town.tell(town.revoked(wang), at=TEN)
    town.client.move_to(TWELVE)
    before = town.body(wang, checked_at=(TEN - timedelta(seconds=1)).isoformat(), offline=ADMITTED)
    after = town.body(wang, checked_at=HALF_PAST.isoformat(), offline=ADMITTED)
    refused = town.body(
        wang,
        checked_at=HALF_PAST.isoformat(),
        offline={"verdict": "refuse", "reasons": ["no_mask"], "policy_version": 1},
    )
    for _ in range(2):
        answer = await town.batch([before, after, refused])
    assert {item["status"] for item in answer.json()["items"]} == {"exists"}
    [late] = await town.published("AdmittedAfterRevocation")
    assert late == {
        "check_id": after["check_id"],
        "pass_id": str(wang.pass_id),
        "person_ref": str(wang.person),
        "compound": HERE,
        "checkpoint": CHECKPOINT,
        "ended_as": "revoked",
        "ended_at": "2020-02-24T02:00:00Z",
        "checked_at": "2020-02-24T02:30:00Z",
    }
    verdicts = await town.rows("select verdict from entry_check order by seq")
    assert [row["verdict"] for row in verdicts] == ["admit", "admit", "refuse"]


@pytest.mark.scenario("G10")
@pytest.mark.parametrize("ended_as", ["suspended", "replaced"])
async def test_a_suspension_and_a_newer_print_end_a_pass_as_well(town: GateTown, ended_as: str) -> None:
    wang = await town.resident()
    news = {
        "suspended": town.suspended(wang),
        "replaced": town.issued(wang.pass_id, wang.number, wang.person, serial=2),
    }
    await town.tell(news[ended_as], at=TEN)
    town.client.move_to(TWELVE)
    await town.batch([town.body(wang, checked_at=HALF_PAST.isoformat(), offline=ADMITTED)])
    [late] = await town.published("AdmittedAfterRevocation")
    assert (late["ended_as"], late["ended_at"]) == (ended_as, "2020-02-24T02:00:00Z")


async def test_a_pass_that_is_good_again_and_a_refusal_online_are_no_late_admissions(town: GateTown) -> None:
    wang, zhao = await town.resident(), await town.resident(room="1-1-101")
    await town.tell(town.revoked(zhao), at=TEN)
    town.client.move_to(TWELVE)
    assert (await town.check(zhao))["verdict"] == "refuse"
    await town.batch([town.body(wang, checked_at=HALF_PAST.isoformat(), offline=ADMITTED)])
    assert await town.published("AdmittedAfterRevocation") == []


@pytest.mark.scenario("G9")
@pytest.mark.requirement("F15")
async def test_one_person_at_two_gates_within_a_minute_is_flagged_once(town: GateTown) -> None:
    wang, zhao = await town.resident(), await town.resident(room="1-1-101")
    other = await town.enrol(OTHER_CHECKPOINT)

    async def at(device: str, who: Resident | dict[str, Any], when: datetime) -> dict[str, Any]:
        body = town.body(who, checked_at=when.isoformat(), offline=ADMITTED)
        answer = await town.client.http.post(
            "/v1/entry-checks/batch", json={"checks": [body]}, headers={"Authorization": f"Device {device}"}
        )
        assert answer.json()["items"][0]["status"] == "created", answer.text
        return body

    town.client.move_to(TWELVE)
    document = {"kind": "document", "number": zhao.document}
    typed = await at(town.device, zhao, TEN), await at(other, document, TEN + timedelta(seconds=60))
    await at(other, document, TEN + timedelta(seconds=61 + 60))
    assert [(pair(*typed), "two_places_at_once")] == [
        ({finding["check_id"], finding["other_check_id"]}, finding["flag"])
        for finding in await looked_at(town)
    ]
    later = await at(town.device, wang, TEN + timedelta(minutes=10))
    scanned = await at(other, wang, TEN + timedelta(minutes=7))  # handed in later, and was earlier
    await at(other, wang, TEN + timedelta(minutes=14))
    await at(town.device, wang, TEN + timedelta(minutes=10, seconds=30))  # the same gate again: that is usual
    findings = await looked_at(town)
    assert {"copied_pass", "two_places_at_once"} == {finding["flag"] for finding in findings}
    copies = [finding for finding in findings if finding["flag"] == "copied_pass"]
    assert [{one["check_id"], one["other_check_id"]} for one in copies] == [pair(later, scanned)]
    assert await looked_at(town) == findings
    assert len(await town.rows("select 1 from entry_check")) == 7


@pytest.mark.scenario("G11")
@pytest.mark.requirement("F13")
async def test_a_stamp_that_cannot_be_believed_is_flagged_and_counted_where_it_came_in(
    town: GateTown,
) -> None:
    wang = await town.resident()
    early = town.body(wang, checked_at=EPOCH.isoformat(), offline=ADMITTED)
    ahead = town.body(wang, checked_at=TWELVE.isoformat())  # answered live: the time is known here
    await town.batch([early])
    await town.send(ahead)
    assert await looked_at(town) == [
        {"check_id": early["check_id"], "flag": "clock_behind", "other_check_id": None},
        {"check_id": ahead["check_id"], "flag": "clock_ahead", "other_check_id": None},
    ]
    kept = await town.rows(
        "select check_id, device_at, happened_at, received_at from entry_check order by seq"
    )
    assert kept == [
        {"check_id": UUID(early["check_id"]), "device_at": EPOCH, "happened_at": NOW, "received_at": NOW},
        {"check_id": UUID(ahead["check_id"]), "device_at": TWELVE, "happened_at": NOW, "received_at": NOW},
    ]
    told = await town.published("EntryChecked")
    assert {event["checked_at"] for event in told} == {"2020-02-24T01:00:00Z"}
