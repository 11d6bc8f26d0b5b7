"""Which windows the oracle wants answered of somebody who fell ill."""

from datetime import date, datetime, timedelta

import pytest

from deploy.live.oracle.observation import Case
from deploy.live.plan import FIRST_DAY, at


def first_due(*stops: tuple[datetime, datetime]) -> date:
    """The day of the first window that has to be answered, of somebody who came back and was registered on one day."""
    case = Case(
        who="returnee-1",
        place="c",
        category="concern",
        day_zero=FIRST_DAY,
        opened_at=at(FIRST_DAY, "10:30"),
        last_day=FIRST_DAY + timedelta(days=14),
        stops=[list(stop) for stop in stops],
    )
    return next(case.due()).day


@pytest.mark.scenario("O1", "O6")
def test_nothing_is_due_on_day_0_however_often_the_clock_stops_on_it() -> None:
    days = [FIRST_DAY + timedelta(days=nth) for nth in range(4)]
    stop, again = [(at(days[nth], "18:00"), at(days[nth + 1], "10:30")) for nth in (0, 1)]
    assert first_due() == days[1]
    assert first_due(stop) == days[2]
    assert first_due(stop, again) == days[3]
    assert first_due(again) == days[1]


def test_who_passes_the_gate_and_then_declares_a_fever_was_not_ill_at_the_gate() -> None:
    day = FIRST_DAY + timedelta(days=1)
    case = Case(
        who="returnee-1",
        place="c",
        category="other",
        day_zero=FIRST_DAY,
        opened_at=at(FIRST_DAY, "10:30"),
        last_day=FIRST_DAY + timedelta(days=14),
        stops=[[at(day, "07:30"), at(day + timedelta(days=1), "10:30")]],
    )
    assert case.measure_at(at(day, "07:30")) == "home_self_monitoring"
    assert case.measure_at(at(day, "07:31")) == "medical"
    assert case.measure_at(at(day + timedelta(days=1), "10:30")) == "home_self_monitoring"
