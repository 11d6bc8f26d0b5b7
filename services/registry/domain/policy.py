"""May this document become the policy? Pure (R1.2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import get_args

from services.registry.domain.applications import PaperKind
from services.registry.domain.errors import EffectiveTooEarly, NotTheNextVersion, PolicyInconsistent
from services.registry.domain.gate_table import table_faults
from shared.events.policy import (
    LeadCategory,
    PassApplicationRules,
    PolicyDocument,
    PostRules,
    TemporaryPassRules,
)
from shared.events.policy_inspections import FindingCode, Inspected, InspectionRules
from shared.events.policy_observation import Category, ObservationRules
from shared.events.policy_reporting import DailyReportRules, ReportingRules
from shared.events.policy_sanitation import SanitationRules, SiteKind
from shared.events.policy_supervision import FindingRule, LiveReason, Reported, SupervisionRules

MUST_CODE = r"[a-z][a-z0-9_]{0,39}"
ISSUING_ROLES = frozenset({"community_clerk", "shift_leader", "hq_officer"})
"""Roles that may issue temporary passes at all; policy names those of each purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A policy as it was put in force: `effective_from` is its first business day."""

    version: int
    effective_from: date
    document: PolicyDocument


def decide_revision(
    *, version: int, effective_from: date, document: PolicyDocument, latest: PolicyVersion | None, today: date
) -> PolicyVersion:
    """Accept the next version, or say what is wrong with it.

    Never for a day that is over: what was decided then keeps its rules. Of what is still to come nothing is fixed: a
    version may begin before one that is planned, which then takes over on its day, or on that very day in its place.

    Raises:
        NotTheNextVersion, EffectiveTooEarly, PolicyInconsistent: as their names say.
    """
    following = latest.version + 1 if latest else 1
    if version != following:
        raise NotTheNextVersion(
            f"下一个版本号是 {following}。The next version is {following}.", field="version", next=following
        )
    decide_effect(effective_from, first=latest is None, today=today)
    if faults := tuple(inconsistencies(document)):
        raise PolicyInconsistent(
            "规则文件有矛盾或缺漏。The document contradicts itself or leaves a case open.",
            field=f"document.{faults[0][0]}",
            faults=[{"field": f"document.{field}", "fault": fault} for field, fault in faults],
        )
    return PolicyVersion(version=version, effective_from=effective_from, document=document)


def decide_effect(effective_from: date, *, first: bool, today: date) -> None:
    """May a version begin on this day? The very first may begin on any.

    Raises:
        EffectiveTooEarly: the day is over.
    """
    if not first and effective_from < today:
        raise EffectiveTooEarly(
            f"生效日期最早为 {today}。It can take effect from {today} at the earliest.",
            field="effective_from",
            earliest=today.isoformat(),
        )


def inconsistencies(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    """Every contradiction or gap in a document, as field and fault."""
    yield from _of_checks(document)
    if document.gate_table is not None:
        yield from (("gate_table", fault) for fault in table_faults(document.gate_table))
    yield from _of_observation(document.observation)
    yield from _of_sanitation(document.sanitation)
    if not 0 < document.risk.concern_from <= document.risk.higher_risk_from:
        yield (
            "risk",
            "应满足 0 < concern_from <= higher_risk_from。0 < concern_from <= higher_risk_from is needed.",
        )
    retention = document.retention
    if min(retention.health_days, retention.contact_days, retention.trip_days) < 0:
        yield "retention", "天数不能为负。Days are not negative."
    yield from _of_follow_up(document)
    duty = document.duty
    if duty is not None and duty.grace_minutes >= duty.longest_shift_minutes:
        yield (
            "duty",
            "grace_minutes 应小于 longest_shift_minutes。grace_minutes is less than longest_shift_minutes.",
        )
    for category in get_args(LeadCategory):
        if document.leads.due_hours.get(category, 0) < 1:
            yield "leads.due_hours", f"{category} 至少一小时。{category}: at least an hour."
    yield from _of_later_sections(document)


def _of_later_sections(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    if document.daily_report:
        yield from _of_daily_report(document.reporting, document.daily_report)
    if document.inspections:
        yield from _of_inspections(document.inspections)
    if document.venues:
        for nth, kind in enumerate(document.venues.kinds):
            if not re.fullmatch(MUST_CODE, kind) or document.venues.kinds.count(kind) > 1:
                yield (
                    f"venues.kinds.{nth}",
                    f"应为 cards_room 这样的代码，且不重复：{MUST_CODE}。A code such as cards_room, once.",
                )
    if document.supervision:
        yield from _of_supervision(document.supervision, document)
    if document.posts:
        yield from _of_posts(document.posts)
    if document.temporary_passes:
        yield from _of_temporary_passes(document.temporary_passes)
    if document.pass_applications:
        yield from _of_pass_applications(document.pass_applications)


def _of_daily_report(day: ReportingRules, report: DailyReportRules) -> Iterator[tuple[str, str]]:
    if (day.cut_off.minute, day.cut_off.second, day.cut_off.microsecond) != (0, 0, 0):
        yield (
            "reporting.cut_off",
            "应为整点，当日数据按小时汇总。A full hour: the figures of a day are added up by the hour.",
        )
    if report.confirm_until <= day.cut_off:
        yield "daily_report.confirm_until", "应晚于同日的 cut_off。After cut_off, on the same day."


def _of_inspections(rules: InspectionRules) -> Iterator[tuple[str, str]]:
    listed = [one.inspected for one in rules.checklists]
    if sorted(listed) != sorted(set(get_args(Inspected)) - {"round"}):
        yield (
            "inspections.checklists",
            "除消杀外每类对象应有且只有一份清单。One for each kind of thing but a round.",
        )
    for nth, checklist in enumerate(rules.checklists):
        codes = [item.code for item in checklist.items]
        if len(codes) != len(set(codes)) or set(codes) & set(get_args(FindingCode)):
            yield (
                f"inspections.checklists.{nth}.items",
                "代码不能重复，也不能与 findings 的代码相同。Each code once, and none that is a finding's.",
            )
    if sorted(one.code for one in rules.findings) != sorted(get_args(FindingCode)):
        yield "inspections.findings", f"以下各填一项：{', '.join(get_args(FindingCode))}。Each of these once."
    levels = list(rules.escalate_after_hours)
    if levels != sorted(set(levels)) or levels[0] < 0:
        yield "inspections.escalate_after_hours", "小时数应逐级增加。Hours rise from level to level."
    stated = [item for checklist in rules.checklists for item in checklist.items] + list(rules.findings)
    if any(item.mend_within_hours > rules.longest_deadline_hours for item in stated):
        yield "inspections.longest_deadline_hours", "各项整改期限不能超过此值。No deadline is longer."


def _of_supervision(rules: SupervisionRules, document: PolicyDocument) -> Iterator[tuple[str, str]]:
    for name, stated, known in (
        ("rules", rules.rules, FindingRule),
        ("live_weights", rules.live_weights, LiveReason),
        ("answer_within_minutes", rules.answer_within_minutes, Reported),
    ):
        if missing := [one for one in get_args(known) if one not in stated]:
            yield f"supervision.{name}", f"缺少：{', '.join(missing)}。These are missing."
    if any(weight < 0 for weight in rules.live_weights.values()):
        yield "supervision.live_weights", "权重不能为负。Weights are not negative."
    if any(minutes < 1 for minutes in rules.answer_within_minutes.values()):
        yield "supervision.answer_within_minutes", "至少一分钟。At least a minute."
    hours = [step.after_hours for step in rules.escalation]
    if hours != sorted(set(hours)):
        yield "supervision.escalation", "小时数应逐级增加。Hours rise from step to step."
    devices = document.gate.devices
    if devices is not None and rules.gate_offline_minutes * 60 < devices.quiet_after_seconds:
        yield (
            "supervision.gate_offline_minutes",
            "不能短于 gate.devices 认定离线的时间。Not before a gate counts as away (gate.devices).",
        )
    if any(terms.mend_within_minutes > rules.longest_deadline_hours * 60 for terms in rules.rules.values()):
        yield "supervision.longest_deadline_hours", "各项整改期限不能超过此值。No deadline is longer."


def _of_pass_applications(rules: PassApplicationRules) -> Iterator[tuple[str, str]]:
    for nth, group in enumerate(rules.papers):
        if not group or set(group) - set(get_args(PaperKind)):
            yield (
                f"pass_applications.papers.{nth}",
                f"从以下选填：{', '.join(get_args(PaperKind))}。Some of these.",
            )


def _of_temporary_passes(rules: TemporaryPassRules) -> Iterator[tuple[str, str]]:
    purposes = [kind.purpose for kind in rules.kinds]
    if len(purposes) != len(set(purposes)):
        yield "temporary_passes.kinds", "事由不能重复。Each purpose once."
    for nth, kind in enumerate(rules.kinds):
        if kind.daily_from >= kind.daily_until:
            yield f"temporary_passes.kinds.{nth}.daily_until", "应晚于 daily_from。After daily_from."
        if not kind.roles or set(kind.roles) - ISSUING_ROLES:
            yield (
                f"temporary_passes.kinds.{nth}.roles",
                f"从以下选填：{', '.join(sorted(ISSUING_ROLES))}。Some of these.",
            )


def _of_posts(rules: PostRules) -> Iterator[tuple[str, str]]:
    stated = [(need.place, need.kind, need.staffed_only) for need in rules.needs]
    if len(stated) != len(set(stated)):
        yield "posts.needs", "每类地点和人员只填一个数。One number for each kind of place and person."
    for nth, need in enumerate(rules.needs):
        if need.staffed_only and need.place != "compound":
            yield (
                f"posts.needs.{nth}.staffed_only",
                "只有小区可以是专人加强管控。Only a compound can be staffed.",
            )


def _of_checks(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    temperature = document.temperature
    if not temperature.plausible_from_c < temperature.fever_from_c <= temperature.plausible_to_c:
        yield (
            "temperature",
            "应满足 plausible_from_c < fever_from_c <= plausible_to_c。fever_from_c lies between the two.",
        )
    musts = document.gate.musts
    if len(musts) != len(set(musts)):
        yield "gate.musts", "不能重复。Each once."
    for nth, must in enumerate(musts):
        if not re.fullmatch(MUST_CODE, must):
            yield f"gate.musts.{nth}", f"应为 boot 这样的代码：{MUST_CODE}。A code such as boot."
    limits = [limit.from_m2 for limit in document.checkpoints.city_limits]
    if limits != sorted(set(limits)) or limits[:1] != [0]:
        yield "checkpoints.city_limits", "面积应从 0 起逐档增加。Areas rise from 0."
    offline = document.gate.offline
    if not 0 <= offline.admit_up_to_minutes <= offline.action_up_to_minutes:
        yield (
            "gate.offline",
            "admit_up_to_minutes 不能为负或大于 action_up_to_minutes。It is neither negative nor the longer one.",
        )
    sync = document.gate.sync
    if sync is not None and sync.two_places_within_seconds > sync.copied_pass_within_seconds:
        yield (
            "gate.sync",
            "two_places_within_seconds 不能大于 copied_pass_within_seconds。It is not the longer one.",
        )
    devices = document.gate.devices
    if devices is not None and devices.quiet_after_seconds > offline.action_up_to_minutes * 60:
        yield (
            "gate.devices",
            "quiet_after_seconds 不能超过 offline.action_up_to_minutes。It lies within offline.action_up_to_minutes.",
        )


def _of_follow_up(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    rules = document.follow_up
    if rules is None:
        return
    steps = [*rules.remind_after_minutes, rules.grid_worker_after_minutes]
    if min(steps) < 0 or steps != sorted(set(steps)):
        yield (
            "follow_up",
            "remind_after_minutes 应逐次推后，grid_worker_after_minutes 最晚。Each later than the one before.",
        )
    if rules.quiet_from == rules.quiet_until:
        yield (
            "follow_up.quiet_until",
            "静默时段的起止不能相同。Quiet hours end at another time than they begin.",
        )


def _of_observation(rules: ObservationRules) -> Iterator[tuple[str, str]]:
    for category in get_args(Category):
        if category not in rules.measures:
            yield "observation.measures", f"缺少 {category} 的措施。No measure for {category}."
    for name, window in (("morning", rules.morning), ("evening", rules.evening)):
        if window.opens >= window.closes:
            yield f"observation.{name}", "opens 应早于 closes。It opens before it closes."
    if not 1 <= rules.visit_after_missed <= rules.headquarters_after_missed:
        yield (
            "observation.headquarters_after_missed",
            "上门应先于报指挥部。A visit comes before headquarters.",
        )


def _of_sanitation(rules: SanitationRules) -> Iterator[tuple[str, str]]:
    if sorted(rule.kind for rule in rules.rounds) != sorted(get_args(SiteKind)):
        yield "sanitation.rounds", "每类点位应有且只有一条规则。One rule for each kind of site."
    for rule in rules.rounds:
        if not 0 < rule.concentration_from_mg_l <= rule.concentration_to_mg_l:
            yield (
                "sanitation.rounds",
                f"{rule.kind} 的浓度下限应大于 0 且不超过上限。Its range begins above 0 and rises.",
            )
    airing = [rule.kind for rule in rules.airing or ()]
    if len(airing) != len(set(airing)):
        yield "sanitation.airing", "每类点位只填一次。Each kind of site once."
    if rules.waste and rules.waste.same_day_before > rules.waste.usual_hour:
        yield "sanitation.waste.same_day_before", "不能晚于 usual_hour。Not after usual_hour."
