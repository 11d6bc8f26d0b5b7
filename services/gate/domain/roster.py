"""Who is planned at a post, and who comes: shifts, patterns, swaps, check-ins by badge, handovers (R2.2).

A shift is a plan; a turn is what was held. Both are spans of instants.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import ClassVar
from uuid import UUID, uuid5

from services.gate.domain.devices import CheckpointIsClosed
from services.gate.domain.duty import MINUTE
from shared.events.policy_gate import DutyRules
from shared.kernel.days import DailyWindow
from shared.kernel.ids import CheckpointId
from shared.kernel.refusal import Refusal

_PATTERN = UUID("5f0f7a3e-6c65-4a5b-9a3e-0d2f3a52c0de")
_IMPORT = UUID("a1b5d1c4-0d0a-4c53-8d6f-6cbb0f7b2a11")
LONGEST_PATTERN_DAYS = 62


class BadgeUnknown(Refusal):
    """No worker has a badge of this number."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "badge_unknown"


class BadgeTaken(Refusal):
    """The number belongs to another worker's badge."""

    code: ClassVar[str] = "badge_taken"


class WorkerUnknown(Refusal):
    """Nobody of this pseudonym is posted, as far as gate has heard."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "worker_unknown"


class ShiftUnknown(Refusal):
    """There is no such shift, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "shift_unknown"


class WorkerLeft(Refusal):
    """The worker's last posting is over by then."""

    code: ClassVar[str] = "worker_left"


class TurnUnknown(Refusal):
    """There is no such turn of duty at this checkpoint."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "turn_unknown"


class ShiftCancelled(Refusal):
    """The shift was taken out of the plan; its id stands for that one, and a new plan is a new shift."""

    code: ClassVar[str] = "shift_cancelled"


class ShiftLength(Refusal):
    """A shift ends after it starts and is not longer than policy allows."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "shift_length"


class WorkerBooked(Refusal):
    """The worker is planned elsewhere, or here already, at that time."""

    code: ClassVar[str] = "worker_booked"


class ShiftBegun(Refusal):
    """A shift that has begun stands; only what is still to come is planned anew."""

    code: ClassVar[str] = "shift_begun"


class AlreadyOnDuty(Refusal):
    """The worker checked in before and has not checked out."""

    code: ClassVar[str] = "already_on_duty"


class NotYourTurn(Refusal):
    """The badge is not that of the worker who checked in."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "not_your_turn"


class TurnOver(Refusal):
    """The turn has ended."""

    code: ClassVar[str] = "turn_over"


class DaysOutOfOrder(Refusal):
    """The first day is after the last: of no days at all there is nothing to tell."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "days_out_of_order"


class SamePerson(Refusal):
    """Nobody hands over to themselves: two people sign."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "same_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A worker planned at a post. `ends_at` does not belong to it."""

    shift_id: UUID
    checkpoint: CheckpointId
    worker_ref: UUID
    starts_at: datetime
    ends_at: datetime

    def meets(self, other: "Shift") -> bool:
        """Do the two share a minute?"""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A worker at a post. `planned` is the shift that it fulfils, None for who stepped in."""

    turn_id: UUID
    checkpoint: CheckpointId
    worker_ref: UUID
    started_at: datetime
    ended_at: datetime | None
    planned: Shift | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A stretch of every day, and who takes it in rotation; `until` at or before `begins` is on the next day."""

    begins: time
    until: time
    workers: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """How a check-in is taken. `late_minutes` counts from the start of the shift that it fulfils."""

    planned: Shift | None
    late_minutes: int


def require_order(first: date, last: date) -> None:
    """Insist that days that are asked about are the right way round.

    Raises:
        DaysOutOfOrder: they are not.
    """
    if first > last:
        raise DaysOutOfOrder(
            "日期先后颠倒。The days are the wrong way round.",
            field="from_day",
            remedy="起始日期不得晚于截止日期。The first day is not after the last.",
        )


def shift_id_of_import(checkpoint: str, worker_ref: UUID, starts_at: datetime, ends_at: datetime) -> UUID:
    """The id of a shift of an imported roster: the same line is the same shift, so importing twice changes nothing."""
    span = f"{starts_at.timestamp():.0f}|{ends_at.timestamp():.0f}"
    return uuid5(_IMPORT, f"{checkpoint}|{worker_ref}|{span}")


def expand_pattern(
    pattern_id: UUID, checkpoint: CheckpointId, first: date, last: date, slots: Sequence[Slot]
) -> Iterator[Shift]:
    """The shifts of a recurring pattern: the workers of a slot take turns from the first day on."""
    for nth in range((last - first).days + 1):
        day = first + timedelta(days=nth)
        for place, slot in enumerate(slots):
            span = DailyWindow(opens=slot.begins, closes=slot.until).on(day)
            yield Shift(
                shift_id=uuid5(_PATTERN, f"{pattern_id}|{day}|{place}"),
                checkpoint=checkpoint,
                worker_ref=slot.workers[nth % len(slot.workers)],
                starts_at=span.starts,
                ends_at=span.ends,
            )


def decide_length(shift: Shift, rules: DutyRules) -> None:
    """Does a shift end after it starts, and is it no longer than the rules of its first day allow?

    Raises:
        ShiftLength: it is not so.
    """
    longest = timedelta(minutes=rules.longest_shift_minutes)
    if not timedelta(0) < shift.ends_at - shift.starts_at <= longest:
        raise ShiftLength(
            f"班次须晚于开始时间结束，且不超过 {rules.longest_shift_minutes} 分钟。"
            f"A shift ends after it starts and lasts at most {rules.longest_shift_minutes} minutes.",
            field="ends_at",
        )


def decide_free(new: Sequence[Shift], planned: Collection[Shift]) -> None:
    """Is nobody planned twice at a time? How long a shift may be is asked when it is planned, not when it is swapped.

    Raises:
        WorkerBooked: as its name says; the first fault is told.
    """
    by_worker: dict[UUID, list[Shift]] = {}
    for shift in (*planned, *new):
        by_worker.setdefault(shift.worker_ref, []).append(shift)
    for shifts in by_worker.values():
        shifts.sort(key=lambda one: one.starts_at)
        for one, following in pairwise(shifts):
            if one.shift_id != following.shift_id and one.meets(following):
                raise WorkerBooked(
                    "该人员在此时段已有排班。The worker is planned at that time already.",
                    field="worker_ref",
                    remedy="请调整时间或换人。Change the time or the worker.",
                    planned_from=one.starts_at.isoformat(),
                )


def decide_served(day: date, *, posted_until: date, field: str) -> None:
    """Is the worker still posted on the day on which a shift or turn begins (R3.1)?

    Raises:
        WorkerLeft: the last posting is over.
    """
    if posted_until < day:
        raise WorkerLeft(
            f"该人员任期至 {posted_until} 为止。The worker was posted until {posted_until}.",
            field=field,
            remedy="请先延长任期，或换人。Extend the posting first, or take somebody else.",
            posted_until=posted_until.isoformat(),
        )


def decide_open(shift: Shift, closed_at: datetime | None) -> None:
    """Is the post open while the shift lasts?

    Raises:
        CheckpointIsClosed: it is closed before the shift ends.
    """
    if closed_at is not None and shift.ends_at > closed_at:
        raise CheckpointIsClosed(
            "该卡口届时已关闭。The checkpoint is closed by then.",
            field="checkpoint",
            remedy="请改排其他卡口，或先延长临时卡口的期限。Plan another checkpoint, or extend a temporary one first.",
            closed_at=closed_at.isoformat(),
        )


def decide_post_open(at: datetime, closed_at: datetime | None) -> None:
    """Is there duty at the post at that time? What was held before it closed counts, whenever it arrives.

    Raises:
        CheckpointIsClosed: it was closed by then.
    """
    if closed_at is not None and at >= closed_at:
        raise CheckpointIsClosed(
            "该卡口已关闭，不再值班。The checkpoint is closed: nobody is on duty there.",
            field="checked_at",
            remedy="请到开放的卡口签到；卡口仍在使用的，先由社区重新开通。"
            "Check in at an open one, or have this one opened again where it is still in use.",
            closed_at=closed_at.isoformat(),
        )


def decide_swap(one: Shift, other: Shift, *, now: datetime) -> tuple[Shift, Shift]:
    """The two shifts with their workers exchanged.

    Raises:
        ShiftBegun: one of them has begun.
        SamePerson: both are the same worker's.
    """
    for shift in (one, other):
        if shift.starts_at <= now:
            raise ShiftBegun("班次已开始，不能换班。The shift has begun.", field="shift_id")
    if one.worker_ref == other.worker_ref:
        raise SamePerson("两个班次是同一人。Both shifts are the same worker's.", field="other_shift_id")
    return _given(one, other.worker_ref), _given(other, one.worker_ref)


def decide_check_in(
    shifts: Collection[Shift],
    open_turn: Turn | None,
    *,
    at: datetime,
    rules: DutyRules,
    field: str = "badge",
) -> CheckIn:
    """Which shift a worker takes up by checking in at `at`; of several the one that began last.

    Args:
        shifts: the worker's shifts at this post that nobody has taken up.
        open_turn: the worker's turn that has not ended.
        at: when they checked in.
        rules: how early somebody may come, and from when on they are late.
        field: what named the worker, for the refusal.

    Raises:
        AlreadyOnDuty: the worker is on duty already.
    """
    if open_turn is not None:
        raise AlreadyOnDuty(
            "该人员已签到，尚未签退。The worker is on duty already.",
            field=field,
            remedy=f"请先在卡口 {open_turn.checkpoint} 签退或交接。"
            f"Check out or hand over at {open_turn.checkpoint} first.",
            checkpoint=open_turn.checkpoint,
        )
    early = timedelta(minutes=rules.early_minutes)
    fitting = [shift for shift in shifts if shift.starts_at - early <= at < shift.ends_at]
    planned = max(fitting, key=lambda shift: shift.starts_at, default=None)
    late = (at - planned.starts_at) // MINUTE if planned else 0
    return CheckIn(planned=planned, late_minutes=late if late > rules.grace_minutes else 0)


def decide_check_out(
    turn: Turn, worker_ref: UUID, *, at: datetime, lapsed: bool, rules: DutyRules, field: str
) -> int:
    """The whole minutes held by a turn that ends at `at`; one that merely `lapsed` may still be ended truly.

    Who waits for relief stays as long as an unplanned turn counts, and no longer: who forgot to check out and comes
    back days later did not stand there meanwhile.

    Args:
        turn: the turn as it stands.
        worker_ref: whose badge was shown.
        at: when they left.
        lapsed: nobody ended the turn, its time did.
        rules: how long an unplanned turn counts.
        field: what told which turn is meant, for the refusal.

    Raises:
        NotYourTurn: the badge is another worker's.
        TurnOver: it ended before.
    """
    if turn.worker_ref != worker_ref:
        raise NotYourTurn(
            "工牌与签到人不符。The badge is not that of who checked in.",
            field="badge",
            remedy="请用签到时的工牌签退。Check out with the badge of who checked in.",
        )
    stayed = timedelta(minutes=rules.unplanned_turn_minutes)
    if turn.ended_at is not None and not (lapsed and at <= turn.ended_at + stayed):
        raise TurnOver(
            "该班已结束。This turn has ended.",
            field=field,
            remedy="再上岗请重新签到。Check in for the next turn.",
        )
    return max(timedelta(0), at - turn.started_at) // MINUTE


def _given(shift: Shift, worker_ref: UUID) -> Shift:
    return Shift(
        shift_id=shift.shift_id,
        checkpoint=shift.checkpoint,
        worker_ref=worker_ref,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
    )
