"""A look at the facts: findings open, change, close and open again, all in one transaction (R7.2).

What was found is reporting's own fact, told by its own events. Looked at twice, or killed between two looks, the same
findings are there: they follow from the facts, and one that is open keeps its id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from services.reporting.domain.findings import (
    Changed,
    Closed,
    ClosedBy,
    Decision,
    Evidence,
    Finding,
    Opened,
    Reopened,
    decide_findings,
)
from services.reporting.domain.owners import MEASURES, Assignment, Measure, Owner, owner_of
from services.reporting.handlers.facts import Judged, Moment, judge
from services.reporting.store import findings as store
from services.reporting.store import known as known_store
from services.reporting.store import policy as policies
from services.reporting.store import responsibility
from services.reporting.store.findings import KnownFinding, NewFinding, SeenAct
from shared.db.pool import Tx
from shared.events.policy_supervision import FindingRule, SupervisionRules
from shared.events.reporting import FindingClosed, FindingOpened
from shared.kernel.ids import CompoundId, NeighbourhoodId, uuid7


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """What a look has to write, gathered."""

    new: list[NewFinding] = field(default_factory=list)
    changed: list[Finding] = field(default_factory=list)
    acts: list[SeenAct] = field(default_factory=list)
    told: list[FindingOpened | FindingClosed] = field(default_factory=list)

    def note(
        self,
        finding: Finding,
        kind: str,
        at: datetime,
        *,
        evidence: Evidence | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """A line of a finding's history, with what is new in it."""
        self.acts.append(
            SeenAct(
                act_id=uuid7(),
                finding_id=finding.finding_id,
                kind=kind,
                at=at,
                evidence=evidence,
                due_at=due_at,
            )
        )


async def look(tx: Tx, *, real_now: datetime) -> int:
    """Bring all findings to what the facts say; tells how many were written.

    Without a policy for it nothing is found, and what was found stays.
    """
    _, document = await policies.of_day(tx, tx.today) or (None, None)
    if document is None or document.supervision is None:
        return 0
    await tx.execute(store.TURN)
    await tx.execute(known_store.NOW, tx.now)
    moment = Moment(
        now=tx.now, real_now=real_now, today=tx.today, document=document, rules=document.supervision
    )
    judged = await judge(tx, moment)
    known = await store.not_closed(tx)
    is_open = {(one.finding.rule, one.finding.subject) for one in known}
    closed = await store.closed_last(tx, sorted({(one.rule, one.subject) for one in judged.wanted} - is_open))
    decisions = list(
        decide_findings(
            [*(one.finding for one in known), *closed],
            judged.wanted,
            now=tx.now,
            mend_within=_mend_within(moment.rules),
            unjudged=judged.unjudged,
        )
    )
    outcome = _gather(decisions, known, await assignments(tx), judged=judged, moment=moment)
    await store.add(tx, outcome.new)
    versions = await store.change(tx, outcome.changed)
    await store.add_acts(tx, outcome.acts)
    for event in outcome.told:
        new = 2 if isinstance(event, FindingClosed) else 1
        await tx.publish(event, version=versions.get(event.finding_id, new))
    return len(outcome.new) + len(outcome.changed)


async def assignments(tx: Tx) -> list[Assignment]:
    """Who answers for what today."""
    return [
        Assignment(
            worker_ref=row["worker_ref"],
            role=row["role"],
            measure=row["measure"],
            compound=row["compound"],
            grid=row["grid"],
            from_day=row["from_day"],
        )
        for row in await tx.fetch(responsibility.ANSWERING_ON, tx.today)
    ]


def owner_now(
    answering: Sequence[Assignment],
    rule: FindingRule,
    compound: str | None,
    measure: Measure | None = None,
) -> Owner | None:
    """Who answers for a finding of a rule; `measure`: what it is about where a person said so."""
    return owner_of(answering, compound=compound, measures=(measure,) if measure else MEASURES[rule])


def _mend_within(rules: SupervisionRules) -> dict[FindingRule, timedelta]:
    return {rule: timedelta(minutes=terms.mend_within_minutes) for rule, terms in rules.rules.items()}


def _gather(
    decisions: Sequence[Decision],
    known: Sequence[KnownFinding],
    answering: Sequence[Assignment],
    *,
    judged: Judged,
    moment: Moment,
) -> _Outcome:
    outcome, decided = _Outcome(), set[UUID]()
    for decision in decisions:
        if isinstance(decision, Opened):
            _open(outcome, decision, answering, judged=judged, moment=moment)
        else:
            decided.add(decision.finding.finding_id)
            _change(outcome, decision, answering, now=moment.now)
    _hand_over(
        outcome, (one for one in known if one.finding.finding_id not in decided), answering, now=moment.now
    )
    return outcome


def _open(
    outcome: _Outcome, decision: Opened, answering: Sequence[Assignment], *, judged: Judged, moment: Moment
) -> None:
    wanted = decision.wanted
    finding = Finding(
        finding_id=uuid7(),
        rule=wanted.rule,
        subject=wanted.subject,
        compound=wanted.compound,
        unit=wanted.unit or (judged.units.get(wanted.compound) if wanted.compound else None),
        state="open" if wanted.until is None else "closed",
        opened_at=decision.opened_at,
        due_at=decision.due_at,
        evidence=wanted.evidence,
        owner=owner_now(answering, wanted.rule, wanted.compound),
        closed_at=wanted.until,
        closed_by=None if wanted.until is None else "facts",
    )
    outcome.new.append(NewFinding(finding=finding, basis=moment.rules.rules[wanted.rule].basis))
    outcome.note(finding, "opened", finding.opened_at, evidence=finding.evidence, due_at=finding.due_at)
    outcome.told.append(opened(finding))
    if finding.closed_at is not None:
        outcome.note(finding, "closed", finding.closed_at)
        outcome.told.append(closed(finding, by="facts", at=finding.closed_at))


def _change(
    outcome: _Outcome,
    decision: Reopened | Changed | Closed,
    answering: Sequence[Assignment],
    *,
    now: datetime,
) -> None:
    finding = decision.finding
    match decision:
        case Reopened():
            after = replace(
                finding,
                state="open",
                due_at=decision.due_at,
                evidence=decision.wanted.evidence,
                owner=owner_now(answering, finding.rule, finding.compound),
                closed_at=None,
                closed_by=None,
            )
            outcome.note(after, "reopened", now, evidence=after.evidence, due_at=after.due_at)
            outcome.told.append(opened(after, reopened=True))
        case Changed():
            after = replace(finding, evidence=decision.evidence)  # a new owner is told by the next look
            outcome.note(after, "changed", now, evidence=after.evidence)
        case Closed():
            after = replace(finding, state="closed", closed_at=decision.at, closed_by="facts")
            outcome.note(after, "closed", decision.at)
            outcome.told.append(closed(after, by="facts", at=decision.at))
        case _:
            assert_never(decision)
    outcome.changed.append(after)


def _hand_over(
    outcome: _Outcome, known: Iterable[KnownFinding], answering: Sequence[Assignment], *, now: datetime
) -> None:
    """Whoever answers now has it, also when somebody else had it when it was found."""
    for one in known:
        owner = owner_now(answering, one.finding.rule, one.finding.compound, one.measure)
        if owner != one.finding.owner:
            outcome.changed.append(replace(one.finding, owner=owner))
            shown = {"worker_ref": str(owner.worker_ref), "role": owner.role} if owner else {}
            outcome.note(one.finding, "owner_changed", now, evidence=shown)


def opened(finding: Finding, *, reopened: bool = False, due_at: datetime | None = None) -> FindingOpened:
    """What is told of a finding that is open from now on."""
    return FindingOpened(
        finding_id=finding.finding_id,
        compound=CompoundId(finding.compound) if finding.compound else None,
        unit=NeighbourhoodId(finding.unit) if finding.unit else None,
        rule=finding.rule,
        opened_at=finding.opened_at,
        due_at=due_at or finding.due_at,
        reopened=reopened,
    )


def closed(finding: Finding, *, by: ClosedBy, at: datetime) -> FindingClosed:
    """What is told of a finding that is over."""
    return FindingClosed(
        finding_id=finding.finding_id,
        compound=CompoundId(finding.compound) if finding.compound else None,
        unit=NeighbourhoodId(finding.unit) if finding.unit else None,
        rule=finding.rule,
        closed_by=by,
        closed_at=at,
    )
