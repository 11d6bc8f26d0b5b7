"""The policy of a day."""

from datetime import date, timedelta
from typing import ClassVar

from services.sanitation.domain.late import LateRules
from services.sanitation.domain.rounds import RoundRules
from services.sanitation.store import copies as copies_store
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.events.policy_inspections import Finding, FindingCode, Inspected, InspectionRules, VenueRules
from shared.events.policy_sanitation import SiteKind
from shared.http.problem import PolicyUnknown
from shared.kernel.refusal import PolicySilent, Refusal


class NoPolicyOnThatDay(Refusal):
    """Policy is known, but none was in force on the day in question."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "no_policy_on_that_day"


class NoRuleForKind(Refusal):
    """Policy has no rule for this kind of site."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "no_rule_for_kind"


async def in_force(conn: Conn, day: date) -> copies_store.PolicyInForce:
    """The policy of a day.

    Raises:
        NoPolicyOnThatDay: none was in force then.
        PolicyUnknown: the registry has told of none yet.
    """
    policy = await copies_store.policy_of(conn, day)
    if policy is not None:
        return policy
    if await conn.fetchval(copies_store.ANY_POLICY):
        raise NoPolicyOnThatDay("当日没有生效的规则。No policy was in force on that day.")
    raise PolicyUnknown


def late_rules(document: PolicyDocument) -> LateRules | None:
    """What a policy says about late logs; None where it is silent."""
    late = document.sanitation.late
    return LateRules(code_for=timedelta(hours=late.code_hours), entry_days=late.entry_days) if late else None


def clock_tolerance(document: PolicyDocument) -> timedelta:
    """By how much the clocks of phones may differ from ours."""
    return timedelta(seconds=document.gate.future_stamp_seconds)


def rules_of(document: PolicyDocument, kind: SiteKind) -> RoundRules:
    """What a policy says about a kind of site.

    Raises:
        NoRuleForKind: nothing.
    """
    for rule in document.sanitation.rounds:
        if rule.kind == kind:
            return RoundRules(
                spacing=timedelta(minutes=rule.spacing_minutes),
                concentration_from_mg_l=rule.concentration_from_mg_l,
                concentration_to_mg_l=rule.concentration_to_mg_l,
            )
    raise NoRuleForKind("现行规则没有规定这类点位。Policy has no rule for this kind of site.")


def inspection_rules(document: PolicyDocument) -> InspectionRules:
    """What a policy says about inspections and orders.

    Raises:
        PolicySilent: nothing.
    """
    if document.inspections is None:
        raise PolicySilent("inspections")
    return document.inspections


def venue_rules(document: PolicyDocument) -> VenueRules:
    """What a policy says about venues.

    Raises:
        PolicySilent: nothing.
    """
    if document.venues is None:
        raise PolicySilent("venues")
    return document.venues


def checklist_of(rules: InspectionRules, inspected: Inspected) -> tuple[Finding, ...]:
    """What is looked at in a kind of thing; nothing where policy has no list for it."""
    return next((one.items for one in rules.checklists if one.inspected == inspected), ())


def finding(rules: InspectionRules, code: FindingCode) -> Finding:
    """A finding that no checklist names.

    Raises:
        PolicySilent: policy does not describe it.
    """
    found = next((one for one in rules.findings if one.code == code), None)
    if found is None:
        raise PolicySilent(f"inspections.findings.{code}")
    return found
