"""What does a declaration mean for the case? (R2.7, O4, O6, O7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.observation.domain.calendar import Calendar, WindowSpan
from services.observation.domain.case import Case, Interruption, InterruptionReason, State
from services.observation.domain.refusals import (
    CaseEnded,
    CaseNotBegun,
    DeclaredBeforeOpening,
    DeclaredInFuture,
    TemperatureImplausible,
)
from shared.events.policy import PolicyDocument
from shared.events.policy_gate import TemperatureRules
from shared.kernel.days import local_day, start_of

Channel = Literal["self", "proxy", "phone", "visit", "import"]
"""Through what a declaration came; `import`: a line of a questionnaire platform's list (R4.2)."""
Symptom = Literal[
    "fever", "cough", "fatigue", "sore_throat", "short_of_breath", "diarrhoea", "loss_of_smell", "other"
]
CannotMeasure = Literal["no_thermometer", "thermometer_broken", "too_young", "unwell", "refused", "other"]


class Standing(StrEnum):
    """How a declaration stands to its window."""

    IN_TIME = "in_time"
    LATE = "late"
    AFTER = "after"
    """Received when not even a late one counts any more: kept, and a fever still acts, but the window stays missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A declaration as it was handed in."""

    declaration_id: UUID
    channel: Channel
    temperature_c: Decimal | None
    cannot_measure_reason: CannotMeasure | None
    symptoms: tuple[Symptom, ...]
    at: datetime | None
    """When it was taken, if that was before it was sent."""

    def content(self) -> str:
        """Everything that was said, in one canonical text: two drafts are the same when this is."""
        value = "" if self.temperature_c is None else f"{self.temperature_c.normalize():f}"
        at = "" if self.at is None else str(self.at.timestamp())
        return "|".join(
            [self.channel, value, self.cannot_measure_reason or "", ",".join(sorted(self.symptoms)), at]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a declaration is: its window, whether it counts, and whether it acts."""

    span: WindowSpan
    standing: Standing
    alarming: bool
    fever: bool
    """The alarm is a temperature, measured or told."""
    taken_at: datetime
    received_at: datetime
    interruption: Interruption | None


def check_temperature(value: Decimal, rules: TemperatureRules) -> None:
    """Insist on a reading that can be a body temperature.

    Raises:
        TemperatureImplausible: naming the range, and what was probably meant.
    """
    low, high = rules.plausible_from_c, rules.plausible_to_c
    if low <= value <= high:
        return
    meant = next(
        (
            guess.quantize(Decimal("0.1"))
            for guess in (value * 10, value / 10, (value - 32) * 5 / 9)
            if low <= guess <= high
        ),
        None,
    )
    zh, en = (f"是否应为 {meant}？", f"Perhaps {meant}? ") if meant is not None else ("", "")
    raise TemperatureImplausible(
        f"体温应在 {low} 至 {high} 摄氏度之间。A body temperature lies between {low} and {high} degrees Celsius.",
        field="temperature_c",
        remedy=f"{zh}请重新测量后再填。{en}Measure again.",
        plausible_from_c=str(low),
        plausible_to_c=str(high),
        perhaps=None if meant is None else str(meant),
    )


def decide_declaration(
    case: Case, draft: Draft, calendar: Calendar, *, now: datetime
) -> tuple[Case, Declared]:
    """Find the declaration's window and what it sets going; tells the case after it.

    A fever (from the policy's threshold on) or any symptom stops the clock at once, in whatever window and however
    late it is told, unless it stands already. Of several declarations in one window each acts by itself, so the worse
    one does. What is told after its window closed is kept and marked late.

    Raises:
        CaseEnded, CaseNotBegun, TemperatureImplausible, DeclaredInFuture, DeclaredBeforeOpening.
    """
    if case.is_over:
        raise CaseEnded(
            "健康观察已结束，无需再申报。The observation is over; nothing needs to be declared.",
            remedy="如有发热或不适，请立即前往发热门诊。With a fever or symptoms go to a fever clinic at once.",
        )
    if now < start_of(case.anchor_date):
        raise CaseNotBegun(
            "观察期尚未开始。The observation has not begun yet.", first_day=case.anchor_date.isoformat()
        )
    received = max(now, case.settled_through)
    document = calendar.on(local_day(received)).document
    if draft.temperature_c is not None:
        check_temperature(draft.temperature_c, document.temperature)
    taken = _taken_at(case, draft, document, received)
    span = calendar.span_at(taken)
    standing = _standing(span, received)
    reason = _alarm(draft, document.temperature)
    stop = None
    if reason is not None and case.state is not State.MEDICAL:
        stop = Interruption(number=len(case.interruptions) + 1, began_at=received, reason=reason)
    if standing is not Standing.AFTER:
        first = min(received, case.answers.get(span.slot, received))
        case = replace(case, answers={**case.answers, span.slot: first})
    if stop is not None:
        case = replace(case, interruptions=(*case.interruptions, stop), awaiting_since=None)
    declared = Declared(
        span=span,
        standing=standing,
        alarming=reason is not None,
        fever=reason == "fever" or "fever" in draft.symptoms,
        taken_at=taken,
        received_at=received,
        interruption=stop,
    )
    return replace(case, version=case.version + 1 + (reason is not None) + (stop is not None)), declared


def _taken_at(case: Case, draft: Draft, document: PolicyDocument, received: datetime) -> datetime:
    if draft.at is None:
        return received
    if draft.at > received + timedelta(seconds=document.gate.future_stamp_seconds):
        raise DeclaredInFuture(
            "申报时间晚于当前时间，请检查手机时间。The declaration's time is still to come.",
            field="at",
            remedy="请校准手机时间，或不填写时间。Set the phone's clock, or leave the time out.",
        )
    if draft.at < case.opened_at:
        raise DeclaredBeforeOpening(
            "申报时间早于观察开始时间。The declaration's time lies before the observation was opened.",
            field="at",
            remedy="请校准手机时间，或不填写时间。Set the phone's clock, or leave the time out.",
        )
    return min(draft.at, received)


def _standing(span: WindowSpan, received: datetime) -> Standing:
    if received < span.closes:
        return Standing.IN_TIME
    return Standing.LATE if received < span.late_until else Standing.AFTER


def _alarm(draft: Draft, rules: TemperatureRules) -> InterruptionReason | None:
    if draft.temperature_c is not None and draft.temperature_c >= rules.fever_from_c:
        return "fever"
    return "symptoms" if draft.symptoms else None
