"""What is logged after the fact."""

from datetime import UTC, datetime, timedelta

import pytest

from services.sanitation.domain.late import (
    ExplanationMissing,
    InTheFuture,
    LateRules,
    Source,
    TooLate,
    by_our_clock,
    decide_timeliness,
)
from shared.kernel.refusal import PolicySilent, Refusal

RULES = LateRules(code_for=timedelta(hours=12), entry_days=2)
TOLERANCE = timedelta(seconds=120)


def at(text: str) -> datetime:
    """A Shanghai time of February 2020."""
    return datetime.fromisoformat(f"2020-02-{text}+08:00").astimezone(UTC)


NOW = at("24T09:00:00")


def decide(done_at: datetime, source: Source, *, explained: bool, rules: LateRules | None = RULES) -> None:
    decide_timeliness(done_at, source=source, explained=explained, now=NOW, tolerance=TOLERANCE, rules=rules)


@pytest.mark.requirement("R5.1")
@pytest.mark.parametrize(
    ("done_at", "source", "explained"),
    [
        ("24T09:02:00", "code", False),
        ("24T00:00:00", "code", False),
        ("23T21:00:00", "code", False),
        ("24T08:00:00", "late_entry", True),
        ("22T00:00:00", "late_entry", True),
        ("23T08:00:00", "late_entry", True),
    ],
)
def test_what_comes_in_time_or_says_why_it_is_late_is_taken(
    done_at: str, source: Source, *, explained: bool
) -> None:
    decide(at(done_at), source, explained=explained)


@pytest.mark.requirement("R5.1")
@pytest.mark.parametrize(
    ("done_at", "source", "explained", "refusal"),
    [
        ("24T09:02:01", "code", False, InTheFuture),
        ("24T08:00:00", "late_entry", False, ExplanationMissing),
        ("23T20:59:59", "code", False, ExplanationMissing),
        ("23T20:59:59", "code", True, ExplanationMissing),
        ("21T23:59:59", "late_entry", True, TooLate),
    ],
)
def test_what_comes_late_without_a_word_or_too_late_is_refused(
    done_at: str, source: Source, *, explained: bool, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        decide(at(done_at), source, explained=explained)


def test_a_policy_that_is_silent_about_late_logs_judges_only_those_of_the_day() -> None:
    decide(at("24T00:05:00"), "code", explained=False, rules=None)
    with pytest.raises(PolicySilent):
        decide(at("23T23:55:00"), "code", explained=False, rules=None)


@pytest.mark.requirement("R5.1")
@pytest.mark.parametrize(
    ("stated", "sent", "meant"),
    [
        ("24T11:30:00", "24T12:00:00", "24T08:30:00"),  # three hours ahead
        ("24T07:30:00", "24T08:00:00", "24T08:30:00"),  # an hour behind
        ("24T08:30:00", "24T09:02:00", "24T08:30:00"),  # within what clocks may differ
        ("24T08:30:00", None, "24T08:30:00"),
    ],
)
def test_a_clock_that_is_known_to_be_off_is_corrected(stated: str, sent: str | None, meant: str) -> None:
    sent_at = at(sent) if sent else None

    assert by_our_clock(at(stated), sent_at=sent_at, now=NOW, tolerance=TOLERANCE) == at(meant)
