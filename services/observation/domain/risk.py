"""What a new list of risk areas means for people under observation (R4.8, O8). Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from services.observation.domain.case import Case
from shared.events.policy_observation import Category, Measure, ObservationRules
from shared.kernel.divisions import listed_as

_GRAVITY: tuple[Category, ...] = ("other", "concern", "higher_risk", "focus")
"""From light to grave. A close contact is one by a person, not by a place, and is graver than any."""
_STRICTNESS: tuple[Measure, ...] = ("home_self_monitoring", "home_quarantine", "centralized_observation")
ProposalState = Literal["open", "accepted", "declined"]


def upgrade_of(
    case: Case, origin_code: str, areas: Mapping[str, Category], rules: ObservationRules
) -> tuple[Category, Measure] | None:
    """Tell the graver category that a list gives somebody's origin, and the measure to propose; None otherwise.

    A lighter category relaxes nobody. The measure proposed is never milder than the one that holds.
    """
    listed = listed_as(origin_code, areas)
    category = areas[listed] if listed else "other"
    if case.is_over or case.category not in _GRAVITY or category not in _GRAVITY:
        return None
    if _GRAVITY.index(category) <= _GRAVITY.index(case.category):
        return None
    return category, max(rules.measures[category], case.measure, key=_strictness)


def as_strict_as(case: Case, other: Case) -> Case:
    """The case under the graver category and the stricter measure of two records of one person (P10)."""
    category, measure = strictest(case, other.category, other.measure)
    return replace(case, category=category, measure=measure)


def strictest(case: Case, category: Category, measure: Measure) -> tuple[Category, Measure]:
    """The graver category and the stricter measure of what holds in a case and what is to hold."""
    return max(case.category, category, key=_gravity), max(case.measure, measure, key=_strictness)


def _gravity(category: Category) -> int:
    return _GRAVITY.index(category) if category in _GRAVITY else len(_GRAVITY)


def _strictness(measure: Measure) -> int:
    return _STRICTNESS.index(measure) if measure in _STRICTNESS else len(_STRICTNESS)
