"""What is logged after the fact: how late, with which words, and by which clock (R5.1, S1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from shared.kernel.days import local_day
from shared.kernel.refusal import PolicySilent, Refusal

Source = Literal["code", "late_entry"]
"""Logged by the place's code when it was done, or entered afterwards with an explanation."""


class InTheFuture(Refusal):
    """It is said to have been done later than now."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "in_the_future"

    def __init__(self, field: str, detail: str = "时间晚于现在。The time lies in the future.") -> None:
        super().__init__(
            detail,
            field=field,
            remedy="请核对时间；手机时钟不准的，先校准。Check the time, and set the phone's clock if it is off.",
        )


class ExplanationMissing(Refusal):
    """What comes late says why."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "explanation_missing"


class TooLate(Refusal):
    """The day is settled for good."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "too_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRules:
    """What today's policy says about late logs: as `shared.events.policy.LateEntryRules`."""

    code_for: timedelta
    entry_days: int


def by_our_clock(
    stated: datetime, *, sent_at: datetime | None, now: datetime, tolerance: timedelta
) -> datetime:
    """The instant that a phone's clock meant, where it is known how far that clock is off.

    Args:
        stated: as the phone wrote it down.
        sent_at: what the phone's clock showed when it sent this; None where it did not say.
        now: our instant.
        tolerance: by how much clocks may differ without being corrected.
    """
    if sent_at is None or abs(now - sent_at) <= tolerance:
        return stated
    return stated + (now - sent_at)


def decide_timeliness(
    done_at: datetime,
    *,
    source: Source,
    explained: bool,
    now: datetime,
    tolerance: timedelta,
    rules: LateRules | None,
) -> None:
    """May this still be logged, and in this way?

    By the place's code on the same day: always. From an earlier day: as long as policy lets a phone be without a
    network. Everything else is a late entry and says why; after the policy's days nothing is entered any more.

    Raises:
        InTheFuture: done later than clocks may differ.
        ExplanationMissing: a late entry, or one that has to be.
        PolicySilent: the day is over, and policy says nothing about late logs.
        TooLate: the day is further back than policy allows.
    """
    if done_at - now > tolerance:
        raise InTheFuture("done_at")
    if source == "late_entry" and not explained:
        raise ExplanationMissing("补录需说明原因。A late entry says why.", field="explanation")
    behind = (local_day(now) - local_day(done_at)).days
    if behind <= 0:
        return
    if rules is None:
        raise PolicySilent("sanitation.late")
    if source == "code" and now - done_at > rules.code_for:
        raise ExplanationMissing(
            "已超过扫码上传时限，请补录并说明原因。Too old for a scan: enter it late, and say why.",
            field="source",
            remedy="source=late_entry, explanation=…",
        )
    if behind > rules.entry_days:
        raise TooLate(
            f"只能补录 {rules.entry_days} 天内的记录。Only the last {rules.entry_days} days can be entered late.",
            field="done_at",
            days=rules.entry_days,
        )
