"""Folds of what gates tell of their devices and of checks that need a look."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.reporting.projections import check_flags, gates, vehicle_flow
from services.reporting.projections.entry_flow import FlowKey
from services.reporting.projections.vehicle_flow import VehicleFlow
from shared.events.gate import (
    AdmittedAfterRevocation,
    CheckFlagged,
    DeviceEnrolled,
    DeviceRevoked,
    DeviceSeen,
    QuarantineExitSeen,
    VehicleChecked,
    Verdict,
)
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef

HERE = CompoundId("lj-001")
MORNING = datetime(2020, 2, 24, 0, 30, tzinfo=UTC)
PERSON = PersonRef(UUID(int=2))


def seen(device: UUID, at: datetime, queue: int = 0) -> DeviceSeen:
    return DeviceSeen(
        device_id=device,
        compound=HERE,
        checkpoint=CheckpointId("lj-001-k1"),
        seen_at=at,
        queue_length=queue,
        oldest_queued_at=None,
        list_made_at=None,
        clock_skew_seconds=0,
    )


@pytest.mark.scenario("H4")
def test_a_devices_last_word_counts_and_a_stopped_one_stays_stopped() -> None:
    device, other = uuid4(), uuid4()
    about_it: dict[str, Any] = {"compound": HERE, "checkpoint": CheckpointId("lj-001-k1")}
    rows = gates.fold(
        [
            DeviceEnrolled(device_id=device, enrolled_at=MORNING, **about_it),
            seen(device, MORNING, 3),
            DeviceRevoked(device_id=device, revoked_at=MORNING, **about_it),
            seen(device, MORNING + timedelta(minutes=1), 2),
            DeviceEnrolled(device_id=other, enrolled_at=MORNING, **about_it),
        ]
    )
    assert (rows[device].queue_length, rows[device].revoked) == (2, True)
    assert rows[device].seen_at == MORNING + timedelta(minutes=1)
    assert (rows[other].seen_at, rows[other].revoked) == (None, False)


@pytest.mark.scenario("G10")
def test_a_flag_is_kept_once_for_a_check_and_what_is_said_of_it() -> None:
    flagged = CheckFlagged(
        check_id=UUID(int=1),
        person_ref=PERSON,
        compound=HERE,
        checkpoint=CheckpointId("lj-001-k1"),
        flag="copied_pass",
        other_check_id=UUID(int=2),
        flagged_at=MORNING,
    )
    late = AdmittedAfterRevocation(
        check_id=UUID(int=1),
        pass_id=UUID(int=3),
        person_ref=PERSON,
        compound=HERE,
        checkpoint=CheckpointId("lj-001-k1"),
        ended_as="replaced",
        ended_at=MORNING - timedelta(hours=1),
        checked_at=MORNING,
    )
    rows = check_flags.fold([flagged, late, flagged])
    assert {(key.flag, key.other_check_id.int) for key in rows} == {
        ("copied_pass", 2),
        ("admitted_after_replaced", 1),
    }


@pytest.mark.requirement("R2.5")
@pytest.mark.parametrize(
    ("verdict", "flag"),
    [
        ("refuse", "quarantine_exit"),
        ("cannot_verify", "quarantine_exit"),
        ("admit", "quarantine_left"),
        ("admit_with_action", "quarantine_left"),
    ],
)
def test_who_leaves_home_quarantine_is_told_from_who_was_stopped(verdict: Verdict, flag: str) -> None:
    event = QuarantineExitSeen(
        check_id=UUID(int=1),
        person_ref=PERSON,
        compound=HERE,
        checkpoint=CheckpointId("lj-001-k1"),
        verdict=verdict,
        checked_at=MORNING,
    )
    [(key, row)] = check_flags.fold([event, event]).items()
    assert (key.flag, key.other_check_id, row.flagged_at) == (flag, UUID(int=1), MORNING)


def vehicle(verdict: str, direction: str, at: datetime = MORNING) -> VehicleChecked:
    return VehicleChecked.model_validate(
        {
            "check_id": uuid4(),
            "compound": HERE,
            "checkpoint": "lj-001-k1",
            "vehicle_ref": None,
            "direction": direction,
            "verdict": verdict,
            "reasons": (),
            "emergency": False,
            "occupants": 1,
            "boot_opened": None,
            "checked_at": at,
            "offline": False,
            "policy_version": 1,
        }
    )


@pytest.mark.scenario("G7")
def test_vehicles_are_counted_by_what_they_came_to_in_the_hour_when_they_stood_there() -> None:
    events = [
        vehicle("complete", "entry"),
        vehicle("complete", "exit"),
        vehicle("held", "entry"),
        vehicle("held", "exit"),
        vehicle("refuse", "entry"),
        vehicle("complete", "entry", MORNING + timedelta(minutes=30)),
    ]
    day = MORNING.date()
    expected = {
        FlowKey(day, HERE, 8): VehicleFlow(
            vehicles_in=1, vehicles_out=1, vehicles_held=2, vehicles_refused=1
        ),
        FlowKey(day, HERE, 9): VehicleFlow(vehicles_in=1),
    }
    assert vehicle_flow.fold(events) == expected == vehicle_flow.fold(reversed(events))
