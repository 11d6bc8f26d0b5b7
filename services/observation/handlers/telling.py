"""What a change of a case is told as."""

from collections.abc import Sequence
from datetime import datetime

from services.observation.domain.calendar import Slot
from services.observation.domain.case import Case
from shared.events.observation import (
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.observation import Slot as SlotTold

CaseChanged = (
    ObservationClosed
    | ObservationCompleted
    | ObservationInterrupted
    | ObservationMeasureChanged
    | ObservationRescheduled
    | ObservationRestarted
    | ObservationResumed
)


def start_of_case(case: Case) -> ObservationStarted:
    """A case that was just opened."""
    return ObservationStarted(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        dwelling_id=case.dwelling_id,
        grid=case.grid,
        category=case.category,
        measure=case.measure,
        anchor_date=case.anchor_date,
        last_day=case.last_day,
        started_at=case.opened_at,
        policy_version=case.policy_version,
    )


def change_of(
    before: Case, after: Case, *, policy_version: int, void: Sequence[Slot] | None = None
) -> CaseChanged:
    """The one event that a decision about a case is told as.

    Args:
        before: the case before the decision.
        after: the case after it.
        policy_version: the rules by which it was decided.
        void: where day 0 was corrected, the windows that were told as missed and were not due by it.
    """
    if after.ended_at is not None:
        return _end_of(after)
    if len(after.reschedulings) > len(before.reschedulings):
        change = after.reschedulings[-1]
        if change.kind == "restarted":
            return restart_of(after, change.at)
        return ObservationRescheduled(
            case_id=after.case_id,
            person_ref=after.person_ref,
            compound=after.compound,
            anchor_date=after.day_zero,
            last_day=after.last_day,
            reason=change.kind,
            rescheduled_at=change.at,
            void_windows=None
            if void is None
            else tuple(SlotTold(day=day, window=window) for day, window in void),
        )
    if len(after.interruptions) > len(before.interruptions):
        return interruption_of(after)
    if before.open_interruption is not None and after.open_interruption is None:
        stop = after.interruptions[-1]
        at = stop.ended_at or after.settled_through
        return restart_of(after, at) if stop.ended_by == "restart" else _resumption_of(after, at)
    return ObservationMeasureChanged(
        case_id=after.case_id,
        person_ref=after.person_ref,
        compound=after.compound,
        measure=after.measure_now,
        category=after.category,
        changed_at=after.settled_through,
        policy_version=policy_version,
    )


def interruption_of(case: Case) -> ObservationInterrupted:
    """The clock stands."""
    stop = case.interruptions[-1]
    return ObservationInterrupted(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        reason=stop.reason,
        interrupted_at=stop.began_at,
    )


def restart_of(case: Case, at: datetime) -> ObservationRestarted:
    """The days begin again."""
    return ObservationRestarted(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        category=case.category,
        measure=case.measure_now,
        anchor_date=case.day_zero,
        last_day=case.last_day,
        restarted_at=at,
    )


def _resumption_of(case: Case, at: datetime) -> ObservationResumed:
    return ObservationResumed(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        measure=case.measure,
        last_day=case.last_day,
        resumed_at=at,
    )


def _end_of(case: Case) -> ObservationClosed | ObservationCompleted:
    ended = case.ended_at or case.settled_through
    if case.closed_as is not None:
        return ObservationClosed(
            case_id=case.case_id,
            person_ref=case.person_ref,
            compound=case.compound,
            ending=case.closed_as,
            closed_at=ended,
        )
    return ObservationCompleted(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        last_day=case.last_day,
        pass_from=case.pass_from,
        completed_at=ended,
    )
