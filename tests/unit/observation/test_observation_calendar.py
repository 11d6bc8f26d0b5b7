"""Windows of a day, and to which one an instant belongs."""

from datetime import date, time

import pytest

from services.observation.domain.calendar import Calendar
from shared.events.policy_observation import Window
from tests.unit.observation.given import CALENDAR, RULES, at, calendar_of

MON, TUE = date(2020, 2, 24), date(2020, 2, 25)


@pytest.mark.scenario("O4")
@pytest.mark.parametrize(
    ("day", "clock", "window_day", "window"),
    [
        (TUE, "00:01", MON, "evening"),
        (TUE, "05:59:59", MON, "evening"),
        (TUE, "06:00", TUE, "morning"),
        (TUE, "09:59:59", TUE, "morning"),
        (TUE, "10:00", TUE, "morning"),
        (TUE, "16:59:59", TUE, "morning"),
        (TUE, "17:00", TUE, "evening"),
        (TUE, "20:59:59", TUE, "evening"),
        (TUE, "21:00", TUE, "evening"),
        (TUE, "23:30", TUE, "evening"),
        (TUE, "23:59:59", TUE, "evening"),
        (date(2020, 3, 1), "00:01", date(2020, 2, 29), "evening"),
        (date(2021, 3, 1), "00:01", date(2021, 2, 28), "evening"),
        (date(2021, 1, 1), "05:00", date(2020, 12, 31), "evening"),
    ],
)
def test_an_instant_belongs_to_the_window_that_opened_last(
    day: date, clock: str, window_day: date, window: str
) -> None:
    assert CALENDAR.span_at(at(day, clock)).slot == (window_day, window)


def test_an_evening_counts_late_until_the_next_morning_opens() -> None:
    span = CALENDAR.span(date(2020, 2, 29), "evening")
    assert (span.opens, span.closes, span.late_until) == (
        at(date(2020, 2, 29), "17:00"),
        at(date(2020, 2, 29), "21:00"),
        at(date(2020, 3, 1), "06:00"),
    )


def test_a_window_that_closes_at_midnight_closes_on_its_own_day() -> None:
    late = RULES.model_copy(update={"evening": Window(opens=time(18), closes=time(0), late_until=time(6))})
    span = calendar_of((MON, late)).span(MON, "evening")
    assert (span.closes, span.late_until) == (at(TUE, "00:00"), at(TUE, "06:00"))


@pytest.mark.requirement("R1.2")
def test_each_day_has_the_rules_that_were_in_force_on_it() -> None:
    later = RULES.model_copy(update={"morning": Window(opens=time(7), closes=time(11), late_until=time(17))})
    calendar = calendar_of((date(2020, 2, 1), RULES), (TUE, later))
    assert calendar.span(MON, "morning").closes == at(MON, "10:00")
    assert calendar.span(TUE, "morning").closes == at(TUE, "11:00")
    assert calendar.on(date(2020, 1, 1)).version == 1


def test_a_calendar_without_rules_cannot_be() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Calendar([])
