"""Who may do what with a finding: facts are not talked away, and nobody reviews their own work."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.reporting.domain.finding_custody import (
    Act,
    ActKind,
    AlreadySettled,
    Custody,
    DeadlineImpossible,
    FactsDecide,
    FindingIsClosed,
    NotOverdue,
    NotSettled,
    OwnWork,
    decide_act,
)
from services.reporting.handlers.finding_lists import numeral

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONGEST = 72 * HOUR


def custody(**changes: Any) -> Custody:
    stated: dict[str, Any] = {
        "rule": "inspection",
        "state": "open",
        "due_at": NOON,
        "found_by": "inspector",
        "settled_by": frozenset(),
    }
    return Custody(**stated | changes)


SETTLED = custody(state="to_review", settled_by=frozenset({"clerk"}))
CLOSED = custody(state="closed", outcome="rectified")
AWAY = custody(rule="gate_offline", found_by=None)


def do(
    found: Custody, kind: ActKind, by: str, due_at: datetime | None = None, now: datetime = NOON
) -> Custody:
    return decide_act(found, Act(kind=kind, by=by, due_at=due_at), now=now, longest=LONGEST)


@pytest.mark.requirement("R7.2")
def test_a_finding_is_settled_sent_back_settled_again_and_reviewed_by_another() -> None:
    settled = do(custody(), "settled", "clerk")
    assert settled == SETTLED
    back = do(settled, "sent_back", "officer", NOON + HOUR)
    assert (back.state, back.due_at) == ("open", NOON + HOUR)
    again = do(back, "settled", "manager")
    assert again.settled_by == {"clerk", "manager"}
    ended = do(again, "rectified", "officer")
    assert (ended.state, ended.outcome) == ("closed", "rectified")


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize(
    ("found", "kind", "by", "refusal"),
    [
        (AWAY, "settled", "clerk", FactsDecide),
        (AWAY, "rectified", "officer", FactsDecide),
        (AWAY, "handed_to_discipline", "officer", FactsDecide),
        (CLOSED, "settled", "clerk", FindingIsClosed),
        (CLOSED, "rectified", "officer", FindingIsClosed),
        (SETTLED, "settled", "manager", AlreadySettled),
        (SETTLED, "rectified", "clerk", OwnWork),
        (SETTLED, "rectified", "inspector", OwnWork),
        (SETTLED, "criticised", "clerk", OwnWork),
        (custody(), "rectified", "officer", NotSettled),
        (custody(), "sent_back", "officer", NotSettled),
        (SETTLED, "sent_back", "officer", DeadlineImpossible),
        (SETTLED, "handed_to_discipline", "officer", NotOverdue),
        (custody(due_at=NOON + HOUR), "handed_to_discipline", "officer", NotOverdue),
    ],
)
def test_what_is_refused(found: Custody, kind: ActKind, by: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        do(found, kind, by)


@pytest.mark.parametrize("found", [custody(), SETTLED, CLOSED, AWAY])
def test_the_unit_may_always_reply_and_that_changes_nothing(found: Custody) -> None:
    assert do(found, "replied", "clerk") == found


def test_what_is_overdue_may_be_handed_over_or_made_known() -> None:
    assert do(custody(), "handed_to_discipline", "officer").outcome == "handed_to_discipline"
    assert do(custody(), "criticised", "officer").outcome == "criticised"
    assert do(SETTLED, "criticised", "officer").state == "closed"


@pytest.mark.parametrize("due_at", [NOON, NOON + LONGEST + timedelta(seconds=1)])
def test_a_deadline_can_be_kept_and_is_not_for_ever(due_at: datetime) -> None:
    with pytest.raises(DeadlineImpossible):
        do(SETTLED, "sent_back", "officer", due_at)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九"), (100, "100"), (0, "0")],
)
def test_numbers_as_chinese_papers_count(number: int, text: str) -> None:
    assert numeral(number) == text
