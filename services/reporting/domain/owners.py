"""Who answers for a finding: the narrowest assignment that covers it (R7.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from shared.events.policy_supervision import FindingRule

Measure = Literal["gate", "observation", "survey", "sanitation", "leads", "duty", "all"]
_ALL: Final[Measure] = "all"
MEASURES: Final[dict[FindingRule, tuple[Measure, ...]]] = {
    "duty_gap": ("duty", "gate"),
    "gate_offline": ("gate", "duty"),
    "gate_list_stale": ("gate",),
    "admitted_after_end": ("gate",),
    "quarantine_left": ("observation", "gate"),
    "override_unreviewed": ("gate",),
    "declarations_missed": ("observation",),
    "report_unanswered": ("observation", "gate"),
    "rounds_missed": ("sanitation",),
    "pickup_missed": ("sanitation",),
    "order_overdue": ("sanitation",),
    "lead_overdue": ("leads",),
    "survey_behind": ("survey",),
    "no_named_person": ("gate",),
    "unit_report_late": (),
    "daily_report_late": (),
    "inspection": (),
}
"""Whose measure a rule is about, the nearest first; after these comes whoever answers for everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who answers, by pseudonym and position."""

    worker_ref: UUID
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who answers for what on a day. Without a compound for the whole town; with a grid for a part of a compound."""

    worker_ref: UUID
    role: str
    measure: Measure
    compound: str | None
    grid: str | None
    from_day: date


def owner_of(
    assignments: Iterable[Assignment], *, compound: str | None, measures: Iterable[Measure]
) -> Owner | None:
    """Who answers for a measure in a compound, or in the town where none is named.

    The compound's own people come before the town's, and there the measure's before who answers for everything. A
    grid's people answer for their grid only. Of several the one who came first, then the smaller pseudonym.
    """
    ranks = {measure: rank for rank, measure in enumerate((*measures, _ALL))}
    found = [
        one
        for one in assignments
        if one.grid is None and one.compound in {compound, None} and one.measure in ranks
    ]
    if not found:
        return None
    first = min(
        found, key=lambda one: (one.compound is None, ranks[one.measure], one.from_day, one.worker_ref)
    )
    return Owner(worker_ref=first.worker_ref, role=first.role)
