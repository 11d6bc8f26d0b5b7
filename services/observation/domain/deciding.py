"""What may an officer decide about a case, and what follows? (O5, O6)."""

from dataclasses import replace
from datetime import datetime
from typing import Literal, assert_never

from services.observation.domain.case import Case, Interruption, State
from services.observation.domain.refusals import CaseEnded, InMedicalHands, NotInterrupted, ReleaseTooEarly

DecisionKind = Literal["resume", "restart", "close"]


def decide_decision(case: Case, kind: DecisionKind, *, now: datetime) -> Case:
    """Carry out a decision; tells the case after it.

    Resuming moves the last day by the days of the interruption; restarting makes the day of the decision day 0;
    closing releases a person whose period is over but incomplete. The caller settles the case before and after: a
    period may be over the moment it is resumed.

    Raises:
        CaseEnded, NotInterrupted, InMedicalHands, ReleaseTooEarly.
    """
    if case.state is State.COMPLETED:
        raise CaseEnded("健康观察已结束。The observation is over.")
    at = max(now, case.settled_through)
    match kind:
        case "resume" | "restart":
            stop = case.open_interruption
            if stop is None:
                raise NotInterrupted(
                    "观察未中断，无需恢复。The observation is not interrupted.",
                    field="kind",
                    state=case.state.value,
                )
            ended: Interruption = replace(stop, ended_at=at, ended_by=kind)
            return replace(case, interruptions=(*case.interruptions[:-1], ended), version=case.version + 1)
        case "close":
            if case.state is State.MEDICAL:
                raise InMedicalHands(
                    "人员正在就医，请先决定恢复或重新观察。In medical hands: decide to resume or restart first.",
                    field="kind",
                )
            if case.state is State.UNDER_OBSERVATION:
                raise ReleaseTooEarly(
                    f"观察期至 {case.last_day} 24 时结束，不得提前解除。The period ends at 24:00 of {case.last_day}.",
                    field="kind",
                    last_day=case.last_day.isoformat(),
                    first_possible=case.pass_from.isoformat(),
                )
            return replace(case, ended_at=at, version=case.version + 1)
        case _:
            assert_never(kind)
