"""What does a corrected intake change in a case? Nothing that was decided about the case since. Pure (O3, R4.6)."""

from dataclasses import replace
from datetime import datetime

from services.observation.domain.case import Case
from services.observation.domain.deciding import anchored, as_long_as
from shared.events.registry.returnees import ReturneeRegistered


def day_zero_corrected(case: Case, returnee: ReturneeRegistered, at: datetime) -> Case:
    """The case counted from the corrected day 0, if it was counted from the intake's until now.

    One that began anew, after an interruption or as a close contact's, no longer stands on the arrival.
    """
    before = returnee.corrects
    if before is None or returnee.anchor_date == before.anchor_date:
        return case
    if case.day_zero != before.anchor_date or _began_anew(case):
        return case
    return anchored(case, returnee.anchor_date, returnee.anchor_basis, max(at, case.settled_through))


def as_long_as_corrected(case: Case, ended: Case, returnee: ReturneeRegistered, at: datetime) -> Case:
    """The case at least as long as one that was merged into it would last by its corrected intake (P10).

    Nothing is shortened by itself: of two records of one person nobody knows yet which date was right.
    """
    before = returnee.corrects
    if before is None or _began_anew(ended):
        return case
    decided = any(change.kind == "anchor_corrected" for change in ended.reschedulings)
    if decided and ended.day_zero != before.anchor_date:
        return case
    return as_long_as(case, ended.last_day + (returnee.anchor_date - ended.day_zero), at)


def measure_corrected(case: Case, returnee: ReturneeRegistered) -> Case:
    """The case under the corrected category and measure, if it was under the intake's until now."""
    before = returnee.corrects
    if before is None or (case.category, case.measure) != (before.category, before.measure):
        return case
    if (returnee.category, returnee.measure) == (before.category, before.measure):
        return case
    return replace(case, category=returnee.category, measure=returnee.measure, version=case.version + 1)


def _began_anew(case: Case) -> bool:
    return any(change.kind == "restarted" for change in case.reschedulings) or any(
        stop.ended_by == "restart" for stop in case.interruptions
    )
