"""What a site owes on a day and what it has."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.sanitation.domain.day_sheet import DaySheet, Log, SheetState, day_sheet
from services.sanitation.domain.duty import DutyState, next_state, rounds_required, state_on
from services.sanitation.domain.sites import Site
from shared.kernel.ids import CompoundId, SiteId

DAY = date(2020, 2, 24)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2020, 2, 24, 4, 0, tzinfo=UTC)
MIDNIGHT = datetime(2020, 2, 24, 16, 0, tzinfo=UTC)  # 24:00 in Shanghai
MORNING, AFTERNOON = datetime(2020, 2, 24, 0, 0, tzinfo=UTC), datetime(2020, 2, 24, 8, 0, tzinfo=UTC)
SPACING = timedelta(hours=4)
SITE = Site(
    code=SiteId("lj-001-s001"),
    compound=CompoundId("lj-001"),
    kind="lift",
    name="3幢电梯",
    building=None,
    unit=None,
    rounds_per_day=None,
    since=date(2020, 2, 1),
    active=True,
)


def clock(text: str, day: date = DAY) -> datetime:
    """A Shanghai time."""
    return datetime.fromisoformat(f"{day}T{text}+08:00").astimezone(UTC)


def site(since: date = date(2020, 2, 1), *, active: bool = True, rounds: int | None = None) -> Site:
    return Site(
        code=SITE.code,
        compound=SITE.compound,
        kind="lift",
        name="3幢电梯",
        building=None,
        unit=None,
        rounds_per_day=rounds,
        since=since,
        active=active,
    )


def sheet(required: int | None, logs: list[datetime], now: datetime) -> DaySheet:
    return day_sheet(
        required, [Log(done_at=at, late=False) for at in logs], day=DAY, now=now, spacing=SPACING
    )


def owed(state: DutyState | None, day: date = DAY, *, closed: bool = False, rounds: int = 2) -> int | None:
    return rounds_required(state, day=day, closed=closed, policy_rounds=rounds, spacing=SPACING)


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
    found = sheet(2, logs, now)

    assert (found.shortfall, found.state) == (shortfall, state)


def test_an_exempt_site_owes_nothing_and_what_is_done_there_is_still_counted() -> None:
    found = sheet(None, [MORNING], MIDNIGHT)

    assert (found.required, found.shortfall, found.state, found.counted) == (0, 0, SheetState.EXEMPT, 1)


def test_more_rounds_than_required_are_no_negative_shortfall() -> None:
    assert sheet(1, [MORNING, AFTERNOON], MIDNIGHT).shortfall == 0


@pytest.mark.requirement("R5.1")
def test_a_late_entry_makes_the_day_good_but_not_in_time() -> None:
    logs = [Log(done_at=MORNING, late=False), Log(done_at=AFTERNOON, late=True)]

    found = day_sheet(2, logs, day=DAY, now=MIDNIGHT, spacing=SPACING)

    assert (found.state, found.counted, found.on_time) == (SheetState.DONE, 2, 1)


@pytest.mark.scenario("S2")
@pytest.mark.parametrize(
    ("entered", "first_day"),
    [
        ("00:00", 2),
        ("09:00", 2),
        ("16:00", 2),
        ("16:01", 1),
        ("18:00", 1),
        ("20:00", 1),
        ("20:01", 0),
        ("23:59", 0),
    ],
)
def test_a_new_site_owes_the_rounds_that_still_fit_and_all_from_the_next_day_on(
    entered: str, first_day: int
) -> None:
    state = next_state(site(), [], clock(entered))

    assert (owed(state), owed(state, NEXT)) == (first_day, 2)
    assert owed(state_on([state], DAY - timedelta(days=1)), DAY - timedelta(days=1)) is None


@pytest.mark.scenario("S2")
def test_a_site_that_is_to_begin_tomorrow_owes_the_whole_of_tomorrow() -> None:
    state = next_state(site(since=NEXT), [], clock("18:00"))

    assert (owed(state), owed(state, NEXT)) == (None, 2)


@pytest.mark.scenario("S2")
def test_a_closed_day_is_exempt_whatever_the_site_owes_otherwise() -> None:
    state = next_state(site(rounds=3), [], clock("00:00"))

    assert (owed(state, NEXT), owed(state, NEXT, closed=True)) == (3, None)


@pytest.mark.requirement("R5.1")
def test_what_holds_today_never_decides_a_day_that_is_over() -> None:
    first = next_state(site(rounds=3), [], clock("08:00"))
    taken_out = next_state(site(rounds=3, active=False), [first], clock("08:00", NEXT))
    history = [first, taken_out]

    assert [owed(state_on(history, day), day) for day in (DAY, NEXT)] == [3, None]


def test_a_correction_on_the_same_day_does_not_move_the_beginning_and_coming_back_does() -> None:
    first = next_state(site(), [], clock("09:00"))
    corrected = next_state(site(rounds=4), [first], clock("21:00"))
    off = next_state(site(active=False), [first], clock("09:00", NEXT))
    back_at_once = next_state(site(), [first, off], clock("21:00", NEXT))
    later = NEXT + timedelta(days=1)
    back_later = next_state(site(), [first, off], clock("18:00", later))

    assert owed(corrected) == 3  # as many as fit from 09:00 on
    assert owed(back_at_once, NEXT) == 2  # it was on duty at midnight
    assert owed(back_later, later) == 1
