"""The arithmetic of the capacity page, against figures that can be done in the head and against queueing theory."""

import statistics

import pytest

from deploy.capacity import rush
from deploy.capacity.inputs import read, values
from deploy.capacity.model import installation, largest, place
from deploy.capacity.page import FILE, text

GIVEN = {
    "town_people": 1_000,
    "town_checkpoints": 2,
    "town_checks_per_second": 10,
    "town_rush_per_second": 40,
    "checks_per_person_day": 1,
    "other_events_per_person_day": 1,
    "gate_us": 1_000,
    "gate_per_second": 1_000,
    "leader_us": 500,
    "database_us": 2_000,
    "bus_us": 250,
    "busy_at_most": 0.5,
    "check_limit_ms": 50,
    "rush_seconds": 60,
    "reader_per_second": 1_000,
    "relay_per_second": 2_000,
    "check_bytes": 1_000,
    "stream_bytes": 500,
    "stream_days": 30,
    "rebuild_per_second": 10,
    "district_people": 10_000,
    "reports_per_district_day": 2,
    "cut_hours": 1,
}


def test_one_installation_is_as_can_be_done_in_the_head() -> None:
    one = installation(10_000, GIVEN)
    assert (one.checkpoints, one.checks_per_second, one.rush_per_second) == (20, 100, 400)
    assert (one.checks_per_day, one.events_per_day) == (10_000, 20_000)
    assert one.gate_processes == 1  # 400 checks of a millisecond keep it busy for 40 %
    assert (one.gate_cores, one.leader_cores, one.database_cores, one.bus_cores) == (0.8, 0.4, 1.6, 0.2)
    assert (one.reader_share, one.relay_share) == (0.1, 0.05)
    assert one.database_gb_day == pytest.approx(0.01)
    assert one.stream_gb == pytest.approx(0.3)
    assert one.rebuild_hours == pytest.approx(20_000 * 365 / 10 / 3_600)


def test_a_place_is_divided_into_districts_that_hold_everybody() -> None:
    city = place(25_000, GIVEN)
    assert city.districts == 3
    assert city.district.people * city.districts >= 25_000
    assert city.hub_events_per_second == pytest.approx(250, rel=0.01)
    assert city.reports_per_day == 6
    assert city.cut_events == pytest.approx(city.district.checks_per_second * 3_600)
    assert city.cut_seconds == pytest.approx(city.cut_events / (2_000 - city.district.checks_per_second))


def test_an_installation_ends_where_its_slowest_single_process_does() -> None:
    assert largest(GIVEN) == 1_000 * 0.5 / 40 * 1_000


def test_waiting_at_the_gates_is_what_queueing_theory_says() -> None:
    busy, each = 0.5, 0.01
    took = rush.answered(per_second=busy / each, each_seconds=each, processes=1, seconds=4_000)
    waited = statistics.fmean(took) - each
    assert waited == pytest.approx(busy * each / (2 * (1 - busy)), rel=0.05)  # M/D/1
    assert len(took) == pytest.approx(4_000 * busy / each, rel=0.02)


def test_there_are_as_many_processes_as_the_limit_needs_and_no_more() -> None:
    told = {"per_second": 400, "each_seconds": 0.01, "busy_at_most": 0.9, "seconds": 60}
    few, p99 = rush.processes_for(limit_seconds=0.05, **told)
    assert p99 <= 0.05
    assert few >= 5  # 400 x 0.01 s is the work of four, at 90 % of five
    many, _ = rush.processes_for(limit_seconds=0.0101, **told)
    assert many > few
    with pytest.raises(ValueError, match="alone"):
        rush.processes_for(limit_seconds=0.001, **told)


def test_a_line_that_is_too_slow_never_catches_up() -> None:
    assert rush.caught_up(per_second=10, away_seconds=60, drained_per_second=30) == (600, 30)
    with pytest.raises(ValueError, match="drained"):
        rush.caught_up(per_second=10, away_seconds=60, drained_per_second=10)


def test_every_input_says_where_it_is_from_and_the_page_is_current() -> None:
    inputs = read()
    assert set(values(inputs)) == {*GIVEN, "process_mb"}
    for one in inputs.values():
        assert one.what
        assert one.source
        assert one.taken.count("-") == 2
    assert FILE.read_text(encoding="utf-8") == text(), "run `python -m deploy.documents`"
