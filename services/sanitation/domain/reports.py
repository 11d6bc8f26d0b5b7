"""What anybody reports at a place by its code, and what is decided about it (screens S5)."""

from typing import ClassVar, Literal

from shared.kernel.refusal import Refusal

Problem = Literal["not_clean", "not_disinfected", "overflowing", "smell", "damaged", "other"]
State = Literal["open", "upheld", "dismissed"]
Decision = Literal["upheld", "dismissed"]


class ReportUnknown(Refusal):
    """There is no such report."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "report_unknown"


class ReportDecided(Refusal):
    """It was decided before, otherwise."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "report_decided"


def decide_report(state: State, decision: Decision) -> bool:
    """May this be decided about a report? Says whether anything changes; the same again changes nothing.

    Raises:
        ReportDecided: it was decided otherwise.
    """
    if state == "open":
        return True
    if state != decision:
        raise ReportDecided("该反映已处理。It was decided before.", state=state)
    return False
