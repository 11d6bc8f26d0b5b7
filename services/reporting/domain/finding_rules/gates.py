"""Posts and gates: nobody there, nothing heard, lists too old, admissions that should not have been (R2.2, H4, G10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.reporting.domain.findings import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time in which nobody stood at a post; `ended_at` None: it goes on."""

    gap_id: UUID
    compound: str
    checkpoint: str
    cause: str
    began_at: datetime
    ended_at: datetime | None


def duty_gaps(gaps: Iterable[Gap], *, longer_than: timedelta, now: datetime) -> list[Wanted]:
    """A post that was empty too long, also when it is manned again by now (R2.2)."""
    return [
        Wanted(
            rule="duty_gap",
            subject=str(gap.gap_id),
            compound=gap.compound,
            since=gap.began_at + longer_than,
            until=gap.ended_at,
            evidence={
                "checkpoint": gap.checkpoint,
                "cause": gap.cause,
                "began_at": gap.began_at.isoformat(),
            },
        )
        for gap in gaps
        if (gap.ended_at or now) - gap.began_at > longer_than
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device in service as it last said it is; both times are real time."""

    device_id: UUID
    compound: str
    checkpoint: str
    seen_at: datetime | None
    list_made_at: datetime | None


def gates_offline(
    devices: Iterable[Device], *, longer_than: timedelta, now: datetime, real_now: datetime
) -> list[Wanted] | None:
    """Gates of which no device has said anything for too long; None: it cannot be judged.

    When nothing is heard of any gate, it is us who do not hear. A device that never spoke has not taken up service yet.
    """
    heard: dict[tuple[str, str], datetime] = {}
    for device in devices:
        if device.seen_at is not None:
            key = device.compound, device.checkpoint
            heard[key] = max(device.seen_at, heard.get(key, device.seen_at))
    quiet = {key: seen_at for key, seen_at in heard.items() if real_now - seen_at > longer_than}
    if len(quiet) == len(heard) > 1:
        return None
    return [
        Wanted(
            rule="gate_offline",
            subject=checkpoint,
            compound=compound,
            since=now - (real_now - seen_at - longer_than),
            evidence={"checkpoint": checkpoint, "heard_at": seen_at.isoformat()},
        )
        for (compound, checkpoint), seen_at in sorted(quiet.items())
    ]


def lists_stale(
    devices: Iterable[Device],
    *,
    older_than: timedelta,
    quiet_after: timedelta,
    now: datetime,
    real_now: datetime,
) -> list[Wanted]:
    """Devices that are there and decide by a list that is too old to admit by (gate rules, offline)."""
    return [
        Wanted(
            rule="gate_list_stale",
            subject=str(device.device_id),
            compound=device.compound,
            since=now - (real_now - device.list_made_at - older_than),
            evidence={
                "checkpoint": device.checkpoint,
                "device_id": str(device.device_id),
                "list_made_at": device.list_made_at.isoformat(),
            },
        )
        for device in devices
        if device.list_made_at is not None
        and device.seen_at is not None
        and real_now - device.seen_at <= quiet_after
        and real_now - device.list_made_at > older_than
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateAdmission:
    """Somebody was admitted by a pass that had ended, which the device could not know (G10)."""

    check_id: UUID
    compound: str
    checkpoint: str
    flag: str
    flagged_at: datetime
    ended_at: datetime | None


def admitted_after_end(admissions: Iterable[LateAdmission]) -> list[Wanted]:
    """Each of them is for a person to look at: history stays."""
    return [
        Wanted(
            rule="admitted_after_end",
            subject=str(one.check_id),
            compound=one.compound,
            since=one.flagged_at,
            evidence={
                "check_id": str(one.check_id),
                "checkpoint": one.checkpoint,
                "flag": one.flag,
                "ended_at": one.ended_at.isoformat() if one.ended_at else None,
            },
        )
        for one in admissions
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineExit:
    """Somebody who stays at home was let out at a gate; a device that decided alone may not have known."""

    check_id: UUID
    compound: str
    checkpoint: str
    left_at: datetime


def quarantine_left(exits: Iterable[QuarantineExit]) -> list[Wanted]:
    """Each of them is for a person to look at: nothing that is told later brings them home (R2.5, R4.6)."""
    return [
        Wanted(
            rule="quarantine_left",
            subject=str(one.check_id),
            compound=one.compound,
            since=one.left_at,
            evidence={
                "check_id": str(one.check_id),
                "checkpoint": one.checkpoint,
                "left_at": one.left_at.isoformat(),
            },
        )
        for one in exits
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody was let through against a verdict, and headquarters have not said anything of it (G18)."""

    check_id: UUID
    compound: str
    checkpoint: str
    verdict: str
    reason: str
    review_due_at: datetime


def overrides_unreviewed(overrides: Sequence[Override], *, now: datetime) -> list[Wanted]:
    """Reviews whose time is over."""
    return [
        Wanted(
            rule="override_unreviewed",
            subject=str(one.check_id),
            compound=one.compound,
            since=one.review_due_at,
            evidence={
                "check_id": str(one.check_id),
                "checkpoint": one.checkpoint,
                "verdict": one.verdict,
                "reason": one.reason,
            },
        )
        for one in overrides
        if one.review_due_at <= now
    ]
