"""Calls and visits: what one came to, and what must come with it (observation rules)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from shared.kernel.refusal import Refusal

AttemptKind = Literal["call", "visit"]


class Outcome(StrEnum):
    """Five outcomes; "not performed" is a value, not an absence."""

    NO_SYMPTOMS = "no_symptoms"
    SYMPTOMATIC = "symptomatic"
    UNAVAILABLE = "unavailable"
    UNCOOPERATIVE = "uncooperative"
    NOT_PERFORMED = "not_performed"


_CLOCK = "请核对时间；手机时钟不准的，先校准。Check the time, and set the phone's clock if it is off."
REACHED = frozenset({Outcome.NO_SYMPTOMS, Outcome.SYMPTOMATIC})
"""Somebody answered and said how they are: only then can there be a declaration."""


class AttemptInFuture(Refusal):
    """The call or visit is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "attempt_in_future"


class AttemptBeforeOpening(Refusal):
    """The call or visit lies before the observation that it is said to belong to."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "attempt_before_opening"


class DeclarationNeeded(Refusal):
    """Symptoms act only as a declaration: one without it would be lost."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "declaration_needed"


class DeclarationContradicts(Refusal):
    """Outcome and declaration say different things."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "declaration_contradicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A call or a visit."""

    attempt_id: UUID
    kind: AttemptKind
    outcome: Outcome
    at: datetime
    note: str | None = field(default=None, repr=False)

    def content(self) -> str:
        """Everything that was said, in one canonical text."""
        return f"{self.kind}|{self.outcome}|{self.at.timestamp()}|{self.note or ''}"


def check_attempt(
    attempt: Attempt, *, declared: bool, now: datetime, began_at: datetime, ahead_seconds: int
) -> None:
    """Insist that what a call or visit came to can be, and that symptoms are declared.

    Args:
        attempt: as it was told.
        declared: a declaration comes with it.
        now: when it came in.
        began_at: when the observation was opened.
        ahead_seconds: so far a phone's clock may be ahead, by policy.

    Raises:
        AttemptInFuture, AttemptBeforeOpening, DeclarationNeeded, DeclarationContradicts.
    """
    if attempt.at > now + timedelta(seconds=ahead_seconds):
        raise AttemptInFuture(
            "联系时间晚于当前时间。The time of the call or visit is still to come.", field="at", remedy=_CLOCK
        )
    if attempt.at < began_at - timedelta(seconds=ahead_seconds):
        raise AttemptBeforeOpening(
            "联系时间早于观察开始时间。The call or visit lies before the observation was opened.",
            field="at",
            remedy=_CLOCK,
        )
    if attempt.outcome is Outcome.SYMPTOMATIC and not declared:
        raise DeclarationNeeded(
            "有症状时须同时填写体温或症状。Symptoms are recorded as a declaration with the attempt.",
            field="declaration",
            remedy="请一并填写申报内容。Fill in the declaration as well.",
        )
    if declared and attempt.outcome not in REACHED:
        raise DeclarationContradicts(
            "未联系上时不能代为申报。Nobody can be declared for who was not reached.", field="declaration"
        )


def check_told(attempt: Attempt, *, alarming: bool) -> None:
    """Insist that outcome and declaration agree: an alarming one is not "no symptoms".

    Raises:
        DeclarationContradicts.
    """
    if alarming is not (attempt.outcome is Outcome.SYMPTOMATIC):
        raise DeclarationContradicts(
            "联系结果与申报内容不一致。The outcome and the declaration do not agree.",
            field="outcome",
        )
