"""The public figures that the project carries."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from deploy.town.arrivals import confirmed_on
from deploy.town.compact import (
    COUNT_HEADER,
    COUNTS,
    DIVISIONS,
    ROOT,
    compact,
    confirmed_by_city,
    read_packed,
)

REGISTRY = ROOT / "services" / "registry" / "data"


@pytest.fixture(scope="module")
def counts() -> list[dict[str, str]]:
    return read_packed(REGISTRY / "case-counts.csv.gz")


@pytest.fixture(scope="module")
def divisions() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in read_packed(REGISTRY / "divisions.tsv.gz", "\t")}


@pytest.mark.scenario("H5")
@pytest.mark.parametrize(("code", "confirmed"), [("420100", 46_607), ("330300", 504), ("320500", 87)])
def test_the_known_figures_of_24_february_2020(
    counts: list[dict[str, str]], code: str, confirmed: int
) -> None:
    found = [row for row in counts if row["date"] == "2020-02-24" and row["city_code"] == code]
    assert [int(row["confirmed"]) for row in found] == [confirmed]
    assert confirmed_on(date(2020, 2, 24))[code] == confirmed


def test_every_day_and_every_province_is_there(counts: list[dict[str, str]]) -> None:
    days = {row["date"] for row in counts}
    assert days == {(date(2020, 2, 1) + timedelta(days=n)).isoformat() for n in range(41)}
    totals = [row for row in counts if not row["city"]]
    assert len({row["province_code"] for row in totals}) == 34
    assert all(not row["city_code"] for row in totals)


def test_a_place_is_told_once_a_day(counts: list[dict[str, str]]) -> None:
    seen = [(row["date"], row["province_code"], row["city_code"], row["city"]) for row in counts]
    assert len(set(seen)) == len(seen)
    coded = [(row["date"], row["city_code"]) for row in counts if row["city_code"]]
    assert len(set(coded)) == len(coded)


def test_city_codes_are_divisions_with_one_name_each(
    counts: list[dict[str, str]], divisions: dict[str, dict[str, str]]
) -> None:
    for row in counts:
        if row["city_code"]:
            assert divisions[row["city_code"]]["name"] == row["city"]
            assert row["city_code"][:2] == row["province_code"][:2]


def test_rows_without_a_code_are_kept_so_that_sums_can_be_checked(counts: list[dict[str, str]]) -> None:
    """With them the cities add up to the province far more often; where they do not, the source differs."""
    totals: dict[tuple[str, str], int] = {}
    cities: defaultdict[tuple[str, str], int] = defaultdict(int)
    coded: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in counts:
        place, cases = (row["date"], row["province_code"]), int(row["confirmed"])
        if not row["city"]:
            totals[place] = cases
            continue
        cities[place] += cases
        coded[place] += cases if row["city_code"] else 0
    assert len(totals) == 41 * 34
    assert sum(cities[place] == total for place, total in totals.items()) == 898
    assert sum(coded[place] == total for place, total in totals.items()) == 606


def test_county_level_places_under_the_province_keep_their_codes(counts: list[dict[str, str]]) -> None:
    hubei = {row["city_code"] for row in counts if row["province_code"] == "420000"}
    assert {"429004", "429005", "429006", "429021"} <= hubei


def test_divisions_have_levels_and_parents(divisions: dict[str, dict[str, str]]) -> None:
    assert (divisions["320583"]["name"], divisions["320583"]["parent"]) == ("昆山市", "320500")
    assert divisions["429004"]["parent"] == "420000"
    assert divisions["110101"]["parent"] == "110000"
    assert divisions["320500"]["level"] == "city"
    assert all(not row["parent"] or row["parent"] in divisions for row in divisions.values())


def test_the_industrial_park_has_both_its_codes(divisions: dict[str, dict[str, str]]) -> None:
    assert divisions["320571"]["source"] == divisions["320576"]["source"] == "unlisted"
    assert divisions["320576"]["same_as"] == "320571"


def test_the_returnees_figures_are_the_registrys(counts: list[dict[str, str]]) -> None:
    rows = [[row[title] for title in COUNT_HEADER] for row in counts]
    head, *cities = confirmed_by_city(rows)
    packed = read_packed(ROOT / "deploy" / "town" / "data" / "city-confirmed.csv.gz")
    assert [dict(zip(head, city, strict=True)) for city in cities] == packed


def test_the_carried_files_stay_small() -> None:
    files = [*REGISTRY.glob("*.gz"), *(ROOT / "deploy" / "town" / "data").glob("*.gz")]
    assert sum(file.stat().st_size for file in files) < 400_000


SOURCE_COUNTS = """date,country,countryCode,province,provinceCode,city,cityCode,confirmed,suspected,cured,dead
2020-03-05,意大利,IT,,,,,3089,0,276,107
2020-03-05,中国,CN,,,,,80710,482,52208,3045
2020-03-05,中国,CN,西藏自治区,540000,,,1,0,1,0
2020-03-05,中国,CN,西藏自治区,540000,那曲,542400,0,0,0,0
2020-03-05,中国,CN,北京市,110000,外地来京,1100xy,25,0,0,0
2020-03-05,中国,CN,重庆市,500000,高新区,400039,4,0,4,0
"""
SOURCE_DIVISIONS = "Source\tRevision\tCode\tName\n" + "".join(
    f"mca\t201904\t{code}\t{name}\n" for code, name in (("540000", "西藏自治区"), ("540600", "那曲市"))
)


def test_wrong_codes_are_put_right_or_dropped_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / COUNTS).write_text(SOURCE_COUNTS, encoding="utf-8")
    (source / DIVISIONS).write_text(SOURCE_DIVISIONS, encoding="utf-8")
    compact(source, tmp_path)
    made = tmp_path / "services" / "registry" / "data" / "case-counts.csv.gz"
    first = made.read_bytes()
    assert [(row["city_code"], row["city"], row["confirmed"]) for row in read_packed(made)] == [
        ("", "", "1"),
        ("540600", "那曲市", "0"),
        ("", "外地来京", "25"),
        ("", "高新区", "4"),
    ]
    by_place: defaultdict[str, int] = defaultdict(int)
    for row in read_packed(made):
        by_place[row["province"]] += 1
    assert by_place == {"西藏自治区": 2, "北京市": 1, "重庆市": 1}
    compact(source, tmp_path)
    assert made.read_bytes() == first
