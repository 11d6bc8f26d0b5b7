"""Rules of leads, rewards and notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.registry.domain.leads import (
    AssignedToTheAccused,
    Assignee,
    ClosingReason,
    GateNotNamed,
    Lead,
    LeadClosedAlready,
    LeadMerged,
    NotMergeable,
    NotMerged,
    NotRewardable,
    ObservedInFuture,
    alike_between,
    decide_assignment,
    decide_closure,
    decide_merge,
    decide_receipt_of,
    decide_reward,
    decide_unmerge,
    receipt_from,
    receipt_read,
)
from services.registry.domain.notices import Posting, coverage
from shared.events.policy import LeadRules

NOW = datetime(2020, 2, 24, 1, 0, tzinfo=UTC)
RULES = LeadRules(duplicate_hours=24, due_hours={"gate_unattended": 2, "gathering": 4})
ONE, TWO = UUID(int=1), UUID(int=2)
GRID = Assignee(kind="grid", code="lj-001-w01")
LEAD = Lead(
    lead_id=ONE,
    compound="lj-001",
    category="gathering",
    complained_about=None,
    state="received",
    assignee_kind=None,
    assignee=None,
    due_at=None,
    valid=None,
    closing_reason=None,
    merged_into=None,
    version=1,
)
CLOSED = replace(LEAD, state="closed", valid=True, closing_reason="confirmed")


def assign(lead: Lead, assignee: Assignee = GRID, *, serves: bool = False) -> datetime:
    return decide_assignment(lead, assignee, serves_the_accused=serves, rules=RULES, now=NOW)


@pytest.mark.requirement("R6.3")
def test_the_clock_is_that_of_the_kind_and_passing_on_keeps_it() -> None:
    assert assign(LEAD) == NOW + timedelta(hours=4)
    started = replace(LEAD, state="assigned", due_at=NOW - timedelta(hours=1))
    assert assign(started) == NOW - timedelta(hours=1)
    gate = replace(LEAD, category="gate_unattended", complained_about="lj-001-n")
    assert assign(gate) == NOW + timedelta(hours=2)


@pytest.mark.requirement("R6.3")
@pytest.mark.parametrize(
    ("changes", "assignee", "serves", "refusal"),
    [
        ({"complained_about": "lj-001-w01"}, GRID, False, AssignedToTheAccused),
        (
            {"category": "gate_unattended", "complained_about": "lj-001-n"},
            Assignee(kind="unit", code="lj-001-n"),
            False,
            AssignedToTheAccused,
        ),
        (
            {"category": "gate_unattended", "complained_about": "lj-001-n"},
            GRID,
            True,
            AssignedToTheAccused,
        ),
        ({"category": "gate_unattended"}, GRID, False, GateNotNamed),
        ({"merged_into": TWO}, GRID, False, LeadMerged),
        ({"state": "closed"}, GRID, False, LeadClosedAlready),
    ],
)
def test_a_lead_is_not_given_to_the_accused_nor_when_it_is_over(
    changes: dict[str, Any], assignee: Assignee, *, serves: bool, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        assign(replace(LEAD, **changes), assignee, serves=serves)


@pytest.mark.requirement("R6.3")
def test_a_lead_is_closed_once() -> None:
    assert decide_closure(LEAD, valid=True, reason="confirmed")
    assert not decide_closure(CLOSED, valid=True, reason="confirmed")
    others: list[tuple[bool, ClosingReason]] = [(False, "confirmed"), (True, "settled_on_the_spot")]
    for valid, reason in others:
        with pytest.raises(LeadClosedAlready):
            decide_closure(CLOSED, valid=valid, reason=reason)
    with pytest.raises(LeadMerged):
        decide_closure(replace(LEAD, merged_into=TWO), valid=True, reason="confirmed")


@pytest.mark.scenario("P13")
@pytest.mark.parametrize(
    ("kept", "has_duplicates", "both_rewarded"),
    [
        ({"lead_id": ONE}, False, False),
        ({"compound": "lj-002"}, False, False),
        ({"merged_into": UUID(int=3)}, False, False),
        ({}, True, False),
        ({}, False, True),
    ],
)
def test_what_cannot_be_one_fact_is_not_merged(
    kept: dict[str, Any], *, has_duplicates: bool, both_rewarded: bool
) -> None:
    other = replace(LEAD, **{"lead_id": TWO, **kept})
    with pytest.raises(NotMergeable):
        decide_merge(LEAD, other, has_duplicates=has_duplicates, both_rewarded=both_rewarded)


@pytest.mark.scenario("P13")
def test_a_merge_and_its_undoing() -> None:
    kept = replace(LEAD, lead_id=TWO)
    merged = replace(LEAD, merged_into=TWO)
    assert decide_merge(LEAD, kept, has_duplicates=False, both_rewarded=False)
    assert not decide_merge(merged, kept, has_duplicates=False, both_rewarded=False)
    decide_unmerge(merged, rewarded=False)
    with pytest.raises(NotMergeable):
        decide_unmerge(merged, rewarded=True)
    with pytest.raises(NotMerged):
        decide_unmerge(LEAD, rewarded=False)


@pytest.mark.scenario("P13")
def test_only_what_was_found_true_is_rewarded() -> None:
    decide_reward(CLOSED)
    for head in (LEAD, replace(LEAD, state="assigned"), replace(CLOSED, valid=False)):
        with pytest.raises(NotRewardable):
            decide_reward(head)


def test_what_is_told_has_happened() -> None:
    decide_receipt_of(NOW, NOW)
    with pytest.raises(ObservedInFuture):
        decide_receipt_of(NOW + timedelta(seconds=1), NOW)
    assert alike_between(NOW, RULES) == (NOW - timedelta(hours=24), NOW + timedelta(hours=24))


def test_a_receipt_is_read_as_people_type_it() -> None:
    code = receipt_from(bytes(range(16)))
    assert code == "0123-4567-89AB-CDEF"
    assert receipt_read("oL23 4567-89ab-cdef") == receipt_read(code) == "0123456789ABCDEF"
    assert receipt_from(bytes(256 - 1 - n for n in range(16))) == "ZYXW-VTSR-QPNM-KJHG"


@pytest.mark.requirement("R6.1")
def test_coverage_is_told_for_each_compound() -> None:
    postings = [
        Posting(compound="lj-002", channel="poster", posted_at=None),
        Posting(compound="lj-001", channel="poster", posted_at=NOW),
        Posting(compound="lj-001", channel="broadcast", posted_at=None),
    ]
    told = [
        (one.compound, one.wanted, one.posted, one.missing)
        for one in coverage(postings, due_at=None, now=NOW)
    ]
    assert told == [("lj-001", 2, 1, ("broadcast",)), ("lj-002", 1, 0, ("poster",))]
