"""Inspections by checklist: pass, flag or fail, item by item (R5.3, R5.4, S5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from services.sanitation.domain.late import InTheFuture
from services.sanitation.domain.orders import EvidenceMissing
from shared.events.policy_inspections import Finding
from shared.kernel.refusal import Refusal

Verdict = Literal["pass", "flag", "fail"]
Found = Literal["open", "closed"]


class InspectionUnknown(Refusal):
    """There is no such inspection."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "inspection_unknown"


class SubjectUnknown(Refusal):
    """What is said to have been inspected is not known."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "subject_unknown"


class ItemUnknown(Refusal):
    """The checklist has no such item, or the answer stands there twice."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "item_unknown"


class ChecklistIncomplete(Refusal):
    """Not every item was answered; its member `missing` names those."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "checklist_incomplete"


class FoundMissing(Refusal):
    """Of a venue, and of nothing else, it is said whether it was open."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "found_missing"


class RecordedTooLate(Refusal):
    """An inspection is handed in on the spot or soon after."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "recorded_too_late"


class RoundUnknown(Refusal):
    """There is no such round."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "round_unknown"


class OtherPlace(Refusal):
    """What was scanned is not the place of the round."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "other_place"


class CheckedTooEarly(Refusal):
    """Nobody looks again at what was not done yet."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "checked_too_early"


class AlreadyChecked(Refusal):
    """Somebody looked at this round again before."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "already_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One item as the inspector found it."""

    code: str
    verdict: Verdict
    evident: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an inspection comes to: each failed item is to be put right."""

    verdict: Verdict
    failed: tuple[Finding, ...]
    flagged: tuple[str, ...]


def decide_time(inspected_at: datetime, *, now: datetime, tolerance: timedelta, within: timedelta) -> None:
    """May it be handed in now?

    Raises:
        InTheFuture: inspected later than clocks may differ.
        RecordedTooLate: longer ago than policy allows.
    """
    if inspected_at - now > tolerance:
        raise InTheFuture("inspected_at")
    if now - inspected_at > within:
        hours = within // timedelta(hours=1)
        raise RecordedTooLate(
            f"检查结果须在 {hours} 小时内录入。An inspection is handed in within {hours} hours.",
            field="inspected_at",
            hours=hours,
        )


def decide_result(
    answers: Sequence[Answered], checklist: Sequence[Finding], *, violation: Finding | None = None
) -> Result:
    """Judge an inspection: every item answered once, what is not in order shown by words or a photo.

    Args:
        answers: as the inspector found it.
        checklist: what had to be looked at; nothing where a closed venue was looked at from outside.
        violation: what was found against the rule itself, beside the checklist.

    Raises:
        ItemUnknown, ChecklistIncomplete, EvidenceMissing: as their names say.
    """
    items = {item.code: item for item in checklist}
    seen: set[str] = set()
    for answer in answers:
        if answer.code not in items or answer.code in seen:
            raise ItemUnknown(
                f"检查表没有此项或重复：{answer.code}。Not an item of the checklist, or twice.", field="items"
            )
        seen.add(answer.code)
        if answer.verdict != "pass" and not answer.evident:
            raise EvidenceMissing(
                f"“{answer.code}”须附说明或照片。Show it by words or a photo.",
                field="items",
                item=answer.code,
            )
    if missing := [code for code in items if code not in seen]:
        raise ChecklistIncomplete(
            "检查表未填完。Not every item was answered.", field="items", missing=missing
        )
    failed = [items[answer.code] for answer in answers if answer.verdict == "fail"]
    if violation is not None:
        failed.insert(0, violation)
    flagged = tuple(answer.code for answer in answers if answer.verdict == "flag")
    return Result(
        verdict="fail" if failed else "flag" if flagged else "pass", failed=tuple(failed), flagged=flagged
    )
