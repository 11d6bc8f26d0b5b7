"""How much trouble a compound is in, and why: which of them needs headquarters now (H4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.reporting.domain import finding_texts
from services.reporting.domain.owners import Assignment, Measure, Owner, owner_of
from shared.events.policy_supervision import FindingRule, LiveReason, SupervisionRules

LIVE_MEASURES: Final[dict[LiveReason, tuple[Measure, ...]]] = {
    "fever": ("observation", "gate"),
    "gate_away": ("gate", "duty"),
    "missed_twice": ("observation",),
    "awaiting_closure": ("observation",),
    "lead_open": ("leads",),
    "venue_open": ("sanitation",),
}
_COUNTED_IN: Final[dict[LiveReason, FindingRule]] = {
    "gate_away": "gate_offline",
    "missed_twice": "declarations_missed",
    "lead_open": "lead_overdue",
}
"""What is a finding already does not trouble twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Something that troubles now: how often, and by when it is somebody's turn where that is known."""

    count: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One of the reasons: how much it weighs, who answers for it, and the clock of the most urgent of its kind."""

    code: FindingRule | LiveReason
    count: int
    weight: int
    text_zh: str
    text_en: str
    owner: Owner | None
    due_at: datetime | None
    finding_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The sum of its reasons, the heaviest first."""

    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A compound's findings of a rule that are not closed: how many, and the one that is due first."""

    rule: FindingRule
    count: int
    finding_id: UUID
    due_at: datetime
    owner: Owner | None


def trouble_of(
    compound: str,
    *,
    found: Iterable[Found],
    live: Mapping[LiveReason, Live],
    answering: Sequence[Assignment],
    rules: SupervisionRules,
) -> Trouble:
    """A compound's trouble: its findings that are not closed, and what else troubles it now (H4).

    Args:
        compound: which.
        found: its findings, rule by rule.
        live: what troubles it now, found or not.
        answering: who answers for what today.
        rules: what weighs how much; what policy does not weigh is no reason.
    """
    by_rule = {one.rule: one for one in found}
    reasons = [
        _reason(
            rule,
            finding_texts.RULES[rule],
            count=one.count,
            weight=rules.rules[rule].weight if rule in rules.rules else 0,
            owner=one.owner,
            due_at=one.due_at,
            finding_id=one.finding_id,
        )
        for rule, one in by_rule.items()
    ]
    for code, now in live.items():
        known = _COUNTED_IN.get(code)
        already = by_rule[known].count if known in by_rule else 0
        count, weight = max(0, now.count - already), rules.live_weights.get(code, 0)
        if not count * weight:  # most of them, of most compounds: nobody need be looked for who answers
            continue
        reasons.append(
            _reason(
                code,
                finding_texts.LIVE[code],
                count=count,
                weight=weight,
                owner=owner_of(answering, compound=compound, measures=LIVE_MEASURES[code]),
                due_at=now.due_at,
            )
        )
    weighty = sorted((one for one in reasons if one.weight), key=lambda one: (-one.weight, one.code))
    return Trouble(score=sum(one.weight for one in weighty), reasons=tuple(weighty))


def _reason(
    code: FindingRule | LiveReason,
    words: finding_texts.Words,
    *,
    count: int,
    weight: int,
    owner: Owner | None,
    due_at: datetime | None,
    finding_id: UUID | None = None,
) -> Reason:
    return Reason(
        code=code,
        count=count,
        weight=weight * count,
        text_zh=words.zh,
        text_en=words.en,
        owner=owner,
        due_at=due_at,
        finding_id=finding_id,
    )
