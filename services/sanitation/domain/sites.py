"""What a site is, and what happens when it is named again."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, Literal

from shared.events.policy_sanitation import SiteKind
from shared.kernel.ids import CompoundId, SiteId
from shared.kernel.refusal import Refusal

MOST_ROUNDS = 24
"""Once an hour: more rounds a day than that are a slip of the pen."""
LONGEST_AHEAD = timedelta(days=366)
"""Nobody plans the repair of a lift further ahead: a slip of the pen."""


ClosureReason = Literal["repair", "not_in_use", "no_access", "other"]


class SiteUnknown(Refusal):
    """No site has this code."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "site_unknown"


class CompoundUnknown(Refusal):
    """The registry has not told of such a compound (yet)."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "compound_unknown"


class SiteChanged(Refusal):
    """Somebody else corrected the site meanwhile."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "site_changed"


class ClosureUnknown(Refusal):
    """The site has no such closure."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "closure_unknown"


class ClosureDays(Refusal):
    """A closure's days do not go: over already, or in the wrong order."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "closure_days"


class NotAMaskBin(Refusal):
    """The site is no bin for discarded masks."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_a_mask_bin"


class RoundsImpossible(Refusal):
    """Nobody disinfects so often, or it is no number."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid_request"


class SiteCodeTaken(Refusal):
    """The code belongs to another site, or to the same one with other particulars."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "same_id_other_content"


def rounds_stated(text: str) -> int:
    """A site's own number of rounds a day, as somebody typed it.

    Raises:
        RoundsImpossible: see there.
    """
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROUNDS:
        raise RoundsImpossible(
            f"每日轮次为 1 至 {MOST_ROUNDS}。Rounds a day are 1 to {MOST_ROUNDS}.", field="rounds_per_day"
        )
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The particulars of a place that is disinfected every day.

    Attributes:
        code: short and public; printed as a QR code at the place.
        rounds_per_day: the site's own number, or None where the policy's holds.
        since: first day of duty.
        active: in use.
    """

    code: SiteId
    compound: CompoundId
    kind: SiteKind
    name: str
    building: str | None
    unit: str | None
    rounds_per_day: int | None
    since: date
    active: bool


class ListedAs(StrEnum):
    """What a line of a site list means for what is known."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ELSEWHERE = "elsewhere"


def decide_listing(listed: Site, known: Site | None) -> ListedAs:
    """Compare a line of a list with what is known under its code. A code never moves to another compound."""
    if known is None:
        return ListedAs.NEW
    if known.compound != listed.compound:
        return ListedAs.ELSEWHERE
    return ListedAs.UNCHANGED if known == listed else ListedAs.CHANGED


def decide_closure(*, from_day: date, last_day: date | None, today: date, earliest: date) -> None:
    """May a site be closed for these days?

    Args:
        from_day: first day on which nothing is owed.
        last_day: the last such day; None until it is ended.
        today: the business day.
        earliest: the first day that whoever asks may still exempt.

    Raises:
        ClosureDays: over already, or in the wrong order.
    """
    if last_day is not None and last_day < from_day:
        raise ClosureDays("结束日期早于开始日期。It ends before it begins.", field="last_day")
    if from_day < earliest:
        raise ClosureDays(
            f"停用最早从 {earliest} 起。A closure begins on {earliest} at the earliest.",
            field="from_day",
            earliest=earliest.isoformat(),
        )
    if from_day > today + LONGEST_AHEAD:
        raise ClosureDays("开始日期太远。It begins too far ahead.", field="from_day")


def decide_reopening(*, from_day: date, last_day: date, today: date) -> None:
    """May a closure end with this day? What is over stays as it was told; a closure of today may be void.

    Raises:
        ClosureDays: the day is over, or lies before the closure.
    """
    earliest = max(from_day, today) - timedelta(days=1)
    if last_day < earliest:
        raise ClosureDays(
            f"最早以 {earliest} 为最后一天。Its last day is {earliest} at the earliest.",
            field="last_day",
            earliest=earliest.isoformat(),
        )
