"""Technical means at a door: what a signal of it calls for (R4.6). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

from services.observation.domain.case import Case
from services.observation.domain.refusals import CaseEnded
from shared.events.policy_observation import DoorRules
from shared.kernel.refusal import Refusal

SignalKind = Literal["opened", "heartbeat"]
TaskKind = Literal["opened", "heartbeat_lost", "at_gate"]
"""`at_gate`: somebody in home quarantine stood at the way out of a compound."""
TaskResult = Literal["explained", "left_home", "false_alarm", "device_mended", "heard_again"]
"""What somebody found out; `heard_again` is recorded by itself when a silent device speaks."""


class NoHomeQuarantine(Refusal):
    """Doors are watched in home quarantine only."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "no_home_quarantine"


class DoorTaken(Refusal):
    """Another device watches this door."""

    code: ClassVar[str] = "door_taken"


class DoorDeviceUnknown(Refusal):
    """There is no such device."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "door_device_unknown"


class DoorTaskUnknown(Refusal):
    """There is no such task."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "door_task_unknown"


class DoorTaskEnded(Refusal):
    """Somebody has answered for it."""

    code: ClassVar[str] = "door_task_ended"


class SignalOutOfTime(Refusal):
    """The instant of a signal cannot be."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "signal_out_of_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningTask:
    """A task about openings of one door, the first and the last of which are known."""

    task_id: UUID
    first_at: datetime
    last_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningFollows:
    """What an opening calls for: a task of its own, or it belongs to one that is there (`joins`)."""

    joins: OpeningTask | None


def check_door(case: Case) -> None:
    """Insist that a door may be watched.

    Raises:
        CaseEnded, NoHomeQuarantine.
    """
    if case.is_over:
        raise CaseEnded("健康观察已结束。The observation is over.")
    if case.measure != "home_quarantine":
        raise NoHomeQuarantine(
            "技防设备仅用于居家隔离人员。Doors are watched in home quarantine only.",
            remedy="请先办理居家隔离决定。Decide on home quarantine first.",
        )


def check_time(at: datetime, *, now: datetime, registered_at: datetime, ahead_seconds: int) -> None:
    """Insist on an instant between the device's registration and now.

    Raises:
        SignalOutOfTime.
    """
    if at > now + timedelta(seconds=ahead_seconds):
        raise SignalOutOfTime(
            "信号时间晚于当前时间。The signal's time is still to come.",
            field="at",
            remedy="请校准设备时钟。Set the device's clock.",
        )
    if at < registered_at - timedelta(seconds=ahead_seconds):
        raise SignalOutOfTime(
            "信号时间早于设备登记时间。The signal's time lies before the device was registered.",
            field="at",
            remedy="请校准设备时钟。Set the device's clock.",
        )


def decide_opening(
    case: Case, at: datetime, tasks: Iterable[OpeningTask], rules: DoorRules
) -> OpeningFollows | None:
    """Tell what an opening calls for; None where nobody has to stay at home.

    Openings within policy's minutes of each other are one burst and one task, in whatever order they arrive. An
    opening after somebody answered for a task is news.

    Args:
        case: of the person behind the door.
        at: when the door was opened.
        tasks: what is known about openings of the same door.
        rules: those of the day.
    """
    if case.is_over or case.measure_now != "home_quarantine":
        return None
    burst = timedelta(minutes=rules.burst_minutes)
    joins = next(
        (
            task
            for task in tasks
            if task.first_at - burst <= at <= task.last_at + burst
            and (task.ended_at is None or at <= task.ended_at)
        ),
        None,
    )
    return OpeningFollows(joins=joins)
