"""The section of a policy about supervision: what counts as a finding, its clock, its weight, who hears when (R7.2)."""

from typing import Literal

from pydantic import Field

from shared.events.policy_part import Part

FindingRule = Literal[
    "duty_gap",
    "gate_offline",
    "gate_list_stale",
    "admitted_after_end",
    "quarantine_left",
    "override_unreviewed",
    "declarations_missed",
    "report_unanswered",
    "rounds_missed",
    "pickup_missed",
    "order_overdue",
    "lead_overdue",
    "survey_behind",
    "no_named_person",
    "unit_report_late",
    "daily_report_late",
    "inspection",
]
"""By what something was found. `inspection`: by somebody who looked; all others by the facts themselves."""
LiveReason = Literal["fever", "gate_away", "missed_twice", "awaiting_closure", "lead_open", "venue_open"]
"""What troubles a compound now and is no finding, or none yet."""
Reported = Literal["fever", "focus_person", "first_return", "case_contact"]
"""Whom a gate reports (R2.5)."""
EscalatedTo = Literal["community", "town_leader", "headquarters", "discipline"]


class RuleTerms(Part):
    """On which clause a rule rests, within how many minutes it is to be mended, how much it weighs on the board."""

    basis: str = Field(min_length=1, max_length=200)
    mend_within_minutes: int = Field(ge=1)
    weight: int = Field(ge=0)


class EscalationStep(Part):
    """So many hours after its deadline a finding that is still open is a matter of `to`."""

    after_hours: int = Field(ge=0)
    to: EscalatedTo


class SupervisionRules(Part):
    """What supervision finds by itself (R1.1, R7.2), and what troubles a compound (H4).

    A post is empty too long after `duty_gap_minutes`, a gate is away too long after `gate_offline_minutes` (real time).
    A survey is behind when it has `survey_behind_percent` points less than its days say. Somebody whom a gate reported
    has an outcome within `answer_within_minutes`. A daily report is late `report_late_minutes` after its units had to
    say their numbers. What happened more than `look_back_days` ago is no new finding. No deadline that a person sets
    lies further ahead than `longest_deadline_hours`.
    """

    duty_gap_minutes: int = Field(ge=1)
    gate_offline_minutes: int = Field(ge=1)
    survey_behind_percent: int = Field(ge=1, le=100)
    answer_within_minutes: dict[Reported, int]
    report_late_minutes: int = Field(ge=0)
    look_back_days: int = Field(ge=1)
    longest_deadline_hours: int = Field(ge=1)
    rules: dict[FindingRule, RuleTerms]
    live_weights: dict[LiveReason, int]
    escalation: tuple[EscalationStep, ...]
