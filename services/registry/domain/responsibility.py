"""Who answers for what: no two assignments of one worker for the same thing, and no gap unseen. Pure (R7.1, R1.1)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal, get_args
from uuid import UUID

from services.registry.domain.posts import Period
from shared.kernel.refusal import Refusal

Measure = Literal["gate", "observation", "survey", "sanitation", "leads", "duty", "all"]
SINGLE_MEASURES: tuple[Measure, ...] = tuple(one for one in get_args(Measure) if one != "all")


class AssignmentUnknown(Refusal):
    """There is no such assignment."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "assignment_unknown"


class AssignedAlready(Refusal):
    """The worker answers for this already on some of these days."""

    code: ClassVar[str] = "assigned_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who answers in which position for what: without a compound for the whole town, with a grid for that grid."""

    assignment_id: UUID
    worker_ref: UUID
    role: str
    measure: Measure
    compound_id: str | None
    grid_id: str | None
    period: Period

    def covers(self, measure: Measure) -> bool:
        """Does it answer for this measure in the whole compound? A grid's does not."""
        return self.grid_id is None and self.measure in {measure, "all"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days, both included, on which nobody answers for a measure in a compound."""

    measure: Measure
    from_day: date
    until_day: date


def decide_assignment(new: Assignment, others: Iterable[Assignment]) -> None:
    """May the worker answer for this, beside what they answer for already?

    Raises:
        AssignedAlready: naming the assignments for the same place and measure that share a day.
    """
    same = [
        one
        for one in others
        if one.assignment_id != new.assignment_id
        and (one.worker_ref, one.measure, one.compound_id, one.grid_id)
        == (new.worker_ref, new.measure, new.compound_id, new.grid_id)
        and one.period.meets(new.period)
    ]
    if same:
        raise AssignedAlready(
            "该人员在此期间已负责此项。The worker answers for this already on some of these days.",
            field="from_day",
            remedy="延长或结束原有安排。Extend or end the other assignment.",
            assignments=sorted(str(one.assignment_id) for one in same),
        )


def gaps_of(assignments: Iterable[Assignment], *, from_day: date, until_day: date) -> Iterator[Gap]:
    """The days of a stretch on which nobody answers, measure by measure, in order.

    Args:
        assignments: those of the compound and those for the whole town.
        from_day: the first day.
        until_day: the last one, included.
    """
    held = list(assignments)
    for measure in SINGLE_MEASURES:
        open_since = from_day
        for period in sorted(
            (one.period for one in held if one.covers(measure)), key=lambda period: period.from_day
        ):
            if open_since < period.from_day <= until_day:
                last = period.from_day - timedelta(days=1)
                yield Gap(measure=measure, from_day=open_since, until_day=last)
            if period.from_day <= until_day:
                ends = until_day if period.until_day is None else period.until_day
                open_since = max(open_since, ends + timedelta(days=1))
        if open_since <= until_day:
            yield Gap(measure=measure, from_day=open_since, until_day=until_day)
