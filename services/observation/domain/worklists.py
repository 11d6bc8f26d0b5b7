"""The lists that a desk works off. Each is a condition on what is derived, never a mark that somebody sets."""

from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from shared.events.policy_observation import ObservationRules
from shared.kernel.refusal import Refusal


class Worklist(StrEnum):
    """What calls for somebody."""

    TODAY = "today"
    """Everybody for whom somebody has to do something now: all lists below but the ends and `all`."""
    MISSED = "missed"
    """The last due window closed without an answer."""
    STREAK = "streak"
    """So many in a row that somebody goes to the door (policy)."""
    FEVER = "fever"
    """In medical hands until a decision."""
    ENDS_TOMORROW = "ends_tomorrow"
    UNREACHABLE = "unreachable"
    """Not reached since anything was heard."""
    AWAITING_CLOSURE = "awaiting_closure"
    NOT_SENT = "not_sent"
    """Was to be told of a window that is still empty, and was not: to be called."""
    ASSIGNED = "assigned"
    """A call or a visit is assigned to somebody."""
    ALL = "all"


def at_least(of: Worklist, asked: int | None, rules: ObservationRules) -> int:
    """Tell how often something must have happened to be on a list: as asked, else by policy.

    Args:
        of: the list.
        asked: windows missed, or attempts in vain, at least.
        rules: `visit_after_missed` is what the streak begins with.
    """
    if asked is not None:
        return asked
    return rules.visit_after_missed if of is Worklist.STREAK else 1


class RangeTooLong(Refusal):
    """A grid of so many days is nobody's screen."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "range_too_long"


MOST_DAYS = 31


def check_range(first: date, last: date) -> None:
    """Insist on a range of days that runs forward and fits a screen.

    Raises:
        RangeTooLong.
    """
    if not first <= last <= first + timedelta(days=MOST_DAYS):
        raise RangeTooLong(
            f"日期范围应为 1 至 {MOST_DAYS} 天。Choose 1 to {MOST_DAYS} days, the first before the last.",
            field="to",
        )
