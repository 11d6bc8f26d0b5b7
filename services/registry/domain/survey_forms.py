"""Household forms: what may be stated, which of two forms holds, and where they disagree. Pure (R4.1, R4.2, P7, P8)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from services.registry.domain.returnees import Trip
from services.registry.domain.stated import StatedPerson
from shared.events.policy import SurveyRules, Witness
from shared.kernel.refusal import Refusal

Source = Literal["worker", "online", "clerk"]
"""Who filled a form in: a worker at the door, the household by its link, a clerk who merged two."""
FindingKind = Literal[
    "unregistered_returnee", "unknown_tenant", "information_differs", "not_mentioned", "other"
]
OfferKind = Literal["gate_duty", "deliveries", "disinfection", "medical", "translation", "other"]
MemberState = Literal["present", "gone", "new"]
"""Of the record and here; of the record and here no more; here and not of the record."""


class FormOutcome(StrEnum):
    """What came of a visit."""

    DONE = "done"
    ABSENT = "absent"
    REFUSED = "refused"
    EMPTY = "empty"


class Standing(StrEnum):
    """What a form is to its round: the record that holds, one that disagrees with it, or kept for the record."""

    CURRENT = "current"
    CONFLICTING = "conflicting"
    KEPT = "kept"


class TargetUnknown(Refusal):
    """The round does not ask this dwelling."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "dwelling_not_in_round"


class VisitOutsideRound(Refusal):
    """The visit was before the round began, or is still to come."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "visit_outside_round"
    usual_remedy: ClassVar[str | None] = (
        "核对上门时间；以前的上门登记在当时的一轮。"
        "Check the time; earlier visits belong to the round of their day."
    )


class FormInconsistent(Refusal):
    """What is stated does not go with the outcome, or names somebody who is not among the members."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "form_inconsistent"
    usual_remedy: ClassVar[str | None] = "更正该项后重新提交。Correct this part, then send it again."


class WitnessRequired(Refusal):
    """That nobody lives there, somebody has to confirm who knows; `witnesses` names whom policy accepts (P8)."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "witness_required"
    usual_remedy: ClassVar[str | None] = (
        "按 witnesses 填写见证人。Name a witness of those that `witnesses` lists."
    )


class NotOfThisDwelling(Refusal):
    """Somebody is said to be here still, or here no more, of whom the book never had a stay here."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "not_of_this_dwelling"


class OfferUnknown(Refusal):
    """There is no such offer in a form that holds."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "offer_unknown"


class OfferFollowedUp(Refusal):
    """An offer becomes an application once; `application_id` names it."""

    code: ClassVar[str] = "offer_followed_up"


class SurveyedAlready(Refusal):
    """A worker was there already: what the household has to add, it tells them."""

    code: ClassVar[str] = "surveyed_already"


class NoConflict(Refusal):
    """The dwelling's forms of this round do not disagree (any more)."""

    code: ClassVar[str] = "no_conflict"


class SubmissionUnknown(Refusal):
    """There is no such form of this dwelling and round."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "submission_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of a household. `stated` is what a form says of somebody new; `person_ref` who that is, once known."""

    state: MemberState
    person_ref: UUID | None = None
    stated: StatedPerson | None = None

    @property
    def here(self) -> bool:
        """Whether they live here."""
        return self.state != "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to be followed up. `member` is the place in the form's list; a returnee comes with the trip."""

    kind: FindingKind
    member: int | None = None
    note: str | None = None
    trip: Trip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A member's own offer to serve (R3.3)."""

    member: int
    kind: OfferKind
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was found at a dwelling."""

    outcome: FormOutcome
    visited_at: datetime
    members: tuple[Member, ...] = ()
    findings: tuple[Finding, ...] = ()
    offers: tuple[Offer, ...] = ()
    witness: Witness | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A form as it is kept: by which another one is judged."""

    submission_id: UUID
    source: Source
    corrects: UUID | None
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing about which two forms disagree: the outcome, or a member as they stand in either list.

    `first` and `second` are places in the lists of members; `fields` what is stated differently of somebody in both.
    """

    first: int | None = None
    second: int | None = None
    fields: tuple[str, ...] = ()


def decide_form(
    form: Form, *, opened_at: datetime, now: datetime, tolerance: timedelta, rules: SurveyRules | None
) -> None:
    """May this be stated? `tolerance` is how far a device's clock may be off.

    Raises:
        VisitOutsideRound, FormInconsistent, WitnessRequired: as their names say.
    """
    if not opened_at - tolerance <= form.visited_at <= now + tolerance:
        raise VisitOutsideRound(
            "上门时间不在本轮排摸期间。The visit lies before the round began, or in the future.",
            field="visited_at",
        )
    for field, fault in _faults(form):
        raise FormInconsistent(fault, field=field)
    witnesses = rules.empty_witnesses if rules else ()
    if form.outcome is FormOutcome.EMPTY and witnesses and form.witness not in witnesses:
        raise WitnessRequired(
            "登记空置须有物业或邻居见证。That nobody lives there needs a witness.",
            field="witness",
            witnesses=list(witnesses),
        )


def _faults(form: Form) -> Iterator[tuple[str, str]]:
    here = [member for member in form.members if member.here]
    refs = [member.person_ref for member in form.members if member.person_ref]
    match form.outcome:
        case FormOutcome.DONE if not here:
            yield (
                "members",
                "已访须写明住户。A visit that is done names who lives there; where nobody does, say empty.",
            )
        case FormOutcome.EMPTY if here:
            yield "members", "空置房屋没有住户。Nobody lives in an empty dwelling."
        case FormOutcome.ABSENT | FormOutcome.REFUSED if form.members or form.offers:
            yield "members", "未见到住户，不能登记成员。Nobody was met: there are no members to state."
    if len(refs) != len(set(refs)):
        yield "members", "同一人写了两次。Somebody is named twice."
    yield from _faults_of_findings(form)
    for nth, offer in enumerate(form.offers):
        if offer.member >= len(form.members) or not form.members[offer.member].here:
            yield f"offers.{nth}.member", "名单中没有此人。The list of members has nobody at that place."


def _faults_of_findings(form: Form) -> Iterator[tuple[str, str]]:
    for nth, finding in enumerate(form.findings):
        if finding.member is not None and finding.member >= len(form.members):
            yield f"findings.{nth}.member", "名单中没有此人。The list of members has nobody at that place."
        if finding.kind == "unregistered_returnee" and (
            finding.member is None or finding.trip is None or not form.members[finding.member].here
        ):
            yield (
                f"findings.{nth}",
                "返回人员须写明是谁和行程。A returnee is one of the members, with the trip.",
            )
        if finding.kind != "unregistered_returnee" and finding.trip is not None:
            yield f"findings.{nth}.trip", "行程只属于返回人员。A trip is a returnee's."
    for nth, offer in enumerate(form.offers):
        if offer.member >= len(form.members) or not form.members[offer.member].here:
            yield f"offers.{nth}.member", "名单中没有此人。The list of members has nobody at that place."


_RANK = {FormOutcome.DONE: 2, FormOutcome.EMPTY: 2, FormOutcome.ABSENT: 0, FormOutcome.REFUSED: 0}


def decide_standing(new: Filed, current: Filed | None) -> Standing:
    """What a form is to its round, next to the one that holds.

    The same whatever order they arrive in, up to which of two that disagree holds until a clerk chooses.

    A result outweighs a visit without one, and a worker's a household's own; a form that names the one it corrects
    takes its place. Two final results that disagree are a conflict (P7); three times nobody home are none (P8).
    """
    if current is None or new.corrects == current.submission_id:
        return Standing.CURRENT
    if current.corrects == new.submission_id:
        return Standing.KEPT
    mine, theirs = _rank(new), _rank(current)
    if mine != theirs:
        return Standing.CURRENT if mine > theirs else Standing.KEPT
    if mine < _RANK[FormOutcome.DONE]:
        later = (new.form.visited_at, new.submission_id) > (current.form.visited_at, current.submission_id)
        return Standing.CURRENT if later else Standing.KEPT
    agree = new.form.outcome is current.form.outcome and not any(
        differences(current.form.members, new.form.members)
    )
    return Standing.KEPT if agree else Standing.CONFLICTING


def _rank(filed: Filed) -> int:
    return 1 if filed.source == "online" else _RANK[filed.form.outcome]


def differences(first: Sequence[Member], second: Sequence[Member]) -> Iterator[Difference]:
    """Members in one list only, and what is stated differently of those in both."""
    unmatched = dict(enumerate(second))
    for nth, one in enumerate(first):
        found = next((place for place, other in unmatched.items() if _same(one, other)), None)
        if found is None:
            yield Difference(first=nth)
        elif fields := tuple(_differ(one, unmatched.pop(found))):
            yield Difference(first=nth, second=found, fields=fields)
    for place in unmatched:
        yield Difference(second=place)


def _same(one: Member, other: Member) -> bool:
    """Whether two members are one person: known to be, or by document, or by name and birth date."""
    if one.person_ref and other.person_ref:
        return one.person_ref == other.person_ref
    if one.stated is None or other.stated is None:
        return False
    papers = {(paper.kind, paper.number) for paper in one.stated.documents}
    if papers & {(paper.kind, paper.number) for paper in other.stated.documents}:
        return True
    return (one.stated.name, one.stated.born) == (other.stated.name, other.stated.born)


def _differ(one: Member, other: Member) -> Iterator[str]:
    if one.here != other.here:
        yield "state"
    if one.stated and other.stated:
        for field in ("name", "sex", "born", "documents", "phone", "relation"):
            if getattr(one.stated, field) != getattr(other.stated, field):
                yield field


def visits_apart(visits: Iterable[datetime], spacing: timedelta) -> int:
    """How many visits there were at different times: one soon after another counts with it (P8)."""
    count, last = 0, None
    for visit in sorted(visits):
        if last is None or visit - last >= spacing:
            count, last = count + 1, visit
    return count
