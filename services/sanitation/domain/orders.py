"""The custody of an order to put something right: who may do what with it, and when it goes up a level (R5.4, S5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal, assert_never

from shared.kernel.refusal import Refusal

State = Literal["ordered", "mended", "rectified", "withdrawn", "handed_to_discipline"]
Outcome = Literal["rectified", "withdrawn", "handed_to_discipline"]
ActKind = Literal[
    "found_again", "mended", "replied", "sent_back", "rectified", "withdrawn", "handed_to_discipline"
]
Source = Literal["inspection", "spot_check", "report", "manual"]
OPEN: Final[frozenset[State]] = frozenset({"ordered", "mended"})


class OrderUnknown(Refusal):
    """There is no such order."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "order_unknown"


class OrderSettled(Refusal):
    """The order is closed: what is found now is another one."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "order_settled"


class AlreadyMended(Refusal):
    """It was said to be mended, and nobody has looked at it yet."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "already_mended"


class NotMended(Refusal):
    """Nobody has said that it is mended: there is nothing to review."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_mended"


class OwnWork(Refusal):
    """Who found something, or mended it, is not who decides that it is put right."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "own_work"


class EvidenceMissing(Refusal):
    """Words or a photo have to show it."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "evidence_missing"


class NoteMissing(Refusal):
    """It has to be said in words."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "note_missing"


class DeadlineImpossible(Refusal):
    """The deadline is over, too far ahead, or not given."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "deadline_impossible"


class NotOverdue(Refusal):
    """Discipline is for what was not mended in time."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "not_overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands.

    Attributes:
        level: how far up it went since its deadline; 0 before it.
        found_by: who found it, or found it to be as residents reported.
        mended_by: everybody who ever said that it is mended.
    """

    state: State
    due_at: datetime
    level: int
    found_by: str
    mended_by: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody wants to do with an order: with words, with a photo, with a new deadline."""

    kind: ActKind
    by: str
    noted: bool = False
    shown: bool = False
    due_at: datetime | None = None


def decide_act(order: Order, act: Act, *, now: datetime, longest: timedelta) -> Order:
    """May this be done, and how does the order stand afterwards?

    The unit mends and replies, with the clock running. Somebody who neither found nor mended it closes it, or sends it
    back with a new deadline. Who mended it neither withdraws it nor hands it over.

    Raises:
        OrderSettled, AlreadyMended, NotMended, OwnWork, EvidenceMissing, NoteMissing, DeadlineImpossible, NotOverdue:
            as their names say.
    """
    if order.state not in OPEN:
        raise OrderSettled("该整改单已办结。The order is closed.", state=order.state)
    match act.kind:
        case "found_again":
            return replace(order, state="ordered")
        case "mended":
            if order.state == "mended":
                raise AlreadyMended("已报整改，等待复核。It is mended already and waits for review.")
            _need_evidence(act)
            return replace(order, state="mended", mended_by=order.mended_by | {act.by})
        case "replied":
            _need_note(act)
            return order
        case "sent_back" | "rectified":
            return _reviewed(order, act, now=now, longest=longest)
        case "withdrawn" | "handed_to_discipline":
            _need_other_than(order.mended_by, act)
            _need_note(act)
            if act.kind == "handed_to_discipline" and (order.state != "ordered" or now < order.due_at):
                raise NotOverdue("未逾期，不移交。It is not overdue.", due_at=order.due_at.isoformat())
            return replace(order, state=act.kind)
        case _:
            assert_never(act.kind)


def _reviewed(order: Order, act: Act, *, now: datetime, longest: timedelta) -> Order:
    if order.state != "mended":
        raise NotMended("尚未报整改。Nobody has said that it is mended.")
    if act.kind == "rectified":
        _need_other_than(order.mended_by | {order.found_by}, act)
        _need_evidence(act)
        return replace(order, state="rectified")
    _need_other_than(order.mended_by, act)
    _need_note(act)
    due_at = decide_deadline(act.due_at, now=now, longest=longest)
    return replace(order, state="ordered", level=0, due_at=due_at)


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


def levels_due(order: Order, hours: Sequence[int], now: datetime) -> Iterator[tuple[int, datetime]]:
    """The levels that an order has yet to go up to, the lowest first, each with since when.

    What was mended waits for its reviewer: that is nobody's delay at the unit.
    """
    if order.state != "ordered":
        return
    for level, after in enumerate(hours, start=1):
        since = order.due_at + timedelta(hours=after)
        if level > order.level and since <= now:
            yield level, since


def _need_other_than(those: frozenset[str], act: Act) -> None:
    if act.by in those:
        raise OwnWork(
            "发现人、整改人不得复核本单。Who found or mended it does not decide that it is put right.",
            remedy="请另一人复核。Let somebody else review it.",
        )


def _need_evidence(act: Act) -> None:
    if not (act.noted or act.shown):
        raise EvidenceMissing("请附说明或照片。Show it by words or a photo.", field="note")


def _need_note(act: Act) -> None:
    if not act.noted:
        raise NoteMissing("请填写说明。Say it in words.", field="note")
