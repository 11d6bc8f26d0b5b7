"""Letting somebody pass against the verdict, and putting a mistyped reading right. Pure (gate rules, G18)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from services.gate.domain.rulings import Verdict
from shared.kernel.ids import CheckpointId, CompoundId, PersonRef
from shared.kernel.refusal import Refusal

OverrideReason = Literal[
    "identity_confirmed", "medical_need", "system_fault", "order_of_headquarters", "other"
]


Outcome = Literal["confirmed", "objected"]
Objection = Literal["no_grounds", "measure_ignored", "identity_not_checked", "wrong_reason", "other"]


class CheckUnknown(Refusal):
    """There is no such check, or none that the caller may know of."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "check_unknown"


class NothingToOverride(Refusal):
    """The person was let through anyway."""

    code: ClassVar[str] = "nothing_to_override"


class AlreadyOverridden(Refusal):
    """Somebody overrode this check before."""

    code: ClassVar[str] = "already_overridden"


class NoteNeeded(Refusal):
    """`other` is no reason by itself."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "note_needed"


class NotOverridden(Refusal):
    """Nobody overrode this check, so there is nothing to review."""

    code: ClassVar[str] = "not_overridden"


class AlreadyReviewed(Refusal):
    """Somebody reviewed this override before."""

    code: ClassVar[str] = "already_reviewed"


class OwnOverride(Refusal):
    """Nobody reviews what they did themselves."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "own_override"


class ObjectionNeeded(Refusal):
    """An objection says what it objects to, and a confirmation objects to nothing."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "objection_needed"


class AlreadyCorrected(Refusal):
    """The check was corrected by another one before; correct that one."""

    code: ClassVar[str] = "already_corrected"


class CorrectsAnother(Refusal):
    """The new check is of somebody else, of another place or another direction."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "corrects_another"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheck:
    """A check as it was kept. `fever` says whether its reading was one."""

    check_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    direction: str
    person_ref: PersonRef | None
    verdict: Verdict
    fever: bool
    happened_at: datetime


def decide_override(check: KeptCheck, reason: OverrideReason, note: str | None) -> None:
    """May the verdict be overridden, for this reason?

    Raises:
        NothingToOverride, NoteNeeded: as their names say.
    """
    if check.verdict not in {Verdict.REFUSE, Verdict.CANNOT_VERIFY}:
        raise NothingToOverride("该次查验已放行。The person was let through.", field="check_id")
    if reason == "other" and note is None:
        raise NoteNeeded(
            "请填写说明。Say why, in a note.",
            field="note",
            remedy="或选择其他原因代码。Or choose another reason.",
        )


def decide_review(
    *, overridden_by: str, reviewer: str, outcome: Outcome, objection: Objection | None, note: str | None
) -> None:
    """May this person close the review of an override like this?

    Raises:
        OwnOverride, ObjectionNeeded, NoteNeeded: as their names say.
    """
    if reviewer == overridden_by:
        raise OwnOverride(
            "不能复核本人作出的放行。Nobody reviews their own override.",
            field="check_id",
            remedy="请由指挥部其他人员复核。Somebody else at headquarters reviews it.",
        )
    if (outcome == "objected") != (objection is not None):
        raise ObjectionNeeded(
            "提出异议须选择异议原因；确认则不填。An objection names its reason; a confirmation has none.",
            field="objection",
        )
    if objection == "other" and note is None:
        raise NoteNeeded("请填写说明。Say what is wrong, in a note.", field="note")


def decide_correction(corrected: KeptCheck, by: UUID | None, new: KeptCheck) -> None:
    """May the new check stand for the corrected one? Both are kept.

    Args:
        corrected: the check whose reading was mistyped.
        by: the check that corrected it before.
        new: the new check, already judged.

    Raises:
        AlreadyCorrected, CorrectsAnother: as their names say.
    """
    if by is not None and by != new.check_id:
        raise AlreadyCorrected("该次查验已更正。It was corrected already.", field="corrects")
    same = ("checkpoint", "direction", "person_ref")
    if any(getattr(corrected, name) != getattr(new, name) for name in same):
        raise CorrectsAnother(
            "更正须为同一人、同一卡口、同一方向。A correction is of the same person, place and direction.",
            field="corrects",
        )
