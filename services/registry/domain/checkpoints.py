"""Closing a checkpoint, opening it again, and temporary gates for fire engines and ambulances. Pure (R2.1)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from services.registry.domain.premises import Traffic
from shared.events.policy_gate import CheckpointRules
from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import PolicySilent, Refusal


class ClosedFor(StrEnum):
    """Why a checkpoint is closed."""

    CLOSED = "closed"
    EXPIRED = "expired"
    OPENED_IN_ERROR = "opened_in_error"


class TemporaryFor(StrEnum):
    """For whom a temporary gate stands beside the limit."""

    FIRE = "fire"
    AMBULANCE = "ambulance"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointState:
    """A checkpoint as it stands, with the policy version under which it was opened."""

    checkpoint_id: CheckpointId
    compound_id: CompoundId
    name: str
    traffic: Traffic
    opened_on: date
    note: str | None
    policy_version: int
    temporary_for: TemporaryFor | None
    temporary_reason: str | None
    expires_at: datetime | None
    closed_at: datetime | None
    closed_for: ClosedFor | None
    version: int

    def open_at(self, now: datetime) -> bool:
        """Is it in use? A temporary gate is not from its expiry on, whether or not that was written down yet."""
        return self.closed_at is None and (self.expires_at is None or now < self.expires_at)


class CheckpointUnknown(Refusal):
    """The compound has no such checkpoint."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "checkpoint_unknown"


class CheckpointIsClosed(Refusal):
    """It is closed: open it again first."""

    code: ClassVar[str] = "checkpoint_closed"


class TemporaryGateOver(Refusal):
    """A temporary gate has one reason and one expiry; for another there is another gate."""

    code: ClassVar[str] = "temporary_gate_over"


class ExpiryNotAllowed(Refusal):
    """The expiry is over, or later than policy allows."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "expiry_not_allowed"


def decide_temporary(expires_at: datetime, *, now: datetime, rules: CheckpointRules) -> None:
    """May a gate for fire engines or ambulances stand until then, beside the limit? (R2.1)

    Raises:
        PolicySilent: the policy in force does not say for how long at most.
        ExpiryNotAllowed: naming the latest instant.
    """
    if rules.temporary_hours is None:
        raise PolicySilent("checkpoints.temporary_hours")
    latest = now + timedelta(hours=rules.temporary_hours)
    if not now < expires_at <= latest:
        raise ExpiryNotAllowed(
            f"临时通道须在将来、且最长 {rules.temporary_hours} 小时内到期。"
            f"A temporary gate expires within {rules.temporary_hours} hours from now.",
            field="expires_at",
            latest=latest.isoformat(),
        )


def decide_reopening(gate: CheckpointState, *, now: datetime) -> bool:
    """Is there anything to open again? The limit is decided apart, as for a new one.

    Raises:
        TemporaryGateOver: it was a temporary gate.
    """
    if gate.open_at(now):
        return False
    if gate.temporary_for is not None:
        raise TemporaryGateOver(
            "临时通道到期不能重开。A temporary gate is not opened again.",
            field="checkpoint_id",
            remedy="另开一个临时通道，写明原因和期限。Open another one, with its reason and expiry.",
        )
    return True
