"""Findings, and what was done with each."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.reporting.domain.findings import Evidence, Finding
from services.reporting.domain.owners import Measure, Owner
from shared.db.pool import Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "finding_pkey": SameIdOtherContent(
        "该编号已用于另一督查事项。This id was used for another finding.", field="finding_id"
    ),
    "finding_act_once": SameIdOtherContent(
        "该编号已用于其他操作。This id was used for something else.", field="act_id"
    ),
}

# Whoever writes findings takes turns: a look and a person's act never see half of one another.
TURN = "select pg_advisory_xact_lock(hashtextextended('reporting.findings', 0))"
NOT_CLOSED = """
select finding_id, rule, subject, compound, unit, state, opened_at, due_at, evidence, measure, owner_ref, owner_role,
       closed_at, closed_by
from finding where state <> 'closed'
"""
CLOSED_LAST = """
select distinct on (f.rule, f.subject)
       f.finding_id, f.rule, f.subject, f.compound, f.unit, f.state, f.opened_at, f.due_at, f.evidence, f.measure,
       f.owner_ref, f.owner_role, f.closed_at, f.closed_by
from finding f join unnest($1::text[], $2::text[]) as fact (rule, subject)
  on f.rule = fact.rule and f.subject = fact.subject
where f.state = 'closed'
order by f.rule, f.subject, f.opened_at desc
"""
ADD = """
insert into finding (finding_id, rule, subject, compound, unit, state, opened_at, due_at, evidence, basis, owner_ref,
                     owner_role, closed_at, closed_by, version)
select finding_id, rule, subject, compound, unit, case when closed_at is null then 'open' else 'closed' end,
       opened_at, due_at, evidence::jsonb, basis, owner_ref, owner_role, closed_at,
       case when closed_at is not null then 'facts' end, case when closed_at is null then 1 else 2 end
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
            $8::text[], $9::text[], $10::uuid[], $11::text[], $12::timestamptz[])
  as row (finding_id, rule, subject, compound, unit, opened_at, due_at, evidence, basis, owner_ref, owner_role,
          closed_at)
"""
CHANGE = """
update finding f
set state = row.state, due_at = row.due_at, evidence = row.evidence::jsonb, owner_ref = row.owner_ref,
    owner_role = row.owner_role, closed_at = row.closed_at, closed_by = row.closed_by, version = f.version + 1,
    settled_by = case when row.state = 'open' then null else f.settled_by end
from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[],
            $8::text[])
  as row (finding_id, state, due_at, evidence, owner_ref, owner_role, closed_at, closed_by)
where f.finding_id = row.finding_id returning f.finding_id, f.version
"""
ADD_ACTS = """
insert into finding_act (act_id, finding_id, kind, at, evidence, due_at)
select act_id, finding_id, kind, at, evidence::jsonb, due_at
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[]) with ordinality
  as row (act_id, finding_id, kind, at, evidence, due_at, nth)
order by nth
"""
# Of each compound and rule: how many are not closed, and the one that is due first.
OPEN_BY_COMPOUND = """
select distinct on (compound, rule) compound, rule, (count(*) over (partition by compound, rule))::int as findings,
       finding_id, due_at, owner_ref, owner_role
from finding where state <> 'closed' and compound is not null
order by compound, rule, due_at, finding_id
"""
OPEN_BY_RULE = "select rule, count(*)::int as findings from finding where state <> 'closed' group by rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFinding:
    """A finding, and what it is about where a person said so."""

    finding: Finding
    measure: Measure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """A finding that a look opens, closed already where it was over before; with the clause that it rests on."""

    finding: Finding
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAct:
    """What a look did with a finding, for its history."""

    act_id: UUID
    finding_id: UUID
    kind: str
    at: datetime
    evidence: Evidence | None = None
    due_at: datetime | None = None


def known(row: asyncpg.Record) -> KnownFinding:
    """A finding from its row."""
    return KnownFinding(
        finding=Finding(
            **{
                name: row[name]
                for name in (
                    *("finding_id", "rule", "subject", "compound", "unit", "state", "opened_at", "due_at"),
                    *("evidence", "closed_at", "closed_by"),
                )
            },
            owner=Owner(worker_ref=row["owner_ref"], role=row["owner_role"]) if row["owner_ref"] else None,
        ),
        measure=row["measure"],
    )


async def not_closed(tx: Tx) -> list[KnownFinding]:
    """Every finding that is open or waits for its reviewer."""
    return [known(row) for row in await tx.fetch(NOT_CLOSED)]


async def closed_last(tx: Tx, facts: Sequence[tuple[str, str]]) -> list[Finding]:
    """Of each fact (rule, subject) the finding that was closed last."""
    if not facts:
        return []
    rows = await tx.fetch(CLOSED_LAST, [rule for rule, _ in facts], [subject for _, subject in facts])
    return [known(row).finding for row in rows]


async def add(tx: Tx, new: Sequence[NewFinding]) -> None:
    """Write new findings."""
    rows = [
        (
            one.finding.finding_id,
            one.finding.rule,
            one.finding.subject,
            one.finding.compound,
            one.finding.unit,
            one.finding.opened_at,
            one.finding.due_at,
            json.dumps(one.finding.evidence),
            one.basis,
            *_owner(one.finding.owner),
            one.finding.closed_at,
        )
        for one in new
    ]
    if rows:
        await tx.execute(ADD, *_columns(rows))


async def change(tx: Tx, changed: Sequence[Finding]) -> dict[UUID, int]:
    """Write findings as a look leaves them; tells their versions."""
    rows = [
        (
            one.finding_id,
            one.state,
            one.due_at,
            json.dumps(one.evidence),
            *_owner(one.owner),
            one.closed_at,
            one.closed_by,
        )
        for one in changed
    ]
    return {
        row["finding_id"]: row["version"] for row in (await tx.fetch(CHANGE, *_columns(rows)) if rows else ())
    }


async def add_acts(tx: Tx, acts: Sequence[SeenAct]) -> None:
    """Write what a look did, in order."""
    rows = [
        (
            one.act_id,
            one.finding_id,
            one.kind,
            one.at,
            json.dumps(one.evidence) if one.evidence is not None else None,
            one.due_at,
        )
        for one in acts
    ]
    if rows:
        await tx.execute(ADD_ACTS, *_columns(rows))


def _owner(owner: Owner | None) -> tuple[UUID | None, str | None]:
    return (owner.worker_ref, owner.role) if owner else (None, None)


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
