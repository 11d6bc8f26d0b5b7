"""What sheets and tables count is what the API counts, whatever was declared (O12)."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.domain.calendar import Slot
from services.observation.domain.deciding import Terms, decide_decision
from services.observation.domain.grid import figures_of, grid_of
from services.observation.domain.sheets import LONG_HEADER, STATES, Said, long_rows, person_sheet
from tests.unit.observation.given import CALENDAR, a_case, at

FEB24, MARCH1 = date(2020, 2, 24), date(2020, 3, 1)
CASE = a_case(FEB24, at(FEB24, "09:00"))
SLOTS: list[Slot] = [span.slot for span in CASE.due_windows(CALENDAR)]


def said(received_at: datetime, *, corrected: bool = False) -> Said:
    return Said(
        channel="import",
        received_at=received_at,
        corrected=corrected,
        corrects=False,
        temperature_c="36.5",
        symptoms=(),
    )


@pytest.mark.scenario("O12")
@given(
    answered=st.lists(st.sampled_from(["never", "in_time", "late", "twice"]), min_size=28, max_size=28),
    hours=st.integers(0, 16 * 24),
)
def test_a_table_counts_what_the_figures_count(answered: list[str], hours: int) -> None:
    now = CASE.opened_at + timedelta(hours=hours)
    entries: dict[Slot, list[Said]] = {}
    for slot, how in zip(SLOTS, answered, strict=True):
        span = CALENDAR.span(*slot)
        at_ = span.closes + timedelta(minutes=30) if how == "late" else span.opens + timedelta(minutes=30)
        if how != "never" and at_ <= now:
            entries[slot] = [said(at_)] + ([said(at_, corrected=True)] if how == "twice" else [])
    case = replace(CASE, answers={slot: told[0].received_at for slot, told in entries.items()})
    cells = grid_of(case, CALENDAR, now=now)
    figures = figures_of(cells)
    rows = [dict(zip(LONG_HEADER, row, strict=True)) for row in long_rows(case, "某", cells, entries)]
    count = Counter(row["状态"] for row in rows if row["序号"] == "1")
    words = {state.value: word for state, word in STATES.items() if word}
    assert count[words["answered"]] + count[words["late"]] == figures.answered
    assert (count[words["late"]], count[words["missed"]], count[words["open"]]) == (
        figures.late,
        figures.missed,
        figures.open,
    )
    assert sum(count.values()) == figures.due
    assert sum(bool(row["体温"]) for row in rows) == sum(map(len, entries.values()))
    sheet = person_sheet(case, cells, entries)
    assert len(sheet) == 14
    shown = [text for day in sheet for text in (day.morning, day.evening)]
    assert sum(words["missed"] in text for text in shown) == figures.missed


@pytest.mark.scenario("O3")
def test_a_sheet_has_the_fourteen_days_of_a_corrected_day_0() -> None:
    terms = Terms(anchor_date=date(2020, 2, 22), anchor_basis="arrival_with_proof")
    case = decide_decision(CASE, "correct_anchor", now=at(MARCH1, "12:00"), terms=terms)
    days = [row.day for row in person_sheet(case, grid_of(case, CALENDAR, now=at(MARCH1, "12:00")), {})]
    assert (len(days), days[0], days[-1]) == (14, date(2020, 2, 23), date(2020, 3, 7))
