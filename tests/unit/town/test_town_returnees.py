"""Returnees come from real cities, as often as these had confirmed cases."""

from collections import Counter
from datetime import date

import pytest

from deploy.town import returnees
from deploy.town.arrivals import confirmed_on
from deploy.town.compact import ROOT, read_packed
from deploy.town.layout import town_layout
from tests.unit.town.reader import checksum_holds

DAY = date(2020, 2, 24)
SEED = 20200224
SCALE = 0.02


@pytest.mark.scenario("H5")
def test_cities_are_drawn_in_proportion_to_their_confirmed_cases() -> None:
    drawn = Counter(each.from_code for each in returnees(DAY, seed=SEED, n=20_000, scale=SCALE))
    weights = {code: cases for code, cases in confirmed_on(DAY).items() if not code.startswith("3205")}
    total = sum(weights.values())
    for code in ("420100", "420900", "330300"):  # 武汉, 孝感, 温州
        expected = weights[code] / total
        allowed = 4 * (expected * (1 - expected) / 20_000) ** 0.5
        assert abs(drawn[code] / 20_000 - expected) < allowed
    assert all(weights[code] > 0 for code in drawn)


def test_nobody_returns_from_the_towns_own_prefecture() -> None:
    assert not any(
        each.from_code.startswith("3205") for each in returnees(DAY, seed=SEED, n=5000, scale=SCALE)
    )


def test_the_stream_is_reproducible_and_a_longer_one_begins_with_the_shorter() -> None:
    few = returnees(DAY, seed=SEED, n=20, scale=SCALE)
    assert returnees(DAY, seed=SEED, n=50, scale=SCALE)[:20] == few
    assert returnees(DAY, seed=SEED + 1, n=20, scale=SCALE) != few


def test_returnees_go_to_dwellings_of_the_generated_town() -> None:
    homes = {
        (home.compound.code, home.building, home.unit, home.room)
        for layout in town_layout(SEED, SCALE)
        for home in layout.dwellings
    }
    for each in returnees(DAY, seed=SEED, n=200, scale=SCALE):
        assert (each.compound, each.building, each.unit, each.room) in homes
        assert each.arrived == DAY


def test_documents_and_phones_are_nobodys_and_never_repeat_from_day_to_day() -> None:
    assigned = {row["code"] for row in read_packed(ROOT / "services/registry/data/divisions.tsv.gz", "\t")}
    found = [
        each for day in range(1, 30) for each in returnees(date(2020, 2, day), seed=SEED, n=50, scale=SCALE)
    ]
    assert len({each.document for each in found}) == len({each.phone for each in found}) == len(found)
    assert all(checksum_holds(each.document) for each in found)
    assert not any(each.document[:6] in assigned for each in found)
    assert all(each.phone.startswith("154") and len(each.phone) == 11 for each in found)
    assert {each.proof for each in found} == {True, False}


@pytest.mark.parametrize("day", [date(2020, 1, 31), date(2020, 3, 13)])
def test_a_day_without_figures_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="no case figures"):
        returnees(day, seed=SEED, n=1, scale=SCALE)
