"""Late admissions and meetings, as tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.gate.domain.entry import PassState
from services.gate.domain.flags import Meeting, PassEnds, decide_clock, decide_late_admission, decide_meetings
from services.gate.domain.rulings import Verdict
from shared.events.policy_gate import SyncRules

TEN = datetime(2020, 2, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = SyncRules(two_places_within_seconds=60, copied_pass_within_seconds=180)


@pytest.mark.scenario("G10")
@pytest.mark.parametrize(
    ("state", "since", "serial_since", "shown", "verdict", "expected"),
    [
        (PassState.REVOKED, TEN, None, 1, Verdict.ADMIT, ("revoked", TEN)),
        (PassState.SUSPENDED, TEN, None, None, Verdict.ADMIT_WITH_ACTION, ("suspended", TEN)),
        (PassState.ACTIVE, TEN - SECOND, TEN, 1, Verdict.ADMIT, ("replaced", TEN)),
        (PassState.REVOKED, TEN, TEN - SECOND, 1, Verdict.ADMIT, ("replaced", TEN - SECOND)),
        (PassState.ACTIVE, TEN, TEN, 2, Verdict.ADMIT, None),
        (PassState.REVOKED, TEN + SECOND, None, 1, Verdict.ADMIT, None),
        (PassState.REVOKED, None, None, 1, Verdict.ADMIT, None),
        (PassState.REVOKED, TEN, TEN, 1, Verdict.REFUSE, None),
        (PassState.REVOKED, TEN, TEN, 1, Verdict.CANNOT_VERIFY, None),
    ],
)
def test_when_an_admission_came_too_late(  # noqa: PLR0917 -- a table
    state: PassState,
    since: datetime | None,
    serial_since: datetime | None,
    shown: int | None,
    verdict: Verdict,
    expected: tuple[str, datetime] | None,
) -> None:
    ends = PassEnds(state=state, state_since=since, serial=2, serial_since=serial_since)
    assert decide_late_admission(TEN, verdict, shown_serial=shown, now=ends) == expected


@pytest.mark.scenario("G9")
@pytest.mark.parametrize(
    ("seconds", "scanned_both", "flag"),
    [
        (0, False, "two_places_at_once"),
        (60, False, "two_places_at_once"),
        (61, False, None),
        (60, True, "copied_pass"),
        (180, True, "copied_pass"),
        (181, True, None),
    ],
)
def test_how_near_two_gates_are_too_near(seconds: int, scanned_both: object, flag: str | None) -> None:
    meeting = Meeting(
        check_id=UUID(int=1),
        other_check_id=UUID(int=2),
        apart=timedelta(seconds=seconds),
        scanned_both=bool(scanned_both),
    )
    assert [found.flag for found in decide_meetings([meeting], RULES)] == ([flag] if flag else [])


def test_a_wrong_clock_is_wrong_in_one_direction() -> None:
    assert decide_clock(UUID(int=1), TEN + SECOND, TEN).flag == "clock_ahead"
    assert decide_clock(UUID(int=1), TEN - SECOND, TEN).flag == "clock_behind"
