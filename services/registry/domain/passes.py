"""When does somebody get an entry pass, and until when? Pure (R2.4, R2.7, P5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from stdnum import damm

from services.registry.domain.errors import NotAResident, PassNotYet, PassSuspended
from shared.events.policy import PassRules
from shared.kernel.days import end_of

ObservationPhase = Literal["pending", "in_force", "interrupted", "awaiting_closure", "completed", "closed"]
Ending = Literal["transferred", "died", "left_town", "cancelled", "merged"]
PassKind = Literal["resident", "temporary"]
PassState = Literal["active", "suspended", "revoked"]
HoldKind = Literal["fever", "medical", "close_contact"]
"""`medical`: the person was confirmed ill; no diagnosis is kept with a pass."""
SuspensionReason = Literal["fever", "medical", "close_contact", "under_observation"]

NUMBER_DIGITS = 7
"""Drawn digits of a pass number, before its check digit."""
_UNDONE: tuple[Ending, ...] = ("cancelled", "merged")
"""A case that ended so never stood for itself: it was opened in error, or another one stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObservation:
    """What the registry knows of an observation. `pending`: registered, and not yet begun."""

    phase: ObservationPhase
    pass_from: date | None
    completed_at: datetime | None = None
    ending: Ending | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Something besides an observation that keeps a person's passes from admitting.

    Attributes:
        since: when it was last seen to begin.
        ended_at: when somebody last decided that it is over. Both only grow, so that news in any order gives the
            same answer.
    """

    kind: HoldKind
    since: datetime | None
    ended_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it began after the last decision that it is over."""
        return self.since is not None and (self.ended_at is None or self.ended_at < self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who asks: whether they live in the compound, and what is known that may stand against them.

    `held_back`: a pass of theirs for this compound that somebody suspended by command, and why.
    """

    resident: bool
    observations: Sequence[KnownObservation] = ()
    holds: Sequence[Hold] = ()
    held_back: str | None = None


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
        PassSuspended: something else stands against them and nothing has settled it.
    """
    if not holder.resident:
        raise NotAResident(
            "此人不在该小区居住。The person does not live in this compound.",
            remedy="请先登记居住信息。Register where the person lives first.",
        )
    require_nothing_against(holder, today)
    return Validity(starts=now, ends=end_of(today + timedelta(days=rules.valid_days)))


def require_nothing_against(holder: Holder, today: date) -> None:
    """No observation that is not over, no fever or contact that nothing has settled, no pass held back.

    Raises:
        PassNotYet, PassSuspended: the first that stands against them.
    """
    if (observation := unfinished(holder.observations, today)) is not None:
        raise _not_yet(observation, today)
    for hold in holder.holds:
        if hold.stands:
            raise PassSuspended(
                _STANDS[hold.kind],
                remedy="解除或核实后再行办理。Have it settled, then ask again.",
                reason=hold.kind,
            )
    if holder.held_back is not None:
        raise PassSuspended(
            "此人在该小区的出入证已被停用。The person's pass of this compound was suspended.",
            remedy="先恢复或作废该证。Reinstate or revoke that pass first.",
            reason=holder.held_back,
        )


_STANDS: dict[HoldKind, str] = {
    "fever": "此人发热尚未排除。A fever is not settled.",
    "medical": "此人正在就医。The person is in medical care.",
    "close_contact": "此人为密切接触者，观察尚未完成。The person is a close contact whose observation is not over.",
}


def unfinished(observations: Sequence[KnownObservation], today: date) -> KnownObservation | None:
    """The first observation that stands against a person, or None.

    One that was transferred or left stays unfinished until another one is completed after it.
    """
    completed = [seen.completed_at for seen in observations if seen.completed_at is not None]
    for seen in observations:
        match seen.phase:
            case "completed":
                if seen.pass_from is None or today < seen.pass_from:
                    return seen
            case "closed":
                made_up = seen.closed_at is not None and any(at > seen.closed_at for at in completed)
                if seen.ending not in _UNDONE and not made_up:
                    return seen
            case _:
                return seen
    return None


def _not_yet(observation: KnownObservation, today: date) -> PassNotYet:
    possible = observation.pass_from
    known = possible is not None and observation.phase in {"pending", "in_force", "completed"}
    if known and possible is not None and today >= possible:
        detail = "观察期满，解除尚未确认。The period is over, the release is not confirmed yet."
    elif known:
        detail = f"健康观察未满，最早 {possible} 办理。Under observation: from {possible} at the earliest."
    elif observation.phase == "closed":
        detail = (
            "上次健康观察未满即中止，请重新登记返回。The last observation ended early: register the return."
        )
    else:
        detail = "健康观察尚未解除。The observation is not over."
    return PassNotYet(
        detail,
        first_possible=possible.isoformat() if known and possible else None,
        observation=observation.phase,
    )


def pass_number(drawn: int) -> str:
    """The number that a guard reads and types: the drawn digits and a check digit (Damm).

    The check digit finds every single wrong digit and every swap of neighbours.
    """
    digits = f"{drawn % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"
    return digits + damm.calc_check_digit(digits)
