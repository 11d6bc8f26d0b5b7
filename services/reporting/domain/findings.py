"""Findings of supervision: which are open, by what the facts say now (R7.2).

A rule says which findings the facts call for. What becomes of those that are there already is decided here, for all
rules alike: a fact is found once, however often somebody looks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from services.reporting.domain.owners import Owner
from shared.events.policy_supervision import EscalatedTo, EscalationStep, FindingRule
from shared.kernel.days import local_day

State = Literal["open", "to_review", "closed"]
ClosedBy = Literal["facts", "person"]
Evidence = Mapping[str, object]
"""Ids and figures that show it, as JSON has them: nothing that says who."""

CLOSED_BY_PEOPLE: Final[frozenset[FindingRule]] = frozenset(
    {
        "rounds_missed",
        "pickup_missed",
        "admitted_after_end",
        "quarantine_left",
        "report_unanswered",
        "unit_report_late",
        "daily_report_late",
        "inspection",
    }
)
"""Found by these rules is what has happened, or what no event will answer: somebody says with evidence that it is
settled. Whatever else is found ends with its fact, and with nobody's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the facts say of one thing that supervision has to know.

    Attributes:
        subject: what it is about; with the rule it names the fact.
        compound, unit: where; a unit is a neighbourhood. The town itself where neither is named.
        since: from when on it is a finding; by that its clock runs, however late somebody looks.
        until: when it was over by itself; None: it is not.
    """

    rule: FindingRule
    subject: str
    since: datetime
    compound: str | None = None
    unit: str | None = None
    until: datetime | None = None
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding as it stands."""

    finding_id: UUID
    rule: FindingRule
    subject: str
    compound: str | None
    unit: str | None
    state: State
    opened_at: datetime
    due_at: datetime
    evidence: Evidence
    owner: Owner | None = None
    closed_at: datetime | None = None
    closed_by: ClosedBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A fact is found; one that was over before anybody looked is kept as found and closed."""

    wanted: Wanted
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """The fact is back on the day on which it went: the same finding again, with its history and a new clock."""

    finding: Finding
    wanted: Wanted
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The same fact, with other figures."""

    finding: Finding
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The facts say that it is over."""

    finding: Finding
    at: datetime


Decision = Opened | Reopened | Changed | Closed


def decide_findings(
    known: Iterable[Finding],
    wanted: Iterable[Wanted],
    *,
    now: datetime,
    mend_within: Mapping[FindingRule, timedelta],
    unjudged: Collection[FindingRule] = (),
) -> Iterator[Decision]:
    """What is to be done, so that exactly the findings are open that the facts call for.

    Args:
        known: all that are not closed, and of each wanted fact the one that was closed last.
        wanted: what the facts say, each fact once.
        now: the instant of the look.
        mend_within: of each rule, how long mending may take.
        unjudged: rules whose facts are not known well enough now; their findings stay as they are.
    """
    last: dict[tuple[FindingRule, str], Finding] = {}
    for finding in known:
        key = finding.rule, finding.subject
        if key not in last or last[key].state == "closed":
            last[key] = finding
    called_for = {(one.rule, one.subject): one for one in wanted if one.rule not in unjudged}
    for key, finding in last.items():
        if finding.state != "closed" and key not in called_for and finding.rule not in unjudged:
            yield Closed(finding=finding, at=now)
    for key, one in called_for.items():
        yield from _about(one, last.get(key), now=now, mend_within=mend_within[one.rule])


def _about(
    wanted: Wanted, finding: Finding | None, *, now: datetime, mend_within: timedelta
) -> Iterator[Decision]:
    if finding is None:
        yield Opened(wanted=wanted, opened_at=wanted.since, due_at=wanted.since + mend_within)
    elif finding.state != "closed":
        if wanted.until is not None:
            yield Closed(finding=finding, at=wanted.until)
        elif dict(finding.evidence) != dict(wanted.evidence):
            yield Changed(finding=finding, evidence=wanted.evidence)
    elif wanted.until is None and finding.closed_by == "facts" and finding.closed_at is not None:
        again = max(wanted.since, finding.closed_at)  # what went away has begun anew
        if local_day(finding.closed_at) == local_day(now):
            yield Reopened(finding=finding, wanted=wanted, due_at=again + mend_within)
        else:
            yield Opened(wanted=wanted, opened_at=again, due_at=again + mend_within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A step that was reached, and when."""

    level: int
    to: EscalatedTo
    at: datetime


def escalations(
    state: State, due_at: datetime, steps: Sequence[EscalationStep], now: datetime
) -> list[Escalation]:
    """How far up a finding is, from its age alone: looked at a week late, the same is told (R7.2).

    What waits for its reviewer is nobody's delay at the unit.
    """
    if state != "open":
        return []
    reached = (
        Escalation(level=level, to=step.to, at=due_at + timedelta(hours=step.after_hours))
        for level, step in enumerate(steps, start=1)
    )
    return [one for one in reached if one.at <= now]
