"""Which category a place has, and which list the thresholds propose from counts."""

import pytest

from services.registry.domain.risk import CaseCount, category_of, propose_areas
from shared.events.policy import RiskRules
from shared.events.policy_observation import Category

AREAS: dict[str, Category] = {
    "420000": "focus",
    "330300": "higher_risk",
    "330382": "concern",
    "411500": "concern",
    "411502": "other",
    "320571": "concern",
}
RULES = RiskRules(focus_codes=("420000",), higher_risk_from=500, concern_from=100)


@pytest.mark.requirement("R4.6", "R4.8", "R4.9")
@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("420000", "focus"),
        ("420100", "focus"),
        ("420106", "focus"),  # a county, through prefecture to province
        ("429004", "focus"),  # a county-level city directly under Hubei
        ("429021", "focus"),
        ("330300", "higher_risk"),
        ("330302", "higher_risk"),
        ("330382", "concern"),  # listed itself: its own entry counts
        ("330000", "other"),  # the province of a listed city is not listed
        ("330100", "other"),
        ("411503", "concern"),
        ("411502", "other"),  # taken out of its prefecture
        ("320571", "concern"),
        ("320583", "other"),
        ("110105", "other"),
        ("810000", "other"),
    ],
)
def test_a_place_inherits_unless_listed_itself(code: str, category: Category) -> None:
    assert category_of(code, AREAS) == category


def counted(*figures: tuple[str, int]) -> list[CaseCount]:
    return [CaseCount(code=code, name=code, confirmed=confirmed) for code, confirmed in figures]


@pytest.mark.scenario("H5")
@pytest.mark.parametrize(
    ("confirmed", "category"), [(99, None), (100, "concern"), (499, "concern"), (500, "higher_risk")]
)
def test_thresholds_are_inclusive(confirmed: int, category: Category | None) -> None:
    proposed = propose_areas(counted(("330300", confirmed)), RULES, own_prefecture="320500").areas
    assert [area.category for area in proposed if area.code == "330300"] == ([category] if category else [])


def test_places_of_a_focus_province_are_covered_by_it() -> None:
    counts = counted(("420000", 64_786), ("420100", 46_607), ("429004", 573))
    proposed = propose_areas(counts, RULES, own_prefecture="320500").areas
    assert [(area.code, area.category, area.confirmed) for area in proposed] == [("420000", "focus", 64_786)]


def test_a_focus_area_without_figures_stays_on_the_list() -> None:
    assert [area.code for area in propose_areas([], RULES, own_prefecture="320500").areas] == ["420000"]


def test_a_province_total_is_not_a_place_when_its_cities_have_figures() -> None:
    counts = counted(("330000", 1_205), ("330300", 504), ("810000", 79), ("820000", 200))
    proposed = propose_areas(counts, RULES, own_prefecture="320500").areas
    assert [area.code for area in proposed] == ["330300", "820000", "420000"]


def test_two_rows_of_one_code_are_never_added() -> None:
    proposed = propose_areas(counted(("810000", 60), ("810000", 70)), RULES, own_prefecture="320500").areas
    assert "810000" not in {area.code for area in proposed}


def test_the_own_prefecture_is_left_out_and_shown() -> None:
    proposal = propose_areas(counted(("320500", 600), ("320571", 120)), RULES, own_prefecture="320500")
    assert [area.code for area in proposal.left_out] == ["320500", "320571"]
    assert [area.code for area in proposal.areas] == ["420000"]
