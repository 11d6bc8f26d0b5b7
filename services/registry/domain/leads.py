"""What happens to a lead, and who is rewarded? Pure (R6.3, P13)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.policy import LeadCategory, LeadRules
from shared.kernel.refusal import Refusal

LeadState = Literal["received", "assigned", "closed"]
LeadChannel = Literal["phone", "wechat", "gate_code", "desk", "other"]
AssigneeKind = Literal["grid", "unit"]
ClosingReason = Literal["confirmed", "settled_on_the_spot", "not_found", "not_true", "not_ours", "other"]
RewardState = Literal["none", "granted"]
Erasure = Literal["none", "asked", "done"]

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is mistaken for another."""
RECEIPT_LETTERS = 16
"""80 bits: nobody guesses a receipt."""
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


class LeadUnknown(Refusal):
    """There is no such lead."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "lead_unknown"


class ReceiptUnknown(Refusal):
    """No lead has this receipt code."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "receipt_unknown"


class ObservedInFuture(Refusal):
    """What is told has not happened yet."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "observed_in_future"
    usual_remedy: ClassVar[str | None] = "核对时间。Check the time."


class GateNotNamed(Refusal):
    """A checkpoint that is complained about is one of the compound, and is named before somebody is sent."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "gate_not_named"


class AssigneeUnknown(Refusal):
    """There is no such grid in the compound."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "assignee_unknown"


class AssignedToTheAccused(Refusal):
    """Nobody looks into a complaint about themselves."""

    code: ClassVar[str] = "assigned_to_the_accused"


class LeadClosedAlready(Refusal):
    """The lead is closed, and another end was asked for."""

    code: ClassVar[str] = "lead_closed_already"
    usual_remedy: ClassVar[str | None] = "另有新情况的，另立线索。New facts are told as a lead of their own."


class LeadMerged(Refusal):
    """The lead is kept as a duplicate of another: work on that one."""

    code: ClassVar[str] = "lead_merged"


class NotMergeable(Refusal):
    """These two cannot be one fact."""

    code: ClassVar[str] = "not_mergeable"


class NotMerged(Refusal):
    """The lead is no duplicate of another, so there is nothing to undo."""

    code: ClassVar[str] = "not_merged"


class LeadOpen(Refusal):
    """What was told is still needed."""

    code: ClassVar[str] = "lead_open"


class NotRewardable(Refusal):
    """Only what was found to be true is rewarded."""

    code: ClassVar[str] = "not_rewardable"


class RewardedAlready(Refusal):
    """One reward at most for a fact, however many told it."""

    code: ClassVar[str] = "rewarded_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A lead as it stands, without anything that names people."""

    lead_id: UUID
    compound: str
    category: LeadCategory
    complained_about: str | None
    state: LeadState
    assignee_kind: AssigneeKind | None
    assignee: str | None
    due_at: datetime | None
    valid: bool | None
    closing_reason: ClosingReason | None
    merged_into: UUID | None
    version: int

    @property
    def fact_id(self) -> UUID:
        """The lead that stands for the fact."""
        return self.merged_into or self.lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignee:
    """Who looks into it: a grid of the compound, or a unit by its code."""

    kind: AssigneeKind
    code: str


def receipt_from(random: bytes) -> str:
    """A receipt code out of 16 random bytes, in groups of four as people read them out."""
    letters = "".join(_LETTERS[byte % 32] for byte in random[:RECEIPT_LETTERS])
    return "-".join(letters[at : at + 4] for at in range(0, RECEIPT_LETTERS, 4))


def receipt_read(typed: str) -> str:
    """A receipt code as it was meant: case, dashes and letters that look like digits do not matter."""
    return typed.upper().translate(_MISREAD)


def decide_receipt_of(observed_at: datetime, now: datetime) -> None:
    """Accept a lead's time.

    Raises:
        ObservedInFuture: it lies ahead.
    """
    if observed_at > now:
        raise ObservedInFuture("所述时间晚于现在。The time told lies in the future.", field="observed_at")


def alike_between(observed_at: datetime, rules: LeadRules) -> tuple[datetime, datetime]:
    """Between which instants another lead of the same place and kind may be the same fact."""
    reach = timedelta(hours=rules.duplicate_hours)
    return observed_at - reach, observed_at + reach


def decide_assignment(
    lead: Lead, assignee: Assignee, *, serves_the_accused: bool, rules: LeadRules, now: datetime
) -> datetime:
    """Let somebody look into a lead; tell until when. Passing it on does not wind the clock back.

    Raises:
        LeadMerged, LeadClosedAlready: it is not open.
        GateNotNamed: who must not look into it is not known yet.
        AssignedToTheAccused: the complaint is about them, or their people staff the checkpoint (R6.3).
    """
    _is_head(lead)
    if lead.state == "closed":
        raise LeadClosedAlready("线索已办结。The lead is closed.")
    if lead.category == "gate_unattended" and lead.complained_about is None:
        raise GateNotNamed("请写明是哪个卡口。Name the checkpoint it is about.", field="complained_about")
    if assignee.code == lead.complained_about or serves_the_accused:
        raise AssignedToTheAccused(
            "不能交给被反映的一方办理。Those complained about do not look into it.", field="assignee.code"
        )
    return lead.due_at or now + timedelta(hours=rules.due_hours[lead.category])


def decide_closure(lead: Lead, *, valid: bool, reason: ClosingReason) -> bool:
    """Close a lead; False when it was closed in just this way before.

    Raises:
        LeadMerged: the one it is a duplicate of is closed instead.
        LeadClosedAlready: it was closed in another way.
    """
    _is_head(lead)
    if lead.state == "closed":
        if (lead.valid, lead.closing_reason) == (valid, reason):
            return False
        raise LeadClosedAlready("线索已按其他结论办结。The lead was closed with another result.")
    return True


def decide_merge(duplicate: Lead, kept: Lead, *, has_duplicates: bool, both_rewarded: bool) -> bool:
    """Keep a lead as a duplicate of another (并案); False when it is so already.

    Raises:
        NotMergeable: not one place, not two leads, or each of them rewarded; duplicates are merged one by one.
    """
    if duplicate.merged_into == kept.lead_id:
        return False
    why = None
    if duplicate.lead_id == kept.lead_id:
        why = "不能与自身并案。A lead is no duplicate of itself."
    elif duplicate.compound != kept.compound:
        why = "不在同一小区。They are not about one compound."
    elif duplicate.merged_into or kept.merged_into or has_duplicates:
        why = "其中一条已经并案，请先撤销。One of them is part of a merge; undo that first."
    elif both_rewarded:
        why = "两条均已奖励。Each of them was rewarded."
    if why:
        raise NotMergeable(why, field="kept_lead_id")
    return True


def decide_unmerge(lead: Lead, *, rewarded: bool) -> None:
    """Make a duplicate a lead of its own again.

    Raises:
        NotMerged: it is no duplicate.
        NotMergeable: it holds the reward of the fact, which would then be without one.
    """
    if lead.merged_into is None:
        raise NotMerged("该线索没有并案。The lead is no duplicate of another.")
    if rewarded:
        raise NotMergeable("该线索已获此事奖励，不能撤销并案。The fact's reward went to this lead.")


def decide_reward(head: Lead) -> None:
    """Reward a fact once; the database holds the «once».

    Raises:
        NotRewardable: nobody has found it to be true.
    """
    if not (head.state == "closed" and head.valid):
        raise NotRewardable("仅对查实的线索给予奖励。Only what was found to be true is rewarded.")


def decide_erasure(head: Lead) -> None:
    """Let what was told go once the fact is settled: until then somebody may be in danger.

    Raises:
        LeadOpen: it is still looked into.
    """
    if head.state != "closed":
        raise LeadOpen(
            "线索尚未办结，办结后再清除。It is still looked into.",
            remedy="请先办结该线索或其主线索。Close the lead, or the one it was merged into, first.",
        )


def _is_head(lead: Lead) -> None:
    if lead.merged_into:
        raise LeadMerged(
            "该线索已并案，请办理主线索。It is a duplicate; work on the one it was merged into.",
            kept_lead_id=str(lead.merged_into),
        )
