"""What a site owes on a day and what it has."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.sanitation.domain.day_sheet import DaySheet, Duty, SheetState, day_sheet

DAY = date(2020, 2, 24)
NOON = datetime(2020, 2, 24, 4, 0, tzinfo=UTC)
MIDNIGHT = datetime(2020, 2, 24, 16, 0, tzinfo=UTC)  # 24:00 in Shanghai
MORNING, AFTERNOON = datetime(2020, 2, 24, 0, 0, tzinfo=UTC), datetime(2020, 2, 24, 8, 0, tzinfo=UTC)
USUAL = Duty(rounds_per_day=None, since=date(2020, 2, 1), active=True)


def sheet(duty: Duty, logs: list[datetime], now: datetime) -> DaySheet:
    return day_sheet(duty, logs, day=DAY, now=now, policy_rounds=2, spacing=timedelta(hours=4))


@pytest.mark.scenario("S1")
@pytest.mark.parametrize(
    ("logs", "now", "shortfall", "state"),
    [
        ([], NOON, 2, SheetState.OPEN),
        ([MORNING], MIDNIGHT - timedelta(seconds=1), 1, SheetState.OPEN),
        ([MORNING], MIDNIGHT, 1, SheetState.MISSED),
        ([MORNING, MORNING + timedelta(minutes=5)], MIDNIGHT, 1, SheetState.MISSED),
        ([MORNING, AFTERNOON], NOON, 0, SheetState.DONE),
        ([MORNING, AFTERNOON], MIDNIGHT, 0, SheetState.DONE),
    ],
)
def test_a_day_that_is_over_and_short_is_missed(
    logs: list[datetime], now: datetime, shortfall: int, state: SheetState
) -> None:
    found = sheet(USUAL, logs, now)

    assert (found.shortfall, found.state) == (shortfall, state)


def test_a_sites_own_number_outranks_the_policys() -> None:
    assert sheet(Duty(rounds_per_day=3, since=DAY, active=True), [], NOON).required == 3


@pytest.mark.parametrize(
    "duty",
    [
        Duty(rounds_per_day=None, since=DAY, active=False),
        Duty(rounds_per_day=3, since=DAY + timedelta(days=1), active=True),
    ],
)
def test_a_site_out_of_use_or_not_yet_in_use_owes_nothing(duty: Duty) -> None:
    found = sheet(duty, [MORNING], MIDNIGHT)

    assert (found.required, found.shortfall, found.state, found.counted) == (0, 0, SheetState.EXEMPT, 1)


def test_more_rounds_than_required_are_no_negative_shortfall() -> None:
    duty = Duty(rounds_per_day=1, since=DAY, active=True)

    assert sheet(duty, [MORNING, AFTERNOON], MIDNIGHT).shortfall == 0
