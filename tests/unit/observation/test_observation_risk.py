"""A newer list of risk areas: what is graver is proposed, what is lighter relaxes nobody."""

from dataclasses import replace
from datetime import date

import pytest

from services.observation.domain.deciding import closed
from services.observation.domain.risk import upgrade_of
from shared.events.policy_observation import Category, Measure
from tests.unit.observation.given import RULES, a_case, at

CASE = a_case(date(2020, 2, 24), at(date(2020, 2, 24), "09:00"))
AREAS: dict[str, Category] = {
    "420000": "focus",
    "330300": "higher_risk",
    "330304": "other",  # a county taken out of its prefecture
    "320571": "concern",  # Suzhou Industrial Park, a code of its own
    "410000": "concern",
}


@pytest.mark.scenario("O8")
@pytest.mark.parametrize(
    ("origin", "category", "expected"),
    [
        ("420106", "other", ("focus", "centralized_observation")),  # by its province
        ("429004", "other", ("focus", "centralized_observation")),  # a county directly under the province
        ("330302", "other", ("higher_risk", "home_quarantine")),  # by its prefecture
        ("330304", "other", None),
        ("320571", "other", ("concern", "home_quarantine")),
        ("320508", "other", None),  # its neighbour
        ("410100", "concern", None),  # as grave as before
        ("410100", "focus", None),  # lighter
        ("410100", "close_contact", None),  # by a person, not by a place
        ("110000", "other", None),
    ],
)
def test_a_list_proposes_what_is_graver_by_the_entry_that_decides(
    origin: str, category: Category, expected: tuple[Category, Measure] | None
) -> None:
    assert upgrade_of(replace(CASE, category=category), origin, AREAS, RULES) == expected


@pytest.mark.scenario("O8")
def test_the_proposed_measure_is_never_milder_and_nothing_is_proposed_after_the_end() -> None:
    strict = replace(CASE, measure="centralized_observation")
    assert upgrade_of(strict, "410100", AREAS, RULES) == ("concern", "centralized_observation")
    ended = closed(CASE, "transferred", at(date(2020, 2, 25), "09:00"))
    assert upgrade_of(ended, "420106", AREAS, RULES) is None
