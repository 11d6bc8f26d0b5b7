"""Local days and windows of Asia/Shanghai."""

from datetime import UTC, date, datetime, time

import pytest

from shared.kernel.days import DailyWindow, at_local, end_of, local_day, local_time, start_of, typed_day


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2020, 2, 24, 15, 59, 59, tzinfo=UTC), date(2020, 2, 24)),
        (datetime(2020, 2, 24, 16, 0, tzinfo=UTC), date(2020, 2, 25)),
        (datetime(2020, 2, 28, 16, 0, tzinfo=UTC), date(2020, 2, 29)),
        (datetime(2020, 12, 31, 16, 0, tzinfo=UTC), date(2021, 1, 1)),
    ],
)
def test_the_local_day_begins_at_sixteen_hours_utc(instant: datetime, day: date) -> None:
    assert local_day(instant) == day


def test_a_naive_instant_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2020, 2, 24))
    with pytest.raises(ValueError, match="time zone"):
        local_time(datetime(2020, 2, 24))


def test_a_day_ends_where_the_next_begins() -> None:
    assert end_of(date(2020, 2, 29)) == start_of(date(2020, 3, 1)) == datetime(2020, 2, 29, 16, tzinfo=UTC)
    assert local_time(at_local(date(2020, 2, 24), time(8, 30))) == time(8, 30)


@pytest.mark.parametrize(
    ("opens", "closes", "at", "within"),
    [
        (time(6), time(12), datetime(2020, 2, 24, 6), True),
        (time(6), time(12), datetime(2020, 2, 24, 12), False),
        (time(6), time(12), datetime(2020, 2, 24, 5, 59, 59), False),
        (time(18), time(0), datetime(2020, 2, 24, 23, 59, 59), True),
        (time(18), time(0), datetime(2020, 2, 25, 0), False),
        (time(20), time(2), datetime(2020, 2, 25, 1), True),
        (time(0), time(0), datetime(2020, 2, 24, 13), True),
    ],
)
def test_a_window_holds_its_opening_but_not_its_closing(
    opens: time,
    closes: time,
    at: datetime,
    within: bool,  # noqa: FBT001 - a table of cases
) -> None:
    window = DailyWindow(opens=opens, closes=closes).on(date(2020, 2, 24))
    assert window.holds(at_local(at.date(), at.time())) is within


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-02-29", date(2020, 2, 29)),
        ("2021-02-29", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("", None),
    ],
)
def test_a_day_of_a_form_lies_in_years_in_which_things_can_happen(text: str, day: date | None) -> None:
    assert typed_day(text) == day
