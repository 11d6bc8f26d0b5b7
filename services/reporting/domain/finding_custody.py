"""What people may do with a finding: reply, settle it, review what others settled (R7.2, 0030)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from services.reporting.domain.findings import CLOSED_BY_PEOPLE, State
from shared.events.policy_supervision import FindingRule
from shared.kernel.refusal import Refusal

Outcome = Literal["rectified", "criticised", "handed_to_discipline"]
"""How a finding ends by a person's word: mended, made known in a bulletin, or handed over."""
ActKind = Literal["replied", "settled", "sent_back", "rectified", "criticised", "handed_to_discipline"]
_ENDINGS: Final[dict[ActKind, Outcome]] = {
    "rectified": "rectified",
    "criticised": "criticised",
    "handed_to_discipline": "handed_to_discipline",
}


class FindingUnknown(Refusal):
    """There is no such finding."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "finding_unknown"


class FindingIsClosed(Refusal):
    """It is over: what is found now is another finding."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "finding_closed"


class FactsDecide(Refusal):
    """It ends when the facts say so, and by nobody's word."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "facts_decide"


class AlreadySettled(Refusal):
    """Somebody said that it is settled, and nobody has looked at it yet."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "already_settled"


class NotSettled(Refusal):
    """Nobody has said that it is settled: there is nothing to review."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_settled"


class OwnWork(Refusal):
    """Who found something, or settled it, is not who decides that it is over."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "own_work"


class NotOverdue(Refusal):
    """Discipline is for what was not settled in time."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_overdue"


class DeadlineImpossible(Refusal):
    """The deadline is over, too far ahead, or not given."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "deadline_impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """A finding in people's hands; `settled_by`: everybody who ever said that it is settled."""

    rule: FindingRule
    state: State
    due_at: datetime
    found_by: str | None
    settled_by: frozenset[str]
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody wants to do with a finding; words go with each."""

    kind: ActKind
    by: str
    due_at: datetime | None = None


def decide_act(custody: Custody, act: Act, *, now: datetime, longest: timedelta) -> Custody:
    """May this be done, and how does the finding stand afterwards?

    The unit has its right of reply at any time, also when all is over; the clock runs on.

    Raises:
        FindingIsClosed, FactsDecide, AlreadySettled, NotSettled, OwnWork, NotOverdue, DeadlineImpossible: as their
            names say.
    """
    if act.kind == "replied":
        return custody
    if custody.state == "closed":
        raise FindingIsClosed("该督查事项已办结。The finding is closed.")
    if custody.rule not in CLOSED_BY_PEOPLE:
        raise FactsDecide(
            "该事项由事实自动办结，不得人工办结。It ends with the facts, not by a person's word.",
            remedy="消除事实，或提交申辩。Put the fact right, or reply.",
        )
    if act.kind == "settled":
        if custody.state == "to_review":
            raise AlreadySettled("已报办结，等待复核。It is settled already and waits for review.")
        return replace(custody, state="to_review", settled_by=custody.settled_by | {act.by})
    _need_another(custody, act)
    if act.kind in {"rectified", "sent_back"} and custody.state != "to_review":
        raise NotSettled("尚未报办结。Nobody has said that it is settled.")
    if act.kind == "sent_back":
        return replace(custody, state="open", due_at=decide_deadline(act.due_at, now=now, longest=longest))
    if act.kind == "handed_to_discipline" and (custody.state != "open" or now < custody.due_at):
        raise NotOverdue("未逾期，不移交。It is not overdue.", due_at=custody.due_at.isoformat())
    return replace(custody, state="closed", outcome=_ENDINGS[act.kind])


def decide_deadline(due_at: datetime | None, *, now: datetime, longest: timedelta) -> datetime:
    """Is this a deadline that can be kept and is not for ever?

    Raises:
        DeadlineImpossible: over already, beyond the policy's longest, or none.
    """
    if due_at is None or not now < due_at <= now + longest:
        hours = longest // timedelta(hours=1)
        raise DeadlineImpossible(
            f"整改期限须在 {hours} 小时之内。The deadline lies within the next {hours} hours.",
            field="due_at",
            hours=hours,
        )
    return due_at


def _need_another(custody: Custody, act: Act) -> None:
    if act.by in custody.settled_by or act.by == custody.found_by:
        raise OwnWork(
            "发现人、办理人不得复核本事项。Who found or settled it does not decide that it is over.",
            remedy="请另一人复核。Let somebody else review it.",
        )
