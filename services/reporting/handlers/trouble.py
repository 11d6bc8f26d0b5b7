"""What troubles each compound, from rows that were read in one view."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.reporting.domain.board import Line
from services.reporting.domain.owners import Assignment, Owner
from services.reporting.domain.trouble import Found, Live, trouble_of
from shared.events.policy_supervision import LiveReason, SupervisionRules

Rows = Iterable[Mapping[str, Any]]
"""As JSON has them: ids and instants are texts."""


def troubled(
    lines: Sequence[Line], *, found: Rows, leads: Rows, answering: Rows, rules: SupervisionRules
) -> list[Line]:
    """The board's lines, each with its trouble.

    Args:
        lines: with their figures.
        found: of `store.findings.OPEN_BY_COMPOUND`.
        leads: of `store.leads.OPEN_LEADS`.
        answering: of `store.responsibility.ANSWERING_ON`.
        rules: what weighs how much.
    """
    by_compound: defaultdict[str, list[Found]] = defaultdict(list)
    for row in found:
        by_compound[row["compound"]].append(_found(row))
    open_leads = {row["compound"]: Live(count=row["open"], due_at=_instant(row["due_at"])) for row in leads}
    assigned = [
        Assignment(
            worker_ref=UUID(row["worker_ref"]),
            role=row["role"],
            measure=row["measure"],
            compound=row["compound"],
            grid=row["grid"],
            from_day=date.fromisoformat(row["from_day"]),
        )
        for row in answering
    ]
    return [
        replace(
            line,
            trouble=trouble_of(
                line.compound,
                found=by_compound[line.compound],
                live=_live(line, open_leads.get(line.compound)),
                answering=assigned,
                rules=rules,
            ),
        )
        for line in lines
    ]


def _live(line: Line, leads: Live | None) -> dict[LiveReason, Live]:
    figures = line.figures
    return {
        "fever": Live(count=figures.fever),
        "gate_away": Live(count=figures.gates_offline),
        "missed_twice": Live(count=figures.missed_streaks or 0),
        "awaiting_closure": Live(count=figures.awaiting_closure),
        "venue_open": Live(count=figures.venues_found_open),
        "lead_open": leads or Live(count=0),
    }


def _found(row: Mapping[str, Any]) -> Found:
    owner = Owner(worker_ref=UUID(row["owner_ref"]), role=row["owner_role"]) if row["owner_ref"] else None
    return Found(
        rule=row["rule"],
        count=row["findings"],
        finding_id=UUID(row["finding_id"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        owner=owner,
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
