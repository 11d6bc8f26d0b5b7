"""What an inspection comes to, when it may be handed in, and how a venue stands: values in, values out."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sanitation.domain.inspections import (
    Answered,
    ChecklistIncomplete,
    ItemUnknown,
    RecordedTooLate,
    Verdict,
    decide_result,
    decide_time,
)
from services.sanitation.domain.late import InTheFuture
from services.sanitation.domain.orders import EvidenceMissing
from services.sanitation.domain.reports import ReportDecided, decide_report
from services.sanitation.domain.venues import (
    ApprovalDays,
    Status,
    VenueKindUnknown,
    ViolationOpen,
    decide_approval,
    decide_kind,
    status_found,
    status_now,
)
from shared.events.policy_inspections import Finding
from shared.kernel.refusal import Refusal

CODES = ("clean", "aired", "lidded")
LIST = tuple(Finding(code=code, title=code, basis="五.1", mend_within_hours=4) for code in CODES)
VIOLATION = Finding(code="venue_open", title="open", basis="五.3", mend_within_hours=2)
NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
TODAY = date(2020, 2, 24)


def answers(*verdicts: Verdict) -> list[Answered]:
    return [
        Answered(code=code, verdict=verdict, evident=True)
        for code, verdict in zip(CODES, verdicts, strict=False)
    ]


@pytest.mark.requirement("R5.4")
@given(
    verdicts=st.lists(st.sampled_from(["pass", "flag", "fail"]), min_size=3, max_size=3),
    shuffled=st.permutations(range(3)),
    violated=st.booleans(),
)
def test_an_inspection_is_as_bad_as_its_worst_item_in_whatever_order_they_come(
    verdicts: list[Verdict], shuffled: list[int], *, violated: bool
) -> None:
    given_answers = answers(*verdicts)

    result = decide_result(
        [given_answers[place] for place in shuffled], LIST, violation=VIOLATION if violated else None
    )

    worst = "fail" if violated else max(verdicts, key=["pass", "flag", "fail"].index)
    assert result.verdict == worst
    failed = {code for code, verdict in zip(CODES, verdicts, strict=True) if verdict == "fail"}
    assert {one.code for one in result.failed} == failed | ({"venue_open"} if violated else set())
    assert set(result.flagged) == {
        code for code, verdict in zip(CODES, verdicts, strict=True) if verdict == "flag"
    }


@pytest.mark.parametrize(
    ("given_answers", "refusal"),
    [
        (answers("pass", "pass"), ChecklistIncomplete),
        ([], ChecklistIncomplete),
        ([*answers("pass", "pass", "pass"), *answers("pass")], ItemUnknown),
        ([*answers("pass", "pass"), Answered(code="smell", verdict="pass", evident=True)], ItemUnknown),
        ([*answers("pass", "pass"), Answered(code="lidded", verdict="flag", evident=False)], EvidenceMissing),
        ([*answers("pass", "pass"), Answered(code="lidded", verdict="fail", evident=False)], EvidenceMissing),
    ],
)
def test_every_item_is_answered_once_and_what_is_not_in_order_is_shown(
    given_answers: list[Answered], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        decide_result(given_answers, LIST)


@pytest.mark.parametrize(
    ("hours", "refusal"), [(0, None), (-24, None), (-25, RecordedTooLate), (1, InTheFuture)]
)
def test_an_inspection_is_handed_in_within_policys_hours(hours: int, refusal: type[Refusal] | None) -> None:
    def decide() -> None:
        decide_time(
            NOON + timedelta(hours=hours),
            now=NOON,
            tolerance=timedelta(minutes=2),
            within=timedelta(hours=24),
        )

    if refusal is None:
        decide()
    else:
        with pytest.raises(refusal):
            decide()


@pytest.mark.scenario("S5")
@pytest.mark.parametrize(
    ("before", "approved", "found_open", "after"),
    [
        ("closed", False, True, "found_open"),
        ("closed", False, False, "closed"),
        ("found_open", False, True, "found_open"),
        ("found_open", False, False, "closed"),
        ("found_open", True, True, "approved_open"),
        ("approved_open", True, False, "approved_open"),
        ("approved_open", False, True, "found_open"),
    ],
)
def test_a_venue_stands_as_it_was_found(
    before: Status, *, approved: bool, found_open: bool, after: Status
) -> None:
    assert status_found(approved=approved, found_open=found_open, before=before) == after


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize(
    ("before", "approved", "after"),
    [
        ("closed", True, "approved_open"),
        ("found_open", True, "approved_open"),
        ("approved_open", False, "closed"),
        ("found_open", False, "found_open"),
        ("closed", False, "closed"),
    ],
)
def test_a_venue_stands_as_its_approvals_say(before: Status, *, approved: bool, after: Status) -> None:
    assert status_now(before, approved=approved) == after
    assert status_now(after, approved=approved) == after


@pytest.mark.requirement("R5.3")
@pytest.mark.parametrize(
    ("first", "last", "overlaps", "violated", "refusal"),
    [
        (0, 0, False, False, None),
        (3, 16, False, False, None),
        (3, 17, False, False, ApprovalDays),
        (14, 20, False, False, None),
        (15, 20, False, False, ApprovalDays),
        (-1, 2, False, False, ApprovalDays),
        (2, 1, False, False, ApprovalDays),
        (0, 0, True, False, ApprovalDays),
        (0, 0, False, True, ViolationOpen),
    ],
)
def test_a_venue_reopens_for_days_to_come_and_only_when_nothing_stands_against_it(
    first: int, last: int, *, overlaps: bool, violated: bool, refusal: type[Refusal] | None
) -> None:
    def decide() -> None:
        decide_approval(
            TODAY + timedelta(days=first),
            TODAY + timedelta(days=last),
            today=TODAY,
            longest_days=14,
            overlaps=overlaps,
            violated=violated,
        )

    if refusal is None:
        decide()
    else:
        with pytest.raises(refusal):
            decide()


def test_only_kinds_that_policy_names_are_listed() -> None:
    decide_kind("gym", ("gym", "ktv"))
    with pytest.raises(VenueKindUnknown):
        decide_kind("pharmacy", ("gym", "ktv"))


def test_a_report_is_decided_once() -> None:
    assert decide_report("open", "upheld")
    assert not decide_report("upheld", "upheld")
    with pytest.raises(ReportDecided):
        decide_report("dismissed", "upheld")
