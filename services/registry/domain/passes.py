"""When does somebody get an entry pass, and until when? Pure (R2.4, R2.7, P5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from stdnum import damm

from services.registry.domain.errors import NotAResident, PassNotYet, PassSuspended
from shared.events.policy import PassRules
from shared.kernel.days import end_of

ObservationPhase = Literal["pending", "in_force", "interrupted", "awaiting_closure", "completed"]
PassState = Literal["active", "suspended", "revoked"]
SuspensionReason = Literal["fever", "under_observation"]

NUMBER_DIGITS = 7
"""Drawn digits of a pass number, before its check digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObservation:
    """What the registry knows of an observation. `pending`: registered, and not yet begun."""

    phase: ObservationPhase
    pass_from: date | None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A pass of the person that does not admit for now."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who asks: whether they live in the compound, their observations, their suspended passes."""

    resident: bool
    observations: Sequence[KnownObservation] = ()
    suspensions: Sequence[Suspension] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when until when a pass admits; `until` is the first instant that it no longer does."""

    starts: datetime
    ends: datetime


def decide_issue(holder: Holder, rules: PassRules, *, now: datetime, today: date) -> Validity:
    """A pass for a resident who is not under observation, from the day after the full period (R2.7).

    Raises:
        NotAResident: the compound is not where the person lives.
        PassNotYet: an observation is not over; names the first possible day where it is known.
        PassSuspended: a fever was seen and nothing has settled it.
    """
    if not holder.resident:
        raise NotAResident(
            "此人不在该小区居住。The person does not live in this compound.",
            remedy="请先登记居住信息。Register where the person lives first.",
        )
    for observation in holder.observations:
        _is_over(observation, today)
    for suspension in holder.suspensions:
        if suspension.reason == "fever" and not _observed_since(suspension, holder.observations):
            raise PassSuspended(
                "出入证因发热已停用。The pass is suspended because of a fever.",
                remedy="由社区核实后作废旧证，再行办理。Have it settled, revoke the old pass, then ask again.",
                reason="fever",
            )
    return Validity(starts=now, ends=end_of(today + timedelta(days=rules.valid_days)))


def _is_over(observation: KnownObservation, today: date) -> None:
    possible = observation.pass_from
    if observation.phase == "completed" and possible is not None and today >= possible:
        return
    known = possible is not None and observation.phase in {"pending", "in_force", "completed"}
    if known and possible is not None and today >= possible:
        detail = "观察期满，解除尚未确认。The period is over, the release is not confirmed yet."
    elif known:
        detail = f"健康观察未满，最早 {possible} 办理。Under observation: from {possible} at the earliest."
    else:
        detail = "健康观察尚未解除。The observation is not over."
    raise PassNotYet(
        detail,
        first_possible=possible.isoformat() if known and possible else None,
        observation=observation.phase,
    )


def _observed_since(suspension: Suspension, observations: Sequence[KnownObservation]) -> bool:
    """Whether an observation ended after the fever: it has dealt with the fever by a recorded decision."""
    return any(
        seen.completed_at is not None and seen.completed_at > suspension.since for seen in observations
    )


def pass_number(drawn: int) -> str:
    """The number that a guard reads and types: the drawn digits and a check digit (Damm).

    The check digit finds every single wrong digit and every swap of neighbours.
    """
    digits = f"{drawn % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"
    return digits + damm.calc_check_digit(digits)
