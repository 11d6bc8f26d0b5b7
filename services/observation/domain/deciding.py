"""What may an officer decide about a case, and what follows? (O3, O5, O6, R4.6 to R4.8, R7.4)."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar, assert_never

from services.observation.domain.case import (
    Approver,
    Case,
    Closing,
    Ending,
    Rescheduling,
    ReschedulingKind,
    State,
    TechnicalMeans,
)
from services.observation.domain.refusals import (
    AnchorInFuture,
    ApprovalMissing,
    CaseChanged,
    CaseEnded,
    ExtensionTooShort,
    InMedicalHands,
    NothingChanges,
    NotInterrupted,
    OverBeforeOpening,
    PlaceMissing,
    ReleaseTooEarly,
    TermsMissing,
)
from shared.events.policy_observation import Category, Measure, ObservationRules
from shared.events.registry.returnees import AnchorBasis
from shared.kernel.days import local_day

EndingKind = Literal["transferred", "died", "left_town", "cancelled"]
"""Endings that an officer may record; `merged` follows from the merging of two people only."""
DecisionKind = Literal[
    "resume",
    "restart",
    "close",
    "correct_anchor",
    "extend",
    "re_exposure",
    "change_measure",
    "transferred",
    "died",
    "left_town",
    "cancelled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a decision of some kinds names besides its reason.

    Attributes:
        anchor_date: the corrected day 0, with `anchor_basis`.
        extra_days: by how many days the period is extended.
        last_exposure: the day of a new exposure.
        measure, category: what holds from now on; the category stays where none is named.
        approver: which role or unit approved the measure, where policy asks for it.
        site, room: where somebody under centralized observation is; personal, kept sealed.
    """

    anchor_date: date | None = None
    anchor_basis: AnchorBasis | None = None
    extra_days: int | None = None
    last_exposure: date | None = None
    measure: Measure | None = None
    category: Category | None = None
    approver: Approver | None = None
    technical_means: TechnicalMeans | None = None
    site: str | None = field(default=None, repr=False)
    room: str | None = field(default=None, repr=False)

    def content(self) -> str:
        """Everything that was said, in one canonical text."""
        given = [
            self.anchor_date,
            self.anchor_basis,
            self.extra_days,
            self.last_exposure,
            self.measure,
            self.category,
            self.approver,
            self.technical_means,
            self.site,
            self.room,
        ]
        return "|".join("" if value is None else str(value) for value in given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What somebody saw of a case when they decided; what is None was not looked at."""

    state: State | None = None
    measure: Measure | None = None
    last_day: date | None = None


_TERMS: Mapping[str, str] = {
    "anchor_date": "起算日期",
    "anchor_basis": "起算依据",
    "extra_days": "延长天数",
    "last_exposure": "末次接触日期",
    "measure": "观察方式",
}
NO_TERMS = Terms()
NOT_SEEN = Seen()
T = TypeVar("T")


def decide_decision(
    case: Case,
    kind: DecisionKind,
    *,
    now: datetime,
    terms: Terms = NO_TERMS,
    rules: ObservationRules | None = None,
) -> Case:
    """Carry out a decision; tells the case after it.

    Resuming moves the last day by the days of the interruption; restarting makes the day of the decision day 0;
    closing releases a person whose period is over but incomplete. The caller settles the case before and after: a
    period may be over the moment it is resumed. A new exposure that does not reach beyond the last day changes
    nothing: the case comes back as it was.

    Args:
        case: as it stands.
        kind: what is decided.
        now: when.
        terms: what the kind of decision names besides.
        rules: those in force; needed to change a measure.

    Raises:
        CaseEnded, NotInterrupted, InMedicalHands, ReleaseTooEarly, TermsMissing, AnchorInFuture, OverBeforeOpening,
        NothingChanges, ExtensionTooShort, ApprovalMissing, PlaceMissing.
    """
    if case.is_over:
        raise CaseEnded("健康观察已结束。The observation is over.")
    at = max(now, case.settled_through)
    match kind:
        case "resume" | "restart":
            after = _gone_on(case, kind, at)
        case "close":
            after = _released(case, at)
        case "correct_anchor":
            after = _anchor_corrected(case, terms, at)
        case "extend":
            after = _extended(case, _named(terms.extra_days, "extra_days"), "extended", at)
        case "re_exposure":
            after = exposed_again(case, _named(terms.last_exposure, "last_exposure"), at)
        case "change_measure":
            after = _measure_changed(case, terms, rules)
        case "transferred" | "died" | "left_town" | "cancelled":
            after = closed(case, kind, at)
        case _:
            assert_never(kind)
    return after


def check_seen(case: Case, seen: Seen) -> None:
    """Insist that what somebody decides about still holds: of two who decide at once, the second looks again.

    Raises:
        CaseChanged: with what holds now.
    """
    holds = (case.state, case.measure_now, case.last_day)
    if any(was is not None and was != now for was, now in zip(astuple(seen), holds, strict=True)):
        raise CaseChanged(
            "此个案在您打开页面之后有了变化，没有执行您的决定。"
            "The case has changed since you looked at it; your decision was not carried out.",
            remedy="请看现在的情况，再作决定。Look at what holds now, then decide.",
            state=case.state.value,
            measure=case.measure_now,
            last_day=case.last_day.isoformat(),
        )


def closed(case: Case, ending: Closing, at: datetime) -> Case:
    """End a case without a release."""
    return replace(case, ended_at=at, closed_as=ending, version=case.version + 1)


def exposed_again(case: Case, last_exposure: date, at: datetime) -> Case:
    """Count the period from a new exposure if that ends later: it may extend, and never shortens."""
    if last_exposure > local_day(at):
        raise AnchorInFuture(
            "末次接触日期不能晚于今天。The last exposure cannot lie in the future.", field="last_exposure"
        )
    return as_long_as(case, last_exposure + timedelta(days=case.days), at)


def as_long_as(case: Case, last_day: date, at: datetime) -> Case:
    """Count a case at least up to a day."""
    more = (last_day - case.last_day).days
    return case if more <= 0 else _extended(case, more, "re_exposure", at)


def restarted(case: Case, day_zero: date, category: Category, measure: Measure, at: datetime) -> Case:
    """Begin the days anew from a last exposure, as a confirmed contact demands (O9)."""
    began = _rescheduled(case, "restarted", at, day_zero=day_zero, basis="last_exposure")
    return replace(began, category=category, measure=measure)


def withdrawn(case: Case, at: datetime) -> Case:
    """Let the clock go on as if by `resume`: the reading for which it stopped was mistyped, and nothing else holds it.

    Raises:
        NotInterrupted.
    """
    return _gone_on(case, "withdrawn", max(at, case.settled_through))


def _gone_on(case: Case, kind: Ending, at: datetime) -> Case:
    stop = case.open_interruption
    if stop is None:
        raise NotInterrupted(
            "观察未中断，无需恢复。The observation is not interrupted.", field="kind", state=case.state.value
        )
    ended = replace(stop, ended_at=at, ended_by=kind)
    return replace(case, interruptions=(*case.interruptions[:-1], ended), version=case.version + 1)


def _released(case: Case, at: datetime) -> Case:
    if case.state is State.MEDICAL:
        raise InMedicalHands(
            "人员正在就医，请先决定恢复或重新观察。In medical hands: decide to resume or restart first.",
            field="kind",
        )
    if case.state is State.UNDER_OBSERVATION:
        raise ReleaseTooEarly(
            f"观察期至 {case.last_day} 24 时结束，不得提前解除。The period ends at 24:00 of {case.last_day}.",
            field="kind",
            last_day=case.last_day.isoformat(),
            first_possible=case.pass_from.isoformat(),
        )
    return replace(case, ended_at=at, version=case.version + 1)


def _anchor_corrected(case: Case, terms: Terms, at: datetime) -> Case:
    day, basis = _named(terms.anchor_date, "anchor_date"), _named(terms.anchor_basis, "anchor_basis")
    if day > local_day(at):
        raise AnchorInFuture(
            "起算日期不能晚于今天。Day 0 cannot lie in the future.",
            field="anchor_date",
            remedy="请核对票据日期。Check the date on the ticket.",
        )
    if day == case.day_zero:
        raise NothingChanges("起算日期没有变化。Day 0 is this day already.", field="anchor_date")
    after = anchored(case, day, basis, at)
    if after.last_day < local_day(case.opened_at):
        raise OverBeforeOpening(
            f"以 {day} 起算，观察期在登记之前已满。Counted from {day}, the period was over before it was opened.",
            field="anchor_date",
            remedy="请核对年份和日期；登记有误的，撤销该观察。Check year and day; cancel what was opened in error.",
        )
    return after


def anchored(case: Case, day_zero: date, basis: str, at: datetime) -> Case:
    """Count a case from another day 0."""
    return _rescheduled(case, "anchor_corrected", at, day_zero=day_zero, basis=basis)


def _extended(case: Case, days: int, kind: ReschedulingKind, at: datetime) -> Case:
    after = _rescheduled(case, kind, at, extra_days=days)
    if kind == "extended" and after.last_day < local_day(at):
        raise ExtensionTooShort(
            f"延长后的最后一天 {after.last_day} 已过。The extended period would be over on {after.last_day} already.",
            field="extra_days",
        )
    return after


def _rescheduled(
    case: Case,
    kind: ReschedulingKind,
    at: datetime,
    *,
    day_zero: date | None = None,
    basis: str | None = None,
    extra_days: int = 0,
) -> Case:
    change = Rescheduling(
        number=len(case.reschedulings) + 1,
        kind=kind,
        at=at,
        day_zero=day_zero,
        basis=basis,
        extra_days=extra_days,
    )
    return replace(
        case,
        reschedulings=(*case.reschedulings, change),
        awaiting_since=None,
        version=case.version + 1,
    )


def _measure_changed(case: Case, terms: Terms, rules: ObservationRules | None) -> Case:
    measure: Measure = _named(terms.measure, "measure")
    category: Category = terms.category or case.category
    if measure == "medical" or case.state is State.MEDICAL:
        raise InMedicalHands(
            "就医期间由发热流程处理，不能变更观察方式。In medical hands the fever path decides, not this.",
            field="measure",
        )
    if (measure, category) == (case.measure, case.category):
        raise NothingChanges("观察方式没有变化。The measure is this one already.", field="measure")
    approval = () if rules is None else rules.approval_required
    if (category, measure) in approval and (terms.approver is None or terms.technical_means is None):
        raise ApprovalMissing(
            "该类人员居家隔离须经批准，并落实技防措施。This measure needs an approver and technical means.",
            field="approver" if terms.approver is None else "technical_means",
            remedy="请填写批准单位和技防措施。Name who approved it and the technical means.",
        )
    if measure == "centralized_observation" and not (terms.site and terms.room):
        raise PlaceMissing(
            "集中观察须填写观察点和房间。Centralized observation needs the site and the room.",
            field="room" if terms.site else "site",
        )
    return replace(case, measure=measure, category=category, version=case.version + 1)


def _named(value: T | None, name: str) -> T:
    if value is None:
        raise TermsMissing(
            f"该决定须填写{_TERMS[name]}。This decision needs {name}.",
            field=name,
            remedy=f"请填写{_TERMS[name]}。Give {name}.",
        )
    return value
