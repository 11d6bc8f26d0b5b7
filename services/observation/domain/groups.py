"""A compound's observation group: who is to be in it, and what a worker still has to do (R2.5)."""

from enum import StrEnum
from typing import ClassVar, Literal

from shared.kernel.refusal import Refusal

GroupChange = Literal["joined", "left"]


class Membership(StrEnum):
    """How a person stands to the group. Belonging follows from the case; being in it is confirmed by a worker."""

    TO_JOIN = "to_join"
    MEMBER = "member"
    TO_LEAVE = "to_leave"


class NothingToConfirm(Refusal):
    """The group is as it should be, or the change does not fit the case."""

    code: ClassVar[str] = "nothing_to_confirm"


def check_change(change: GroupChange, *, in_force: bool, is_in: bool) -> None:
    """Insist that a change brings the group nearer to what the case says.

    Raises:
        NothingToConfirm.
    """
    if change == "joined" and (is_in or not in_force):
        raise NothingToConfirm(
            "此人已在群内，或观察已结束。In the group already, or the observation is over.", field="change"
        )
    if change == "left" and not is_in:
        raise NothingToConfirm("此人不在群内。Not in the group.", field="change")
