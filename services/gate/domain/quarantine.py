"""What is kept aside instead of being applied, and what a supervisor may do with it (G11, G16)."""

from collections.abc import Iterable
from typing import ClassVar, Literal
from uuid import UUID

from shared.kernel.refusal import Refusal

Because = Literal[
    "device_with_us",  # it was not out of our hands when it made these
    "guard_confirms",
    "paper_sheet_agrees",
    "order_of_headquarters",
    "not_genuine",
    "trial_data",
    "recorded_otherwise",
    "other",
]


class UnknownItem(Refusal):
    """There is no such item, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "unknown_quarantined_item"


class ItemSettled(Refusal):
    """Somebody decided about the item otherwise."""

    code: ClassVar[str] = "quarantined_item_settled"


def decide_settling(wanted: Iterable[UUID], states: dict[UUID, str], *, as_: str) -> frozenset[UUID]:
    """Which of these items are to be settled now; those that are settled like this already need nothing more.

    Args:
        wanted: the items asked for.
        states: how those that exist stand: `held`, `released` or `discarded`.
        as_: what the caller decided.

    Raises:
        UnknownItem: one of them does not exist; nothing is done.
        ItemSettled: one of them was settled the other way; nothing is done.
    """
    ids = frozenset(wanted)
    if missing := ids - states.keys():
        raise UnknownItem(
            "没有该隔离记录。There is no such item in quarantine.", field=f"item_ids.{min(missing)}"
        )
    if otherwise := [item_id for item_id in ids if states[item_id] not in ("held", as_)]:
        raise ItemSettled(
            "该记录已有处理决定。Somebody decided about this item already.",
            field=f"item_ids.{min(otherwise)}",
        )
    return frozenset(item_id for item_id in ids if states[item_id] == "held")
