"""Who may be given a temporary pass, for what, how long and at which hours. Pure (gate rules)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from services.registry.domain.passes import Holder, Validity, require_nothing_against
from shared.events.policy import TemporaryPassKind, TemporaryPassRules
from shared.kernel.days import end_of, start_of
from shared.kernel.refusal import Refusal


class TemporaryPassesUnruled(Refusal):
    """The policy in force says nothing of temporary passes, so none is issued."""

    code: ClassVar[str] = "temporary_passes_unruled"


class TemporaryPassNotAllowed(Refusal):
    """What was asked for goes beyond what policy allows for this purpose; `faults` names everything."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "temporary_pass_not_allowed"


class PurposeNotYours(Refusal):
    """Another role issues passes for this purpose."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "purpose_not_yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a temporary pass admits for. The hours are of each day, local; `daily_until` no longer belongs to them."""

    purpose: str
    first_day: date
    days: int
    daily_from: time
    daily_until: time


def decide_temporary(
    terms: Terms,
    holder: Holder,
    rules: TemporaryPassRules | None,
    *,
    roles: Collection[str],
    now: datetime,
    today: date,
) -> Validity:
    """A pass for a purpose that policy names, by a role that policy names, never to somebody under quarantine.

    Raises:
        TemporaryPassesUnruled: policy has no such section.
        TemporaryPassNotAllowed, PurposeNotYours: the terms, or who gives it.
        PassNotYet, PassSuspended: something stands against the person.
    """
    if rules is None:
        raise TemporaryPassesUnruled(
            "现行规则未规定临时出入证。The policy in force says nothing of temporary passes.",
            remedy="由指挥部修订规则。Headquarters revise the policy.",
        )
    kind = next((one for one in rules.kinds if one.purpose == terms.purpose), None)
    if kind is None:
        raise TemporaryPassNotAllowed(
            "规则中没有该事由。Policy has no such purpose.",
            field="purpose",
            allowed=[one.purpose for one in rules.kinds],
        )
    if faults := tuple(_faults(terms, kind, today)):
        raise TemporaryPassNotAllowed(
            "超出规则允许的范围。This goes beyond what policy allows.",
            field=faults[0][0],
            faults=[{"field": field, "fault": fault} for field, fault in faults],
        )
    if not set(roles) & set(kind.roles):
        raise PurposeNotYours(
            "该事由由其他岗位签发。Another role issues passes for this purpose.",
            field="purpose",
            allowed=list(kind.roles),
        )
    require_nothing_against(holder, today)
    last_day = terms.first_day + timedelta(days=terms.days - 1)
    return Validity(starts=max(now, start_of(terms.first_day)), ends=end_of(last_day))


def _faults(terms: Terms, kind: TemporaryPassKind, today: date) -> Iterator[tuple[str, str]]:
    if terms.days > kind.max_days:
        yield "days", f"最多 {kind.max_days} 天。At most {kind.max_days} days."
    if not today <= terms.first_day <= today + timedelta(days=kind.max_days):
        yield "first_day", f"今日起 {kind.max_days} 天内。From today to {kind.max_days} days on."
    if terms.daily_from >= terms.daily_until:
        yield "daily_until", "结束时间须晚于开始时间。The hours end after they begin."
    if terms.daily_from < kind.daily_from or terms.daily_until > kind.daily_until:
        hours = f"{kind.daily_from:%H:%M}-{kind.daily_until:%H:%M}"
        yield "daily_from", f"限 {hours} 之内。Within {hours}."
