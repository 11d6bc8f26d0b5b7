"""What becomes of findings when somebody looks again: each fact is found once, and ends with the fact."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.findings import (
    CLOSED_BY_PEOPLE,
    Changed,
    Closed,
    Decision,
    Escalation,
    Finding,
    Opened,
    Reopened,
    State,
    Wanted,
    decide_findings,
    escalations,
)
from services.reporting.domain.owners import Assignment, Measure, Owner, owner_of
from shared.events.policy_supervision import EscalationStep, FindingRule

NOON = datetime(2020, 2, 24, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
WITHIN: dict[FindingRule, timedelta] = {"gate_offline": HOUR, "rounds_missed": 24 * HOUR, "duty_gap": HOUR}


def fact(rule: FindingRule = "gate_offline", **changes: object) -> Wanted:
    stated = {"rule": rule, "subject": "k1", "compound": "lj-001", "since": NOON - HOUR, "evidence": {"n": 1}}
    return Wanted(**stated | changes)  # type: ignore[arg-type]  # fields of Wanted


def finding(of: Wanted, **changes: object) -> Finding:
    stated = {
        "finding_id": UUID(int=1),
        "rule": of.rule,
        "subject": of.subject,
        "compound": of.compound,
        "unit": None,
        "state": "open",
        "opened_at": of.since,
        "due_at": of.since + WITHIN[of.rule],
        "evidence": of.evidence,
    }
    return Finding(**stated | changes)  # type: ignore[arg-type]  # fields of Finding


def decide(known: list[Finding], wanted: list[Wanted], *unjudged: FindingRule) -> list[Decision]:
    return list(decide_findings(known, wanted, now=NOON, mend_within=WITHIN, unjudged=unjudged))


GONE = {"state": "closed", "closed_by": "facts"}
AWAY = fact()
WAS_OPEN, WAS_CLOSED = finding(AWAY), finding(AWAY, **GONE, closed_at=NOON - timedelta(minutes=5))
YESTERDAY = finding(AWAY, **GONE, closed_at=NOON - 24 * HOUR)
SHORT = fact("rounds_missed")
OVER = fact("duty_gap", until=NOON - timedelta(minutes=20))


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize(
    ("known", "wanted", "decided"),
    [
        ([], [], []),
        ([], [AWAY], [Opened(wanted=AWAY, opened_at=NOON - HOUR, due_at=NOON)]),
        ([WAS_OPEN], [AWAY], []),
        ([WAS_OPEN], [replace(AWAY, since=NOON)], []),
        ([WAS_OPEN], [replace(AWAY, evidence={"n": 2})], [Changed(finding=WAS_OPEN, evidence={"n": 2})]),
        ([WAS_OPEN], [], [Closed(finding=WAS_OPEN, at=NOON)]),
        # The same day it is the same finding again, its clock from where it came back; another day it is another.
        (
            [WAS_CLOSED],
            [AWAY],
            [Reopened(finding=WAS_CLOSED, wanted=AWAY, due_at=NOON + timedelta(minutes=55))],
        ),
        ([WAS_CLOSED], [], []),
        ([YESTERDAY], [AWAY], [Opened(wanted=AWAY, opened_at=NOON - HOUR, due_at=NOON)]),
        # What was over before anybody looked is kept all the same, once.
        ([], [OVER], [Opened(wanted=OVER, opened_at=NOON - HOUR, due_at=NOON)]),
        ([finding(OVER)], [OVER], [Closed(finding=finding(OVER), at=NOON - timedelta(minutes=20))]),
        ([finding(OVER, **GONE, closed_at=NOON)], [OVER], []),
        # What people settled stays settled; what waits for a reviewer stays, and goes with its fact.
        ([finding(SHORT, state="closed", closed_by="person", closed_at=NOON)], [SHORT], []),
        ([finding(SHORT, state="to_review")], [SHORT], []),
        (
            [finding(SHORT, state="to_review")],
            [],
            [Closed(finding=finding(SHORT, state="to_review"), at=NOON)],
        ),
    ],
)
def test_a_look_again(known: list[Finding], wanted: list[Wanted], decided: list[Decision]) -> None:
    assert decide(known, wanted) == decided


def test_an_open_finding_outweighs_older_closed_ones_of_the_same_thing() -> None:
    assert decide([WAS_OPEN, YESTERDAY], [AWAY]) == []
    assert decide([YESTERDAY, WAS_OPEN], [AWAY]) == []


def test_what_cannot_be_judged_stays_as_it_is() -> None:
    assert decide([WAS_OPEN], [], "gate_offline") == []
    assert decide([], [AWAY], "gate_offline") == []
    assert decide([WAS_OPEN], [SHORT], "gate_offline") == [
        Opened(wanted=SHORT, opened_at=NOON - HOUR, due_at=NOON + 23 * HOUR)
    ]


def applied(known: list[Finding], decisions: list[Decision]) -> list[Finding]:
    """The findings after what was decided, as a table would hold them."""
    by_id = {one.finding_id: one for one in known}
    for decision in decisions:
        match decision:
            case Opened(wanted=wanted, opened_at=opened_at, due_at=due_at):
                over = wanted.until is not None
                made = finding(
                    wanted,
                    finding_id=uuid4(),
                    opened_at=opened_at,
                    due_at=due_at,
                    **({**GONE, "closed_at": wanted.until} if over else {}),
                )
                by_id[made.finding_id] = made
            case Reopened(finding=one, wanted=wanted, due_at=due_at):
                by_id[one.finding_id] = replace(
                    one,
                    state="open",
                    closed_at=None,
                    closed_by=None,
                    due_at=due_at,
                    evidence=wanted.evidence,
                )
            case Changed(finding=one, evidence=evidence):
                by_id[one.finding_id] = replace(one, evidence=evidence)
            case Closed(finding=one, at=at):
                by_id[one.finding_id] = replace(one, state="closed", closed_by="facts", closed_at=at)
    return list(by_id.values())


looks = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=40),  # hours since the look before
        st.dictionaries(
            st.tuples(st.sampled_from(["gate_offline", "rounds_missed", "duty_gap"]), st.sampled_from("abc")),
            st.tuples(st.integers(0, 2), st.booleans()),
        ),
    ),
    max_size=8,
)


@pytest.mark.requirement("R7.2")
@given(looks)
def test_however_facts_come_and_go_exactly_those_are_open_that_are_called_for(looked: object) -> None:
    now, known = NOON, list[Finding]()
    for hours, facts in looked:  # type: ignore[attr-defined]  # as `looks` makes them
        now += timedelta(hours=hours)
        wanted = [
            fact(rule, subject=subject, since=now - HOUR, evidence={"n": n}, until=now if over else None)
            for (rule, subject), (n, over) in facts.items()
        ]
        for _ in range(2):
            decisions = list(decide_findings(known, wanted, now=now, mend_within=WITHIN))
            known = applied(known, decisions)
        assert decisions == []  # the second look finds nothing to do
        is_open = [(one.rule, one.subject, one.evidence) for one in known if one.state == "open"]
        called_for = [(one.rule, one.subject, one.evidence) for one in wanted if one.until is None]
        assert sorted(is_open, key=str) == sorted(called_for, key=str)


STEPS = (EscalationStep(after_hours=0, to="community"), EscalationStep(after_hours=4, to="headquarters"))


@pytest.mark.requirement("R7.2")
@pytest.mark.parametrize(
    ("state", "minutes", "levels"),
    [
        ("open", -1, []),
        ("open", 0, ["community"]),
        ("open", 239, ["community"]),
        ("open", 240, ["community", "headquarters"]),
        ("open", 60 * 24 * 9, ["community", "headquarters"]),
        ("to_review", 240, []),
        ("closed", 240, []),
    ],
)
def test_a_finding_goes_up_by_its_age_alone(state: State, minutes: int, levels: list[str]) -> None:
    found = escalations(state, NOON, STEPS, NOON + timedelta(minutes=minutes))
    assert [one.to for one in found] == levels
    assert found[:1] == [Escalation(level=1, to="community", at=NOON)][: len(found)]


def answering(
    number: int, measure: Measure, compound: str | None = "lj-001", grid: str | None = None, day: int = 1
) -> Assignment:
    return Assignment(
        worker_ref=UUID(int=number),
        role=f"role_{number}",
        measure=measure,
        compound=compound,
        grid=grid,
        from_day=date(2020, 2, day),
    )


@pytest.mark.requirement("R7.1")
@pytest.mark.parametrize(
    ("assignments", "number"),
    [
        ([], None),
        ([answering(1, "survey")], None),
        ([answering(1, "all", "lj-002")], None),
        ([answering(1, "all", grid="lj-001-w01")], None),
        ([answering(1, "all"), answering(2, "gate"), answering(3, "duty")], 3),
        ([answering(1, "all"), answering(2, "gate")], 2),
        ([answering(1, "duty", None), answering(2, "all")], 2),
        ([answering(1, "all", None), answering(2, "duty", None)], 2),
        ([answering(2, "duty", day=2), answering(3, "duty", day=1)], 3),
        ([answering(2, "duty"), answering(1, "duty")], 1),
    ],
)
def test_the_narrowest_assignment_answers(assignments: list[Assignment], number: int | None) -> None:
    owner = owner_of(assignments, compound="lj-001", measures=("duty", "gate"))
    assert owner == (None if number is None else Owner(worker_ref=UUID(int=number), role=f"role_{number}"))


def test_the_town_is_answered_for_by_its_own_people() -> None:
    assert owner_of([answering(1, "all"), answering(2, "all", None)], compound=None, measures=()) == Owner(
        worker_ref=UUID(int=2), role="role_2"
    )


def test_nobody_closes_by_word_what_the_facts_will_say() -> None:
    assert not CLOSED_BY_PEOPLE & {
        "duty_gap",
        "gate_offline",
        "order_overdue",
        "lead_overdue",
        "no_named_person",
    }
