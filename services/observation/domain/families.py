"""For whom else may the holder of a personal link declare? (R2.7)."""

from typing import ClassVar

from services.observation.domain.refusals import CaseEnded
from shared.kernel.refusal import Refusal


class NotOneDwelling(Refusal):
    """Only people of one dwelling share a link."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_one_dwelling"


class NotInFamily(Refusal):
    """The link does not reach this case. Says nothing about whether there is one."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "not_in_family"


def check_member(*, one_dwelling: bool, over: bool) -> None:
    """Insist that a member lives in the dwelling of the link's holder and is under observation.

    Raises:
        NotOneDwelling, CaseEnded.
    """
    if not one_dwelling:
        raise NotOneDwelling(
            "只有同住一户的人员可以共用链接。Only people of one dwelling share a link.",
            field="member_case_id",
        )
    if over:
        raise CaseEnded("健康观察已结束。The observation is over.", field="member_case_id")
