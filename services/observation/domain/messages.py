"""What is told to whom about a window that stayed empty, by which channel, and what becomes of it. Pure.

(Observation rules: each message has a channel and a delivery state.)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, assert_never

from services.observation.domain.calendar import MORNING, Calendar, Slot, WindowSpan
from services.observation.domain.case import Case, State
from services.observation.domain.ladder import Step
from shared.kernel.days import local_day, local_time
from shared.kernel.refusal import Refusal

Channel = Literal["sms", "work_group"]
"""`sms` reaches the person under observation; `work_group` is the robot in the group of those who look after them."""
CHANNELS: tuple[Channel, ...] = ("sms", "work_group")
Kind = Literal[
    "remind",
    "remind_again",
    "remind_last",
    "grid_worker",
    "door_visit",
    "headquarters",
    "bulk_reminder",
]
"""A step of the ladder, or a reminder that somebody asked for."""


class MessageState(StrEnum):
    """How far a message came."""

    QUEUED = "queued"
    SENT = "sent"
    """The receiver took it; whether it arrived is not known yet."""
    DELIVERED = "delivered"
    FAILED = "failed"
    NOT_SENT = "not_sent"
    """It never left: the reason says why."""


class Unsent(StrEnum):
    """Why a message was not sent, or failed."""

    NOT_CONFIGURED = "not_configured"
    """This channel leads nowhere here: somebody calls."""
    NO_CONTACT = "no_contact"
    """No phone number is known."""
    NOT_NEEDED = "not_needed"
    """The window was answered, or nobody is to be reminded any more."""
    SUPERSEDED = "superseded"
    """A newer one to the same person was queued before this one left."""
    ERASED = "erased"
    REFUSED = "refused"
    """The receiver will never take it."""
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    UNDELIVERED = "undelivered"
    """The receiver took it and told later that it did not arrive."""


CALLS_FOR_SOMEBODY = frozenset(
    {
        Unsent.NOT_CONFIGURED,
        Unsent.NO_CONTACT,
        Unsent.REFUSED,
        Unsent.ATTEMPTS_EXHAUSTED,
        Unsent.UNDELIVERED,
    }
)
"""Reasons for which a person who was to be told was not, so that somebody has to call."""


class NothingToRemind(Refusal):
    """There is no window to declare for now, or it is answered."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "nothing_to_remind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a message is sent again: delays double up to a longest one, in seconds of real time."""

    attempts: int
    first_delay: float
    longest_delay: float


class Verdict(StrEnum):
    """What an answer of the receiver, or none, means."""

    TAKEN = "taken"
    AGAIN = "again"
    REFUSED = "refused"


_REFUSED = frozenset({400, 410, 413, 415, 422})
"""Answers that speak about the message itself; of every other one the next attempt may come out otherwise."""


def channel_of(kind: Kind) -> Channel:
    """Tell by which channel a message goes."""
    match kind:
        case "remind" | "remind_again" | "remind_last" | "bulk_reminder":
            return "sms"
        case "grid_worker" | "door_visit" | "headquarters":
            return "work_group"
        case _:
            assert_never(kind)


def group_of(kind: Step, case: Case) -> str:
    """Tell which work group a step is told to: the grid's, or headquarters'."""
    return "headquarters" if kind == "headquarters" else f"grid:{case.grid}"


def text_for_resident(span: WindowSpan) -> str:
    """Ask for a declaration. Names nobody: a message may be read on another's phone."""
    name, english = ("早间", "morning") if span.window == MORNING else ("晚间", "evening")
    hours = f"{local_time(span.opens):%H:%M}-{local_time(span.closes):%H:%M}"
    return (
        f"【健康申报】{span.day.month}月{span.day.day}日{name}（{hours}）的健康申报尚未收到，请尽快通过您的链接申报，"
        "或致电网格员代报；如有发热或不适，请立即告知网格员。"
        f"Your {english} declaration of {span.day:%d %b} ({hours}) has not arrived. Please declare now by your link or "
        "call your grid worker; with a fever or symptoms tell them at once."
    )


def text_for_group(kind: Step, slot: Slot, case: Case, *, streak: int) -> str:
    """Tell the people who look after somebody what to do, by the case's number: no name, no phone, no room."""
    day, window = slot
    name = "早间" if window == MORNING else "晚间"
    todo, english = {
        "door_visit": ("请入户查看", "please visit"),
        "headquarters": ("请指挥部督办", "for headquarters to follow up"),
    }.get(kind, ("请电话联系", "please call"))
    return (
        f"【申报跟进】小区 {case.compound}，网格 {case.grid}：{day.month}月{day.day}日{name}未申报，"
        f"已连续 {streak} 次，{todo}。个案 {case.case_id}。"
        f"{case.compound}, {case.grid}: no {window} declaration of {day:%d %b}, {streak} in a row; {english}. "
        f"Case {case.case_id}."
    )


def decide_reminder(case: Case, calendar: Calendar, *, now: datetime) -> WindowSpan:
    """Tell the window that somebody can be reminded of now: the one that opened last, if it is due and empty.

    Raises:
        NothingToRemind.
    """
    span = calendar.span_at(now)
    due = case.state is State.UNDER_OBSERVATION and any(
        window.slot == span.slot for window in case.due_windows(calendar, since=local_day(span.opens))
    )
    if not due or span.slot in case.answers or now >= span.late_until:
        raise NothingToRemind(
            "当前时段无需提醒：已申报、未到时段或不在观察中。Nothing to remind of: declared, not due, or not observed.",
            state=case.state.value,
        )
    return span


def judge(status: int | None) -> Verdict:
    """Say what the receiver's status means; None when no answer came in time."""
    if status is None:
        return Verdict.AGAIN
    if 200 <= status < 300:
        return Verdict.TAKEN
    return Verdict.REFUSED if status in _REFUSED else Verdict.AGAIN


def next_attempt(attempts: int, patience: Patience) -> timedelta | None:
    """Tell how long to wait after so many attempts in vain; None when there is no other."""
    if attempts >= patience.attempts:
        return None
    return timedelta(seconds=min(patience.first_delay * 2 ** (attempts - 1), patience.longest_delay))
