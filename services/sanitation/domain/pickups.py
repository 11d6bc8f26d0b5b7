"""The chain of custody of isolation waste: sealed, collected, disinfected, handed over, in this order (R5.2, S4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from services.sanitation.domain.late import InTheFuture
from shared.kernel.days import end_of, local_day, start_of
from shared.kernel.refusal import Refusal

Step = Literal["sealed", "collected", "disinfected", "handed_over"]
State = Literal["due", "sealed", "collected", "disinfected", "handed_over", "withdrawn"]
SkipReason = Literal["nobody_opened", "refused", "other"]
MissedReason = Literal["not_done", "nobody_opened", "refused", "not_handed_over", "other"]

_BEFORE: Final[dict[Step, State]] = {
    "sealed": "due",
    "collected": "sealed",
    "disinfected": "collected",
    "handed_over": "disinfected",
}
_STEPS: Final[dict[Step | None, str]] = {
    "sealed": "封口",
    "collected": "收取",
    "disinfected": "消毒",
    "handed_over": "交接",
}
_NEXT: Final[dict[State, Step]] = {before: step for step, before in _BEFORE.items()}
MOST_BAGS = 99
"""Of one household and day: more is a slip of the pen."""


class PickupUnknown(Refusal):
    """There is no such pickup."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "pickup_unknown"


class HouseholdUnknown(Refusal):
    """Nobody at this dwelling is or was under home quarantine."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "household_unknown"


class StepOutOfOrder(Refusal):
    """The chain has another next step; its member `next` names it."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "step_out_of_order"


class StepTooEarly(Refusal):
    """It is said to have been done before the step before, or before the day."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "step_too_early"


class BagsMissing(Refusal):
    """How many bags were collected is part of the proof."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "bags_missing"


class ReceiverMissing(Refusal):
    """To whom it was handed over is part of the proof."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "receiver_missing"


class PickupSettled(Refusal):
    """It was collected, or withdrawn: it cannot be skipped or put off any more."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "pickup_settled"


class DueNotAhead(Refusal):
    """The new hour is over, or further ahead than tomorrow."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "due_not_ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """A pickup as it stands."""

    state: State
    due_at: datetime
    last_step_at: datetime | None
    collected_at: datetime | None
    missed_reason: MissedReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a worker says was done with a pickup, by our clock."""

    step: Step
    at: datetime
    bags: int | None
    receiver: str | None


def decide_step(pickup: Pickup, done: Done, *, now: datetime, tolerance: timedelta) -> None:
    """May this step be recorded? Waste that was missed may still be fetched: the chain goes on where it stands.

    Raises:
        StepOutOfOrder: another step is next, or none.
        InTheFuture, StepTooEarly: the time is impossible.
        BagsMissing: collected, and not said how many.
        ReceiverMissing: handed over, and not said to whom.
    """
    if pickup.state != _BEFORE[done.step]:
        following = _NEXT.get(pickup.state)
        raise StepOutOfOrder(
            f"下一步应为：{_STEPS.get(following, '无')}。The next step is: {following or 'none'}.",
            field="step",
            next=following,
            state=pickup.state,
        )
    if done.at - now > tolerance:
        raise InTheFuture("done_at")
    if done.at < (pickup.last_step_at or start_of(local_day(pickup.due_at))):
        raise StepTooEarly(
            "早于上一步或收运日。It is before the step before, or before the day.", field="done_at"
        )
    if done.step == "collected" and done.bags is None:
        raise BagsMissing("请填写袋数。Say how many bags.", field="bags")
    if done.step == "handed_over" and done.receiver is None:
        raise ReceiverMissing(
            "请填写接收单位代码。Say which unit received it, by its code.", field="receiver"
        )


def decide_skip(pickup: Pickup) -> None:
    """May somebody say that it could not be fetched?

    Raises:
        PickupSettled: it was collected, or is not wanted any more.
    """
    if pickup.state not in {"due", "sealed"}:
        raise PickupSettled("该次收运已收取或已取消。It was collected, or withdrawn.")


def decide_rescheduling(pickup: Pickup, due_at: datetime, *, now: datetime) -> None:
    """May a pickup be put off to this hour: later today, or tomorrow?

    Raises:
        PickupSettled: it was collected, or is not wanted any more.
        DueNotAhead: the hour is over, or too far ahead.
    """
    decide_skip(pickup)
    if not now < due_at < end_of(local_day(now) + timedelta(days=1)):
        raise DueNotAhead("只能改约到今天稍后或明天。Later today, or tomorrow.", field="due_at")


def missed_now(pickup: Pickup, *, now: datetime, hand_over: timedelta) -> MissedReason | None:
    """What is to be found about a pickup without a finding: its day is over, or it is underway for too long."""
    if pickup.missed_reason is not None:
        return None
    match pickup.state:
        case "due" | "sealed":
            return "not_done" if now >= end_of(local_day(pickup.due_at)) else None
        case "collected" | "disinfected":
            underway = pickup.collected_at is not None and now - pickup.collected_at >= hand_over
            return "not_handed_over" if underway else None
        case "handed_over" | "withdrawn":
            return None
