"""Non-essential indoor venues: closed unless approved for a period (R5.3, S5)."""

from datetime import date, timedelta
from typing import ClassVar, Literal

from shared.kernel.refusal import Refusal

Status = Literal["closed", "approved_open", "found_open"]


class VenueUnknown(Refusal):
    """There is no such venue."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "venue_unknown"


class VenueKindUnknown(Refusal):
    """Policy does not name this kind among those that stay closed."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "venue_kind_unknown"


class ApprovalUnknown(Refusal):
    """The venue has no such approval."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "approval_unknown"


class ApprovalDays(Refusal):
    """The period does not go: over, in the wrong order, too long, or over another one."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "approval_days"


class ViolationOpen(Refusal):
    """The venue was found open, and that is not settled: nothing is approved before."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "violation_open"


def decide_kind(kind: str, kinds: tuple[str, ...]) -> None:
    """Is it a kind that stays closed?

    Raises:
        VenueKindUnknown: policy does not name it.
    """
    if kind not in kinds:
        raise VenueKindUnknown(
            "现行规则未列出此类场所。Policy does not name this kind of venue.",
            field="kind",
            kinds=list(kinds),
        )


def decide_approval(
    from_day: date, last_day: date, *, today: date, longest_days: int, overlaps: bool, violated: bool
) -> None:
    """May a venue reopen for these days?

    Args:
        from_day: first day on which it may be open.
        last_day: the last one.
        today: the business day.
        longest_days: of one approval, by policy; nor does it begin further ahead than that.
        overlaps: another approval covers one of the days.
        violated: an order because it was found open is not settled.

    Raises:
        ApprovalDays, ViolationOpen: as their names say.
    """
    if violated:
        raise ViolationOpen(
            "擅自营业整改单未办结，不予批准。It was found open, and the order is not settled.",
            remedy="先办结整改单。Settle the order first.",
        )
    if not today <= from_day <= last_day:
        raise ApprovalDays("批准期应自今日起、先后有序。From today on, and in order.", field="from_day")
    if from_day - today > timedelta(days=longest_days):
        raise ApprovalDays("批准期开始太远。It begins too far ahead.", field="from_day", days=longest_days)
    if last_day - from_day >= timedelta(days=longest_days):
        raise ApprovalDays(
            f"一次最多批准 {longest_days} 天。An approval is for {longest_days} days at most.",
            field="last_day",
            days=longest_days,
        )
    if overlaps:
        raise ApprovalDays("与已有批准重叠。Another approval covers one of these days.", field="from_day")


def status_now(before: Status, *, approved: bool) -> Status:
    """How a venue stands when nobody looks: what was approved may be open; what no longer is, is to be closed."""
    if approved:
        return "approved_open"
    return "closed" if before == "approved_open" else before


def status_found(*, approved: bool, found_open: bool, before: Status) -> Status:
    """How a venue stands when somebody looked."""
    if approved:
        return "approved_open"
    if found_open:
        return "found_open"
    return "closed" if before == "found_open" else before
