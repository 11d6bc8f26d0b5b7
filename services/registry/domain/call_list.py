"""The call list: people still away, when to call again, when they leave the list. Pure (R4.5, P12).

Where somebody is or is registered decides about a call and about nothing else: nobody on the list is under
observation, and no category comes from it.
"""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.kernel.refusal import Refusal

CallOutcome = Literal["postponed", "unreachable", "refused", "will_return_on", "wrong_number", "arrived"]

_CALL_AGAIN = frozenset({"postponed", "unreachable"})


class CallEntryUnknown(Refusal):
    """There is no such entry on the call list."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "call_entry_unknown"


class OnCallListAlready(Refusal):
    """The same name and phone are on the list already."""

    code: ClassVar[str] = "on_call_list_already"


class LeftCallList(Refusal):
    """The person arrived; the entry is closed."""

    code: ClassVar[str] = "left_call_list"
    usual_remedy: ClassVar[str | None] = "此后按返回登记办理。Go on with their intake."


class CallInconsistent(Refusal):
    """The outcome of a call and its days do not fit together."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "call_inconsistent"
    usual_remedy: ClassVar[str | None] = "按通话结果填写日期。State the days that go with the outcome."


class GridElsewhere(Refusal):
    """The grid is not one of this compound."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "grid_elsewhere"
    usual_remedy: ClassVar[str | None] = (
        "按该小区的网格填写编号：GET /v1/compounds/{compound_id}/grids。"
        "Give a number of the compound's grids."
    )


def decide_next_call(
    outcome: CallOutcome, *, today: date, next_call_on: date | None, returns_on: date | None
) -> date | None:
    """Tell the day of the next call; None when nobody calls again until a clerk sets a day.

    Who was not reached or has postponed is called again, on a day the caller names. Who named a day of return is
    called then, unless another day was named. Who says they are here stays due until their intake is linked.

    Raises:
        CallInconsistent: a day is missing, lies in the past, or belongs to another outcome.
    """
    if (outcome == "will_return_on") != (returns_on is not None):
        raise CallInconsistent(
            "返回日期只在约定返回时填写，且必填。The day of return goes with will_return_on.",
            field="returns_on",
        )
    for name, day in (("returns_on", returns_on), ("next_call_on", next_call_on)):
        if day is not None and day < today:
            raise CallInconsistent("日期早于今天。The day lies in the past.", field=name)
    if outcome == "arrived":
        if next_call_on is not None:
            raise CallInconsistent(
                "已到达的请办理返回登记，不再约电话。Who is here is registered, not called.",
                field="next_call_on",
            )
        return today
    if outcome in _CALL_AGAIN and next_call_on is None:
        raise CallInconsistent("请填写下次通话日期。State the day of the next call.", field="next_call_on")
    return next_call_on or returns_on


def decide_arrival(*, known_intake: UUID | None, intake_id: UUID) -> bool:
    """Say whether linking this intake takes the person off the list now; False when it did before.

    Raises:
        LeftCallList: another intake closed the entry.
    """
    if known_intake is None:
        return True
    if known_intake == intake_id:
        return False
    raise LeftCallList(
        "此人已到达，已关联另一次返回登记。The entry was closed by another intake.",
        intake_id=str(known_intake),
    )
