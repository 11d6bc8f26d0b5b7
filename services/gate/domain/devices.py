"""Taking a device into service: one code, one use, one checkpoint. Times are real ones, not business time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from shared.kernel.ids import CheckpointId, CompoundId
from shared.kernel.refusal import Refusal

CODE_LIFETIME = timedelta(minutes=10)
"""How long an enrolment code opens anything (architecture §7); a security limit, not a policy of the town."""


class UnknownCheckpoint(Refusal):
    """Gate has not heard of the checkpoint (yet)."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "unknown_checkpoint"


class CheckpointIsClosed(Refusal):
    """The checkpoint is out of use: nothing is enrolled or planned there until it opens again (R2.1)."""

    code: ClassVar[str] = "checkpoint_closed"


class UnknownDevice(Refusal):
    """There is no such device, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "unknown_device"


class CodeInvalid(Refusal):
    """The code opens nothing: unknown, too old, or used. Which of these is not told."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "enrolment_code_invalid"


class CodeUsed(Refusal):
    """The request for a code was answered and its code used; ask for a new one under a new id."""

    code: ClassVar[str] = "enrolment_code_used"


class DeviceTaken(Refusal):
    """Another device has this id; a device that is enrolled again takes a new one."""

    code: ClassVar[str] = "device_id_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A checkpoint as gate knows it; nothing can have been checked there before it was opened."""

    checkpoint: CheckpointId
    compound: CompoundId
    opened_at: datetime
    closed_at: datetime | None

    def require_open(self) -> None:
        """Insist that the checkpoint is in use.

        Raises:
            CheckpointIsClosed: it is not.
        """
        if self.closed_at is not None:
            raise CheckpointIsClosed(
                "该卡口已关闭，不能登记设备。This checkpoint is closed; no device is enrolled there.",
                field="checkpoint",
                closed_at=self.closed_at.isoformat(),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCode:
    """A code as it is kept: only its hash, for one checkpoint."""

    request_id: UUID
    checkpoint: CheckpointId
    compound: CompoundId
    expires_at: datetime
    device_id: UUID | None


def code_expires(real_now: datetime) -> datetime:
    """Until when a code issued now may be used."""
    return real_now + CODE_LIFETIME


def decide_enrolment(
    code: EnrolmentCode | None, device_id: UUID | None, *, taken: bool, revoked: bool, real_now: datetime
) -> bool:
    """May the device be enrolled with this code? True: newly; False: it was, by this very code (a repeat).

    A device whose answer got lost may ask again with the same code and id while the code lives; nobody else can,
    for nobody else knows the id that the device made up.

    Args:
        code: what is known of the code that was given.
        device_id: the id that the device chose, if it did.
        taken: a device of this id exists.
        revoked: and was revoked.
        real_now: real time.

    Raises:
        CodeInvalid: unknown, used by another device, or too old.
        DeviceTaken: the id belongs to a device that came by another code.
    """
    repeat = code is not None and code.device_id is not None and code.device_id == device_id and not revoked
    if code is None or real_now >= code.expires_at or (code.device_id is not None and not repeat):
        raise CodeInvalid(
            "登记码无效或已过期。The enrolment code is not valid (any more).",
            field="code",
            remedy="请重新获取登记码。Ask for a new code.",
        )
    if taken and not repeat:
        raise DeviceTaken(
            "该设备编号已登记。A device with this id is enrolled already.",
            field="device_id",
            remedy="请使用新的编号。Use a new id.",
        )
    return not repeat
