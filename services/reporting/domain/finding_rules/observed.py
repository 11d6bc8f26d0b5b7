"""People whom somebody has to ask after: windows that stayed empty, reports from gates without an answer (R2.5, O4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.reporting.domain.findings import Wanted
from shared.events.policy_supervision import Reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """So many declaration windows of a case closed empty in a row."""

    case_id: UUID
    compound: str
    windows: int


def declarations_missed(streaks: Iterable[Streak], *, from_windows: int, now: datetime) -> list[Wanted]:
    """Cases that are a matter of headquarters by now (observation rules)."""
    return [
        Wanted(
            rule="declarations_missed",
            subject=str(one.case_id),
            compound=one.compound,
            since=now,
            evidence={"case_id": str(one.case_id), "windows": one.windows},
        )
        for one in streaks
        if one.windows >= from_windows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Somebody whom a gate reported; `answered_at`: when they had an outcome, None for not yet."""

    check_id: UUID
    kind: Reported
    compound: str
    checkpoint: str
    reported_at: datetime
    answered_at: datetime | None


def reports_unanswered(
    reports: Iterable[Report], *, within_minutes: Mapping[Reported, int], now: datetime
) -> list[Wanted]:
    """Loops that did not close in time: the reported person has no outcome, or had none then (R2.5)."""
    found = []
    for one in reports:
        if one.kind not in within_minutes:  # policy is older than the kind and does not say yet
            continue
        since = one.reported_at + timedelta(minutes=within_minutes[one.kind])
        if since < (one.answered_at or now):
            found.append(
                Wanted(
                    rule="report_unanswered",
                    subject=f"{one.kind}:{one.check_id}",
                    compound=one.compound,
                    since=since,
                    until=one.answered_at,
                    evidence={
                        "check_id": str(one.check_id),
                        "checkpoint": one.checkpoint,
                        "kind": one.kind,
                        "reported_at": one.reported_at.isoformat(),
                    },
                )
            )
    return found
