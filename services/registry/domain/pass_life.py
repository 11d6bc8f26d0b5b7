"""What becomes of a pass after it was issued: suspended, reinstated, printed again. Pure (R2.4, R2.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from services.registry.domain.errors import PassSuspended
from services.registry.domain.passes import (
    Holder,
    HoldKind,
    KnownObservation,
    PassState,
    require_nothing_against,
    unfinished,
)
from shared.kernel.refusal import Refusal

CommandReason = Literal["papers_in_doubt", "misuse_suspected", "rules_broken", "other"]
"""Why somebody suspends one pass by command; only a command lifts it."""
ReinstatementReason = Literal["settled", "suspended_in_error", "papers_verified", "other"]
PrintReason = Literal["lost", "damaged", "unreadable", "other"]


class PassRevokedAlready(Refusal):
    """A pass that is void for good has no life any more."""

    code: ClassVar[str] = "pass_revoked"


class PassExpired(Refusal):
    """The pass's time is over; a new one is asked for."""

    code: ClassVar[str] = "pass_expired"


class PassNotSuspended(Refusal):
    """The pass admits already."""

    code: ClassVar[str] = "pass_not_suspended"


class HeadquartersDecides(Refusal):
    """Whoever is ill or was close to somebody who is comes back by a decision of headquarters only."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "headquarters_decides"


class HoldNotStanding(Refusal):
    """Nothing of this kind stands against the person."""

    code: ClassVar[str] = "hold_not_standing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A pass as the rules of this module see it.

    `held_back`: suspended by command, and why; facts do not lift that. `changed_at`: when it came into its state.
    """

    state: PassState
    reason: str | None
    held_back: str | None
    ends: datetime
    changed_at: datetime

    def admits_at(self, now: datetime) -> bool:
        """Whether it is active and its time is not over."""
        return self.state == "active" and now < self.ends


def decide_print(held: Held, *, now: datetime) -> None:
    """A new print of a pass that admits: the copies before it die with their serial.

    Raises:
        PassRevokedAlready, PassExpired, PassSuspended: it does not admit.
    """
    _alive(held, now)
    if held.state == "suspended":
        raise PassSuspended(
            "出入证已停用，不能补打。A suspended pass is not printed.", reason=held.reason or "other"
        )


def decide_suspension(held: Held) -> bool:
    """May somebody suspend the pass by command? False when the same was done before.

    Raises:
        PassRevokedAlready: it is void for good.
    """
    if held.state == "revoked":
        raise PassRevokedAlready("出入证已作废。The pass is void.")
    return held.held_back is None


def decide_lifting(
    held: Held, holder: Holder, *, by_headquarters: bool, now: datetime, today: date
) -> tuple[HoldKind, ...]:
    """Whether a command may reinstate the pass, and which holds that settles.

    Raises:
        PassNotSuspended, PassRevokedAlready, PassExpired: there is nothing to reinstate.
        PassNotYet: the person is under observation; no command shortens that (R2.7).
        HeadquartersDecides: a clerk would lift what headquarters decide.
    """
    _alive(held, now)
    if held.state == "active":
        raise PassNotSuspended("出入证有效，无需恢复。The pass admits already.")
    settled = tuple(hold.kind for hold in holder.holds if hold.stands)
    _may_settle(settled, holder, by_headquarters=by_headquarters, today=today)
    return settled


def decide_settlement(kind: HoldKind, holder: Holder, *, by_headquarters: bool, today: date) -> None:
    """Whether a command may end what stands against a person, whether or not they have a pass (G2).

    Raises:
        HoldNotStanding: nothing of this kind stands.
        PassNotYet: the person is under observation, whose decisions end it (R2.7, O6).
        HeadquartersDecides: a clerk would settle what headquarters decide.
    """
    if not any(hold.kind == kind and hold.stands for hold in holder.holds):
        raise HoldNotStanding(
            "没有待核销的事项。Nothing of this kind stands against the person.", field="kind"
        )
    _may_settle((kind,), holder, by_headquarters=by_headquarters, today=today)


def _may_settle(kinds: Sequence[HoldKind], holder: Holder, *, by_headquarters: bool, today: date) -> None:
    require_nothing_against(Holder(resident=True, observations=holder.observations), today)
    if not by_headquarters and set(kinds) - {"fever"}:
        raise HeadquartersDecides(
            "涉及就医或密接，由指挥部决定。Medical care or a close contact: headquarters decide.",
            remedy="请报指挥部办理。Ask headquarters.",
        )


def decide_reinstatement(held: Held, holder: Holder, *, now: datetime, today: date) -> bool:
    """Whether a pass admits again by itself because what suspended it has ended (G2).

    Not one that somebody suspended by command, nor one whose holder completed an observation meanwhile: that gives
    a new pass, the old one stays invalid (O10).
    """
    return (
        held.state == "suspended"
        and held.held_back is None
        and now < held.ends
        and not any(hold.stands for hold in holder.holds)
        and unfinished(holder.observations, today) is None
        and not _released_since(held, holder.observations)
    )


def _released_since(held: Held, observations: Sequence[KnownObservation]) -> bool:
    return any(
        seen.completed_at is not None and seen.completed_at >= held.changed_at for seen in observations
    )


def _alive(held: Held, now: datetime) -> None:
    if held.state == "revoked":
        raise PassRevokedAlready("出入证已作废。The pass is void.", remedy="请重新办证。Ask for a new one.")
    if now >= held.ends:
        raise PassExpired("出入证已过期。The pass has expired.", remedy="请重新办证。Ask for a new one.")
