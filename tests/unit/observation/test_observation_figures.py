"""Whatever happens, the figures agree with each other and with what was told."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.observation.domain.case import Case, State
from services.observation.domain.deciding import decide_decision
from services.observation.domain.declaring import decide_declaration
from services.observation.domain.grid import figures_of, grid_of
from services.observation.domain.masking import masked_name, masked_phone
from services.observation.domain.settling import (
    ClosureAwaited,
    Fact,
    PeriodCompleted,
    WindowMissed,
    decide_settling,
    next_step,
)
from shared.kernel.refusal import Refusal
from tests.unit.observation.given import CALENDAR, a_case, a_draft, at

ANCHOR = date(2020, 2, 24)
MINUTES = 24 * 60
STEP = st.tuples(
    st.integers(min_value=0, max_value=3 * MINUTES),
    st.sampled_from(
        ["declare", "declare", "declare", "earlier", "fever", "look", "resume", "restart", "close"]
    ),
)


def act(case: Case, what: str, now: datetime) -> tuple[Case, list[Fact]]:
    """One command, as its handler does it: settle, decide, settle; a refusal changes nothing."""
    settled, facts = decide_settling(case, CALENDAR, until=now)
    try:
        match what:
            case "declare" | "fever":
                draft = a_draft("38.1" if what == "fever" else "36.4")
                return decide_declaration(settled, draft, CALENDAR, now=now)[0], list(facts)
            case "earlier":
                draft = a_draft(at_=max(case.opened_at, now - timedelta(hours=9)))
                return decide_declaration(settled, draft, CALENDAR, now=now)[0], list(facts)
            case "resume" | "restart" | "close":
                decided = decide_decision(settled, what, now=now)
                after, more = decide_settling(decided, CALENDAR, until=now)
                return after, [*facts, *more]
            case _:
                return settled, list(facts)
    except Refusal:
        return case, []


def told(case: Case, facts: list[Fact]) -> Case:
    """What the database keeps beside the case."""
    slots = {(fact.day, fact.window) for fact in facts if isinstance(fact, WindowMissed)}
    return replace(case, told_missed=case.told_missed | slots)


@settings(max_examples=150, deadline=None)
@given(opened=st.integers(min_value=0, max_value=MINUTES - 1), steps=st.lists(STEP, max_size=40))
def test_figures_are_consistent_whatever_happens(opened: int, steps: list[tuple[int, str]]) -> None:
    now = at(ANCHOR, "00:00") + timedelta(minutes=opened)
    case = a_case(ANCHOR, now)
    history: list[Fact] = []
    for minutes, what in steps:
        now += timedelta(minutes=minutes)
        case, facts = act(case, what, now)
        case = told(case, facts)
        history += facts
        cells = grid_of(case, CALENDAR, now=now)
        figures = figures_of(cells)
        assert figures.answered + figures.missed + figures.open == figures.due
        assert figures.late <= figures.answered
        assert figures.streak <= figures.missed
        assert len({cell.span.slot for cell in cells}) == len(cells)
        due = [span for span in case.due_windows(CALENDAR) if span.opens <= now]
        assert len(due) == figures.due
        assert all(span.opens >= case.opened_at and span.day > ANCHOR for span in due)
        step = next_step(case, CALENDAR)
        assert (step is not None) is (case.state is State.UNDER_OBSERVATION)
    missed = [fact for fact in history if isinstance(fact, WindowMissed)]
    assert len({(fact.day, fact.window) for fact in missed}) == len(missed)  # once each
    assert missed == sorted(missed, key=lambda fact: fact.closed_at)  # in order
    ends = [fact for fact in history if isinstance(fact, PeriodCompleted)]
    assert len(ends) <= 1
    if ends:
        assert case.state is State.COMPLETED
        assert case.open_interruption is None


@settings(max_examples=100, deadline=None)
@given(
    answers=st.sets(st.tuples(st.integers(1, 14), st.sampled_from(["morning", "evening"]))),
    looks=st.lists(st.integers(min_value=0, max_value=16 * MINUTES), max_size=20),
)
def test_downtime_changes_nothing(answers: set[tuple[int, Any]], looks: list[int]) -> None:
    """However often somebody looks, and however late, the same is told."""
    start = at(ANCHOR, "12:00")
    given_in = {
        (ANCHOR + timedelta(days=n), window): CALENDAR.span(ANCHOR + timedelta(days=n), window).opens
        for n, window in answers
    }
    case = replace(a_case(ANCHOR, start), answers=given_in)
    end = start + timedelta(days=16)
    once = list(decide_settling(case, CALENDAR, until=end)[1])
    often: list[Fact] = []
    for minutes in [*sorted(looks), 16 * MINUTES]:
        case, facts = decide_settling(case, CALENDAR, until=start + timedelta(minutes=minutes))
        case = told(case, list(facts))
        often += facts
    assert often == once
    assert len(once) == 28 - len(given_in) + 1
    complete = (ANCHOR + timedelta(days=14), "evening") in given_in
    assert isinstance(once[-1], PeriodCompleted if complete else ClosureAwaited)


@pytest.mark.parametrize(("name", "shown"), [("欧阳测试", "欧*"), (" 测 试 ", "测*"), ("Test Person", "T*")])
def test_a_screen_shows_the_surname_only(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(("phone", "shown"), [("19912345678", "199****5678"), ("57551234", "****34")])
def test_a_screen_shows_the_ends_of_a_phone_only(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown
