"""Planning duty: pure rules and the lines of an uploaded roster (R2.2)."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gate.domain.roster import (
    AlreadyOnDuty,
    SamePerson,
    Shift,
    ShiftBegun,
    ShiftLength,
    Slot,
    Turn,
    WorkerBooked,
    decide_check_in,
    decide_free,
    decide_length,
    decide_swap,
    expand_pattern,
    shift_id_of_import,
)
from services.gate.domain.roster_lines import COLUMNS, LineFault, RosterLine, read_line
from shared.events.policy_gate import DutyRules
from shared.kernel.days import at_local
from shared.kernel.ids import CheckpointId
from tests.integration.gate.town import CHECKPOINT

RULES = DutyRules(grace_minutes=10, early_minutes=30, longest_shift_minutes=720, unplanned_turn_minutes=720)
EIGHT = at_local(date(2020, 2, 24), time(8))
ONE, OTHER = uuid4(), uuid4()


def shift(worker: UUID, starts: int, ends: int, checkpoint: CheckpointId = CHECKPOINT) -> Shift:
    """A shift; hours from eight in the morning."""
    return Shift(
        shift_id=uuid4(),
        checkpoint=checkpoint,
        worker_ref=worker,
        starts_at=EIGHT + timedelta(hours=starts),
        ends_at=EIGHT + timedelta(hours=ends),
    )


@pytest.mark.parametrize("hours", [0, -1, 13])
def test_a_shift_ends_after_it_starts_and_within_the_longest(hours: int) -> None:
    decide_length(shift(ONE, 0, 12), RULES)
    with pytest.raises(ShiftLength):
        decide_length(shift(ONE, 0, hours), RULES)


def test_nobody_is_planned_twice_at_a_time_wherever_and_one_after_the_other_is_fine() -> None:
    decide_free([shift(ONE, 0, 4), shift(ONE, 4, 8), shift(OTHER, 0, 8)], [])
    with pytest.raises(WorkerBooked):
        decide_free([shift(ONE, 3, 6)], [shift(ONE, 0, 4, CheckpointId("lj-009-n"))])
    with pytest.raises(WorkerBooked):
        decide_free([shift(ONE, 0, 8), shift(ONE, 2, 3)], [])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=8))
def test_a_plan_is_taken_exactly_when_no_two_shifts_meet(spans: list[tuple[int, int]]) -> None:
    shifts = [shift(ONE, starts, starts + length) for starts, length in spans]
    clash = any(one.meets(other) for nth, one in enumerate(shifts) for other in shifts[nth + 1 :])
    if clash:
        with pytest.raises(WorkerBooked):
            decide_free(shifts, [])
    else:
        decide_free(shifts, [])


def test_a_pattern_goes_on_over_the_end_of_february_with_its_workers_in_turn() -> None:
    slots = [
        Slot(begins=time(8), until=time(20), workers=(ONE, OTHER)),
        Slot(begins=time(20), until=time(8), workers=(OTHER, ONE)),
    ]
    shifts = list(expand_pattern(uuid4(), CHECKPOINT, date(2020, 2, 28), date(2020, 3, 1), slots))
    assert [one.worker_ref for one in shifts] == [ONE, OTHER, OTHER, ONE, ONE, OTHER]
    assert [one.ends_at for one in shifts[:-1]] == [one.starts_at for one in shifts[1:]]  # no hole
    assert shifts[-1].ends_at == datetime(2020, 3, 2, 0, tzinfo=UTC)
    assert len({one.shift_id for one in shifts}) == 6


def test_a_swap_exchanges_two_workers_of_shifts_to_come() -> None:
    mine, yours = shift(ONE, 0, 8), shift(OTHER, 8, 16)
    swapped = decide_swap(mine, yours, now=EIGHT - timedelta(minutes=1))
    assert [(one.shift_id, one.worker_ref) for one in swapped] == [
        (mine.shift_id, OTHER),
        (yours.shift_id, ONE),
    ]
    with pytest.raises(ShiftBegun):
        decide_swap(mine, yours, now=EIGHT)
    with pytest.raises(SamePerson):
        decide_swap(mine, shift(ONE, 9, 10), now=EIGHT - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("minutes", "taken", "late"),
    [
        (-31, False, 0),
        (-30, True, 0),
        (0, True, 0),
        (10, True, 0),
        (11, True, 11),
        (239, True, 239),
        (240, False, 0),
    ],
)
def test_a_check_in_takes_up_the_shift_that_is_due(minutes: int, taken: bool, late: int) -> None:  # noqa: FBT001
    due = shift(ONE, 0, 4)
    found = decide_check_in([due], None, at=EIGHT + timedelta(minutes=minutes), rules=RULES)
    assert (found.planned, found.late_minutes) == (due if taken else None, late)


def test_who_is_on_duty_does_not_check_in_again() -> None:
    turn = Turn(
        turn_id=uuid4(), checkpoint=CHECKPOINT, worker_ref=ONE, started_at=EIGHT, ended_at=None, planned=None
    )
    with pytest.raises(AlreadyOnDuty):
        decide_check_in([], turn, at=EIGHT, rules=RULES)


def cells(*values: str) -> dict[str, str]:
    return dict(zip(COLUMNS, values, strict=True))


@pytest.mark.parametrize(
    ("line", "starts", "ends"),
    [
        (("LJ-001-N", "2020-02-29", "22:00", "06:00", "w 7"), "2020-02-29 22:00", "2020-03-01 06:00"),
        (("lj-001-n", "2020/2/24", "8:00:00", "24:00", "W7"), "2020-02-24 08:00", "2020-02-25 00:00"),
        (("lj-001-n", "2020-02-29", "24:00", "08:00", "W7"), "2020-03-01 00:00", "2020-03-01 08:00"),
        (("lj-001-n", "2020年2月24日", "00:00", "00:00", "W7"), "2020-02-24 00:00", "2020-02-25 00:00"),
    ],
)
def test_a_line_is_read_as_offices_write_it(line: tuple[str, ...], starts: str, ends: str) -> None:
    read = read_line(cells(*line))
    assert isinstance(read, RosterLine)
    assert (read.checkpoint, read.staff_number) == ("lj-001-n", "W7")
    local = [one + timedelta(hours=8) for one in (read.starts_at, read.ends_at)]
    assert [one.strftime("%Y-%m-%d %H:%M") for one in local] == [starts, ends]


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        (("", "", "", "", ""), [(name, "empty") for name in COLUMNS]),
        (
            ("lj-001-n", "2020-02-30", "8点", "25:00", "W7"),
            [("日期", "no_date"), ("开始", "no_time"), ("结束", "no_time")],
        ),
        (
            ("lj-001-n", "43885", "0.5", "12:00", ""),
            [("工号", "empty"), ("日期", "no_date"), ("开始", "no_time")],
        ),
    ],
)
def test_all_faults_of_a_line_are_told(line: tuple[str, ...], faults: list[tuple[str, str]]) -> None:
    read = read_line(cells(*line))
    assert not isinstance(read, RosterLine)
    assert [(fault.column, fault.code) for fault in read] == faults


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=12)))
def test_no_cell_breaks_the_reader(row: dict[str, str]) -> None:
    read = read_line(row)
    assert isinstance(read, RosterLine) or all(isinstance(fault, LineFault) for fault in read)


def test_the_same_line_is_the_same_shift() -> None:
    noon = EIGHT + timedelta(hours=4)
    first = shift_id_of_import("a", ONE, EIGHT, noon)
    assert shift_id_of_import("a", ONE, EIGHT, noon) == first
    assert shift_id_of_import("a", OTHER, EIGHT, noon) != first
    assert shift_id_of_import("a", ONE, EIGHT, noon + timedelta(hours=1)) != first
