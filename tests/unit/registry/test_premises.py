"""Checkpoint limits and addresses."""

import pytest

from services.registry.domain.premises import (
    AddressKey,
    CheckpointLimitReached,
    building_name,
    checkpoint_limit,
    decide_opening,
    order_of,
    room_name,
)
from shared.events.policy_gate import AreaLimit, CheckpointRules
from shared.kernel.ids import CompoundId

CITY = (AreaLimit(from_m2=0, checkpoints=1), AreaLimit(from_m2=300_000, checkpoints=2))
CITY_ALONE = CheckpointRules(city_limits=CITY, town_limit=9)
TOWN = CheckpointRules(city_limits=CITY, town_limit=1)


@pytest.mark.scenario("P1")
@pytest.mark.requirement("R2.1")
@pytest.mark.parametrize(
    ("area", "rules", "limit", "rule"),
    [
        (299_999, CITY_ALONE, 1, "city"),
        (300_000, CITY_ALONE, 2, "city"),
        (320_000, CITY_ALONE, 2, "city"),
        (320_000, TOWN, 1, "town"),
        (10, TOWN, 1, "town"),
        (10, CheckpointRules(city_limits=(), town_limit=1), 0, "city"),
    ],
)
def test_the_smaller_of_the_citys_and_the_towns_number_holds(
    area: int, rules: CheckpointRules, limit: int, rule: str
) -> None:
    opening = checkpoint_limit(area, rules)
    assert (opening.limit, opening.rule) == (limit, rule)


@pytest.mark.scenario("P1")
def test_a_second_checkpoint_at_320000_square_metres_fails_by_the_towns_rule_alone() -> None:
    assert decide_opening(320_000, ["lj-001-k1"], CITY_ALONE).limit == 2
    with pytest.raises(CheckpointLimitReached) as refused:
        decide_opening(320_000, ["lj-001-k1"], TOWN)
    assert refused.value.extra["rule"] == "town"
    assert decide_opening(320_000, [], TOWN).limit == 1


@pytest.mark.parametrize(
    ("written", "name"), [("3栋", "3幢"), ("3号楼", "3幢"), ("3幢", "3幢"), ("12号", "12号"), ("A栋", "A栋")]
)
def test_a_building_has_one_spelling(written: str, name: str) -> None:
    assert building_name(written) == name


def test_rooms_and_order() -> None:
    assert room_name("1203室") == "1203"
    assert [order_of(part) for part in ("10幢", "2幢", "东", "9" * 30)] == [10, 2, 0, 2_000_000_000]


def test_an_address_is_shown_as_guards_say_it() -> None:
    compound = CompoundId("lj-001")
    assert AddressKey(compound, "8幢", "2单元", "501").shown() == "8幢-2-501"
    assert AddressKey(compound, "12号", "", "101").shown() == "12号-101"
