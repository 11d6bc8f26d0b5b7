"""Compounds: leads nobody looked into, surveys behind their days, nobody named where it is open (R1.1, R4.1, R6.3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.reporting.domain.findings import Wanted
from shared.events.policy import LeadCategory
from shared.kernel.days import end_of

_STEP = 5
"""Shares of a survey are told in steps of so many percent, so that not every door is news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What a resident told; without `due_at` while it is nobody's."""

    lead_id: UUID
    compound: str
    category: LeadCategory
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


def lead_due_at(lead: Lead, due_hours: Mapping[LeadCategory, int]) -> datetime | None:
    """By when it is to be looked into; nobody's lead has its clock, too. None: policy does not know the kind."""
    if lead.due_at is not None:
        return lead.due_at
    hours = due_hours.get(lead.category)
    return lead.received_at + timedelta(hours=hours) if hours is not None else None


def leads_overdue(
    leads: Iterable[Lead], *, due_hours: Mapping[LeadCategory, int], now: datetime
) -> list[Wanted]:
    """Leads that were not closed in time, also when they are by now (R6.3)."""
    found = []
    for lead in leads:
        due_at = lead_due_at(lead, due_hours)
        if due_at is not None and due_at < (lead.closed_at or now):
            found.append(
                Wanted(
                    rule="lead_overdue",
                    subject=str(lead.lead_id),
                    compound=lead.compound,
                    since=due_at,
                    until=lead.closed_at,
                    evidence={
                        "lead_id": str(lead.lead_id),
                        "category": lead.category,
                        "due_at": due_at.isoformat(),
                        "assigned": lead.due_at is not None,
                    },
                )
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRound:
    """How far the newest round is in a compound, while it is open; `due_on` is its last day."""

    round_id: UUID
    compound: str
    dwellings: int
    final: int
    opened_at: datetime
    due_on: date


def surveys_behind(rounds: Iterable[SurveyRound], *, behind_percent: int, now: datetime) -> list[Wanted]:
    """Rounds that have too little for their days: as if each day asked for the same share, with some points let off.

    After the last day nothing is let off: every household has its result (R4.1).
    """
    found = []
    for one in rounds:
        ends = end_of(one.due_on)
        if one.final >= one.dwellings:
            continue
        if now < ends:
            elapsed = int(100 * (now - one.opened_at) / (ends - one.opened_at))
            if one.final * 100 >= one.dwellings * (elapsed - behind_percent):
                continue
        share = one.final * 100 // one.dwellings // _STEP * _STEP
        found.append(
            Wanted(
                rule="survey_behind",
                subject=f"{one.round_id}:{one.compound}",
                compound=one.compound,
                since=min(now, ends),
                evidence={
                    "round_id": str(one.round_id),
                    "dwellings": one.dwellings,
                    "percent_from": share,
                    "due_on": one.due_on.isoformat(),
                },
            )
        )
    return found


def no_named_person(modes: Mapping[str, str], named: Collection[str], *, now: datetime) -> list[Wanted]:
    """Compounds that cannot be closed and have nobody today who strengthens control there (R1.1).

    Args:
        modes: of each compound.
        named: compounds where somebody is named today.
        now: the instant of the look.
    """
    return [
        Wanted(rule="no_named_person", subject=compound, compound=compound, since=now)
        for compound, mode in sorted(modes.items())
        if mode == "staffed" and compound not in named
    ]
