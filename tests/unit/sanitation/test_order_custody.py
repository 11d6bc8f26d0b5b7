"""The custody of an order, whatever anybody tries: who mends does not close, and nothing moves once it is settled."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.sanitation.domain.orders import (
    OPEN,
    Act,
    ActKind,
    DeadlineImpossible,
    Order,
    decide_act,
    levels_due,
)
from shared.kernel.refusal import Refusal

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
LONGEST = timedelta(hours=72)
HOURS = (0, 24, 48)
PEOPLE = ("inspector", "manager", "worker", "officer")


def order(**changes: object) -> Order:
    stated = {
        "state": "ordered",
        "due_at": NOON,
        "level": 0,
        "found_by": "inspector",
        "mended_by": frozenset(),
    }
    return Order(**stated | changes)  # type: ignore[arg-type]


@dataclass
class Plan:
    """What the plan says of an order, told by the acts that were accepted and nothing else."""

    due_at: datetime
    accepted: list[Act] = field(default_factory=list)

    @property
    def menders(self) -> set[str]:
        return {act.by for act in self.accepted if act.kind == "mended"}

    @property
    def moves(self) -> list[ActKind]:
        return [act.kind for act in self.accepted if act.kind != "replied"]

    def waits_for_review(self) -> bool:
        return self.moves[-1:] == ["mended"]

    def settled(self) -> bool:
        return self.moves[-1:] in (["rectified"], ["withdrawn"], ["handed_to_discipline"])

    def allows(self, act: Act, now: datetime) -> bool:
        """Said anew, from the sentences of the plan, and not as the rule is written."""
        if self.settled():
            return False
        by_mender = act.by in self.menders
        new_deadline = act.due_at is not None and now < act.due_at <= now + LONGEST
        allowed: dict[ActKind, bool] = {
            "found_again": True,
            "replied": act.noted,
            "mended": not self.waits_for_review() and (act.noted or act.shown),
            "rectified": self.waits_for_review()
            and not by_mender
            and act.by != "inspector"
            and (act.noted or act.shown),
            "sent_back": self.waits_for_review() and not by_mender and act.noted and new_deadline,
            "withdrawn": not by_mender and act.noted,
            "handed_to_discipline": not by_mender
            and act.noted
            and not self.waits_for_review()
            and now >= self.due_at,
        }
        return allowed[act.kind]


class Custody(RuleBasedStateMachine):
    """An order through any hands at any time."""

    @initialize()
    def begin(self) -> None:
        self.now = NOON - timedelta(hours=4)
        self.order = order()
        self.plan = Plan(due_at=NOON)
        self.told: list[tuple[datetime, int]] = []

    @rule(
        kind=st.sampled_from(get_args(ActKind)),
        by=st.sampled_from(PEOPLE),
        noted=st.booleans(),
        shown=st.booleans(),
        ahead=st.none() | st.integers(-10, 80),
    )
    def act(self, kind: ActKind, by: str, noted: bool, shown: bool, ahead: int | None) -> None:  # noqa: FBT001 -- hypothesis names them
        due_at = None if ahead is None else self.now + timedelta(hours=ahead)
        act = Act(kind=kind, by=by, noted=noted, shown=shown, due_at=due_at)
        before = self.order
        try:
            self.order = decide_act(before, act, now=self.now, longest=LONGEST)
        except Refusal:
            assert not self.plan.allows(act, self.now)
            assert self.order is before
            return
        assert self.plan.allows(act, self.now)
        self.plan.accepted.append(act)
        if kind == "sent_back":
            assert due_at is not None
            self.plan.due_at = due_at

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def look(self) -> None:
        for level, since in levels_due(self.order, HOURS, self.now):
            assert since == self.order.due_at + timedelta(hours=HOURS[level - 1]) <= self.now
            self.told.append((self.order.due_at, level))
            self.order = order(
                state=self.order.state,
                due_at=self.order.due_at,
                level=level,
                mended_by=self.order.mended_by,
            )
        assert list(levels_due(self.order, HOURS, self.now)) == []

    @invariant()
    def it_stands_as_its_custody_says(self) -> None:
        if self.plan.settled():
            assert self.order.state == self.plan.moves[-1]
        else:
            assert self.order.state == ("mended" if self.plan.waits_for_review() else "ordered")
        assert self.order.mended_by == self.plan.menders
        assert self.order.due_at == self.plan.due_at
        assert (self.order.state in OPEN) != self.plan.settled()

    @invariant()
    def each_level_of_a_deadline_was_told_once(self) -> None:
        assert len(self.told) == len(set(self.told))


TestCustody = pytest.mark.scenario("S5")(Custody.TestCase)
TestCustody.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize(
    ("after_hours", "level", "due"),
    [
        (-1, 0, []),
        (0, 0, [1]),
        (23, 1, []),
        (24, 1, [2]),
        (100, 0, [1, 2, 3]),
        (100, 3, []),
    ],
)
@pytest.mark.requirement("R5.4")
def test_an_order_goes_up_a_level_at_the_policys_hours(after_hours: int, level: int, due: list[int]) -> None:
    now = NOON + timedelta(hours=after_hours)

    assert [one for one, _ in levels_due(order(level=level), HOURS, now)] == due
    assert list(levels_due(order(level=level, state="mended"), HOURS, now)) == []


def test_what_is_sent_back_begins_again_with_its_new_deadline() -> None:
    sent_back = Act(kind="sent_back", by="officer", noted=True, due_at=NOON + timedelta(hours=5))
    mended = order(state="mended", level=2, mended_by=frozenset({"manager"}))

    after = decide_act(mended, sent_back, now=NOON, longest=LONGEST)

    assert (after.state, after.level, after.due_at) == ("ordered", 0, NOON + timedelta(hours=5))
    with pytest.raises(DeadlineImpossible):
        decide_act(mended, sent_back, now=NOON + timedelta(hours=5), longest=LONGEST)
