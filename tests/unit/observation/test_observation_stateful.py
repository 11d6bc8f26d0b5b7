"""Any order of declarations, downtimes, fevers and decisions: the figures agree with an oracle of its own.

Two copies of one case live side by side: one is looked at whenever something falls due, the other only now and then, as
after a downtime. The oracle watches the clock from window to window and knows nothing of runs, turns or bases: it keeps
day 0, the last day, whether the clock runs, and which windows were open meanwhile.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.observation.domain.case import Case, State
from services.observation.domain.deciding import DecisionKind, Terms, decide_decision
from services.observation.domain.declaring import decide_declaration
from services.observation.domain.grid import figures_of, grid_of
from services.observation.domain.ladder import Missed, ladder, steps_to_fire
from services.observation.domain.settling import (
    ClosureAwaited,
    Fact,
    PeriodCompleted,
    WindowMissed,
    decide_settling,
    next_step,
)
from shared.kernel.days import end_of, local_day, start_of
from shared.kernel.refusal import Refusal
from tests.unit.observation.given import CALENDAR, FOLLOW_UP, RULES, a_case, a_draft, at

Slot = tuple[date, str]
DAYS = 5
"""A short period: everything happens more often in it."""
OPENED = date(2020, 2, 26)
HOURS = {"morning": (6, 10), "evening": (17, 21)}


@dataclass
class Watch:
    """The oracle: what a person with a calendar and a watch would write down."""

    now: datetime
    base: date
    """Day 0 as people know it."""
    extra: int = 0
    stops: list[tuple[date, date]] = field(default_factory=list)
    corrected: bool = False
    state: str = "observed"
    answers: dict[Slot, datetime] = field(default_factory=dict)
    due: set[Slot] = field(default_factory=set)
    stopped_within: set[Slot] = field(default_factory=set)
    missed: list[Slot] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    stopped_on: date | None = None
    runs_since: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.runs_since = self.now

    @property
    def zero(self) -> date:
        """Day 0 as it counts: moved by the days that the clock stood, and never past the day on which it went on."""
        zero = self.base
        for began, ended in self.stops:
            if zero <= ended:
                zero = min(ended, zero + (ended - began))
        return zero

    @property
    def last(self) -> date:
        return self.zero + timedelta(days=DAYS + self.extra)

    @staticmethod
    def bounds(slot: Slot) -> tuple[datetime, datetime]:
        day, window = slot
        opens, closes = HOURS[window]
        return start_of(day) + timedelta(hours=opens), start_of(day) + timedelta(hours=closes)

    def pass_to(self, instant: datetime) -> None:
        """Live through every opening, closing and midnight up to an instant."""
        marks: list[tuple[datetime, int, Any]] = []
        day = local_day(self.now) - timedelta(days=1)
        while day <= local_day(instant):
            for window in HOURS:
                opens, closes = self.bounds((day, window))
                marks += [(opens, 1, (day, window)), (closes, 0, (day, window))]
            marks.append((end_of(day), 2, day))
            day += timedelta(days=1)
        for mark, kind, what in sorted(marks, key=lambda mark: mark[:2]):
            if not self.now < mark <= instant:
                continue
            if kind == 1 and self.state == "observed" and self.zero < what[0] <= self.last:
                self.due.add(what)
            elif kind == 0:
                self.close(what, mark)
            elif kind == 2 and self.state == "observed" and what == self.last:
                self.end_period(mark)
        self.now = instant

    def close(self, slot: Slot, mark: datetime) -> None:
        in_time = slot in self.answers and self.answers[slot] < mark
        if slot in self.due and self.state == "observed" and slot not in self.stopped_within and not in_time:
            self.missed.append(slot)

    def end_period(self, mark: datetime) -> None:
        received = self.answers.get((self.last, "evening"))
        done = received is not None and received < mark
        self.state = "completed" if done else "awaiting"
        self.ended.append(self.state)

    def hear(self, slot: Slot, *, alarming: bool) -> None:
        self.answers.setdefault(slot, self.now)
        if alarming and self.state in {"observed", "awaiting"}:
            self.state, self.stopped_on = "medical", local_day(self.now)
            self.stopped_within |= {
                slot for slot in self.due if self.bounds(slot)[0] <= self.now < self.bounds(slot)[1]
            }

    def go_on(self, *, anew: bool) -> None:
        today = local_day(self.now)
        assert self.stopped_on is not None
        if anew:
            self.base, self.extra, self.stops = today, 0, []
        else:
            self.stops.append((self.stopped_on, today))
        self.state, self.runs_since = "observed", self.now
        self.past_the_end()

    def extend(self, days: int) -> None:
        self.extra += days
        if self.state == "awaiting":
            self.state = "observed"
        self.past_the_end()

    def correct(self, day: date) -> None:
        self.base, self.corrected = day, True
        if self.state == "awaiting":
            self.state = "observed"
        if self.state == "observed":
            for slot in [*self.due, *((local_day(self.now), window) for window in HOURS)]:
                opens, closes = self.bounds(slot)
                if opens <= self.now < closes and self.runs_since <= opens:
                    (self.due.add if self.zero < slot[0] <= self.last else self.due.discard)(slot)
        self.past_the_end()

    def past_the_end(self) -> None:
        if self.state == "observed" and end_of(self.last) <= self.now:
            self.end_period(end_of(self.last))

    def streak(self) -> int:
        silent = 0
        for slot in sorted(self.due, key=self.bounds, reverse=True):
            if slot in self.answers:
                break
            silent += slot in self.missed
        return silent


class Observing(RuleBasedStateMachine):
    """A case with its hasty and its patient twin, and the oracle."""

    prompt: Case
    lazy: Case
    watch: Watch
    told: dict[str, list[Fact]]
    fired: dict[Slot, list[str]]

    @initialize(hour=st.integers(0, 23))
    def open(self, hour: int) -> None:
        opened = at(OPENED, f"{hour:02}:00")
        self.prompt = self.lazy = a_case(OPENED, opened, days=DAYS)
        self.watch = Watch(now=opened, base=OPENED)
        self.told = {"prompt": [], "lazy": []}
        self.fired = {}
        self.silenced: dict[Slot, datetime] = {}

    @property
    def now(self) -> datetime:
        return self.watch.now

    @rule(minutes=st.sampled_from([1, 59, 60, 61, 180, 239, 240, 300, 420, 720, 1440, 2880]))
    def time_passes(self, minutes: int) -> None:
        self.time_goes_by(timedelta(minutes=minutes))

    def time_goes_by(self, much: timedelta) -> None:
        until = self.now + much
        while (step := next_step(self.prompt, CALENDAR)) is not None and step <= until:
            self.prompt = self._settled(self.prompt, "prompt", step)
            self._climb(step)
        self._climb(until)
        self.watch.pass_to(until)

    @rule()
    def the_other_one_is_looked_at_again(self) -> None:
        while (step := next_step(self.lazy, CALENDAR)) is not None and step <= self.now:
            self.lazy = self._settled(self.lazy, "lazy", step)

    @rule(
        value=st.sampled_from(["36.5", "36.5", "36.5", "36.5", "37.2", "37.3", None]),
        cough=st.sampled_from([False, False, False, True]),
        minutes_ago=st.sampled_from([0, 0, 0, 30, 300]),
    )
    def somebody_declares(self, value: str | None, minutes_ago: int, *, cough: bool) -> None:
        self.time_goes_by(timedelta(seconds=1))
        taken = self.now - timedelta(minutes=minutes_ago)
        draft = a_draft(value, symptoms=("cough",) if cough else (), at_=taken if minutes_ago else None)
        outcomes: list[tuple[str, Slot | None, str | None]] = []
        for name in ("prompt", "lazy"):
            case = self._settled(getattr(self, name), name, self.now)
            try:
                case, declared = decide_declaration(case, draft, CALENDAR, now=self.now)
            except Refusal as refusal:
                outcomes.append((refusal.code, None, None))
            else:
                outcomes.append(("", declared.span.slot, declared.standing))
                if declared.standing != "after" and name == "prompt":
                    self.silenced.setdefault(declared.span.slot, self.now)
            setattr(self, name, case)
        assert outcomes[0] == outcomes[1]
        code, slot, standing = outcomes[0]
        if slot is None:
            assert code == "declared_before_opening" or self.watch.state in {"completed", "released"}
            return
        alarming = value == "37.3" or cough
        if standing == "after":
            self.watch.hear((date.max, "never"), alarming=alarming)
            del self.watch.answers[date.max, "never"]
        else:
            self.watch.hear(slot, alarming=alarming)

    @rule(
        kind=st.sampled_from(["resume", "restart", "close", "extend", "re_exposure", "correct_anchor"]),
        days=st.integers(0, 4),
    )
    def an_officer_decides(self, kind: DecisionKind, days: int) -> None:
        self.time_goes_by(timedelta(seconds=1))
        day = local_day(self.now) - timedelta(days=days)
        terms = Terms(
            extra_days=days + 1 if kind == "extend" else None,
            last_exposure=day if kind == "re_exposure" else None,
            anchor_date=day if kind == "correct_anchor" else None,
            anchor_basis="arrival_with_proof",
        )
        codes = []
        before = self.watch.last
        for name in ("prompt", "lazy"):
            case = self._settled(getattr(self, name), name, self.now)
            try:
                case = decide_decision(case, kind, now=self.now, terms=terms, rules=RULES)
                codes.append("")
            except Refusal as refusal:
                codes.append(refusal.code)
            setattr(self, name, self._settled(case, name, self.now))
        assert codes[0] == codes[1]
        if codes[0]:
            assert self._refused(kind, days)
            return
        match kind:
            case "resume" | "restart":
                self.watch.go_on(anew=kind == "restart")
            case "close":
                self.watch.state = "released"
            case "extend":
                self.watch.extend(days + 1)
            case "correct_anchor":
                self.watch.correct(day)
            case _:
                longer = (day + timedelta(days=DAYS) - before).days
                if longer > 0:
                    self.watch.extend(longer)

    def _refused(self, kind: str, days: int) -> bool:
        """Whether the oracle understands why a decision was refused."""
        state = self.watch.state
        if state in {"completed", "released"}:
            return True
        if kind in {"resume", "restart"}:
            return state != "medical"
        if kind == "close":
            return state != "awaiting"
        if kind == "correct_anchor":
            return self.watch.base == local_day(self.now) - timedelta(days=days)
        return kind == "extend" and self.watch.last + timedelta(days=days + 1) < local_day(self.now)

    def _settled(self, case: Case, name: str, until: datetime) -> Case:
        before = case
        case, facts = decide_settling(case, CALENDAR, until=until)
        assert case.version == before.version + len(facts)
        missed = {(fact.day, fact.window) for fact in facts if isinstance(fact, WindowMissed)}
        self.told[name] += facts
        return replace(case, told_missed=case.told_missed | missed)

    def _climb(self, now: datetime) -> None:
        """Fire the ladder of every window that was told missed, as its ticker does."""
        for fact in self.told["prompt"]:
            if not isinstance(fact, WindowMissed):
                continue
            slot = (fact.day, fact.window)
            fired = self.fired.setdefault(slot, [])
            window = Missed(slot=slot, closed_at=fact.closed_at, streak=fact.streak, fired=frozenset(fired))
            due, _ = steps_to_fire(self.prompt, window, FOLLOW_UP, RULES, now=now)
            if due:
                assert slot not in self.silenced, "a step after the answer"
                assert self.prompt.state is State.UNDER_OBSERVATION
            fired += [step.step for step in due]
            order = [step.step for step in ladder(window, FOLLOW_UP, RULES)]
            assert fired == [step for step in order if step in fired], "each once and in order"

    @invariant()
    @precondition(lambda self: hasattr(self, "watch"))
    def both_twins_tell_the_same_once_they_are_looked_at(self) -> None:
        told = list(self.told["lazy"])
        case = self._settled(self.lazy, "lazy", self.now)
        self.told["lazy"], behind = told, self.told["lazy"]
        assert behind == self.told["prompt"]
        assert (case.state, case.last_day, case.ended_at) == (
            self.prompt.state,
            self.prompt.last_day,
            self.prompt.ended_at,
        )

    @invariant()
    @precondition(lambda self: hasattr(self, "watch"))
    def the_oracle_agrees(self) -> None:
        missed = [(fact.day, fact.window) for fact in self.told["prompt"] if isinstance(fact, WindowMissed)]
        assert missed == self.watch.missed
        assert len(missed) == len(set(missed))
        expected = {
            "observed": State.UNDER_OBSERVATION,
            "medical": State.MEDICAL,
            "awaiting": State.AWAITING_CLOSURE,
            "completed": State.COMPLETED,
            "released": State.COMPLETED,
        }[self.watch.state]
        assert self.prompt.state is expected
        ends = [
            "completed" if isinstance(fact, PeriodCompleted) else "awaiting"
            for fact in self.told["prompt"]
            if isinstance(fact, PeriodCompleted | ClosureAwaited)
        ]
        assert ends == self.watch.ended
        if self.watch.state != "medical":
            assert self.prompt.last_day == self.watch.last

    @invariant()
    @precondition(lambda self: hasattr(self, "watch"))
    def nobody_is_released_with_an_open_fever(self) -> None:
        if self.prompt.is_over:
            assert self.prompt.open_interruption is None
            assert all(stop.ended_at is not None for stop in self.prompt.interruptions)

    @invariant()
    @precondition(lambda self: hasattr(self, "watch"))
    def figures_add_up(self) -> None:
        figures = figures_of(grid_of(self.prompt, CALENDAR, now=self.now))
        assert figures.answered + figures.missed + figures.open == figures.due
        if self.watch.corrected:  # by hindsight other windows were due
            return
        silent = [slot for slot in self.watch.missed if slot not in self.watch.answers]
        assert figures.missed == len(silent)
        assert figures.streak == self.watch.streak()


@pytest.mark.scenario("O4", "O5", "O6")
def test_any_order_of_declarations_downtimes_fevers_and_decisions_comes_out_as_the_oracle_says() -> None:
    run_state_machine_as_test(Observing, settings=settings(max_examples=30, stateful_step_count=40))
