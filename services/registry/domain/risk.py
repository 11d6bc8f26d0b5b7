"""Which places are risk areas, and what that makes of somebody who has been there. Pure (R4.6 to R4.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.events.policy import RegisteredOrigin, RiskRules
from shared.events.policy_observation import Category
from shared.kernel.divisions import containing, listed_as


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCount:
    """Cumulative confirmed cases of a place on a day."""

    code: str
    name: str
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedArea:
    """A place that the rules would list, with the figure behind it."""

    code: str
    name: str
    category: Category
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`left_out` reach a threshold too, and lie in the town's own prefecture: who was there has not been away."""

    areas: tuple[ProposedArea, ...]
    left_out: tuple[ProposedArea, ...]


_ENDINGS = ("", "市", "省", "县", "区", "自治区", "自治州", "特别行政区")


def is_called(name: str, text: str) -> bool:
    """Whether people call a place so, with or without what it is: 信阳 is 信阳市."""
    return any(name == f"{text}{ending}" for ending in _ENDINGS)


def category_of(code: str, areas: Mapping[str, Category]) -> Category:
    """The category of somebody who has been in a place: its own entry, or the prefecture's, or the province's.

    Listing a county as `other` takes it out of its listed prefecture. Nothing listed is `other` (R4.8, R4.9).
    """
    listed = listed_as(code, areas)
    return areas[listed] if listed else "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginSays:
    """What a registered origin alone brings: a question, or a category; `other` where it brings none."""

    ask: bool
    category: Category


def decide_origin(
    origin: str | None, areas: Mapping[str, Category], rule: RegisteredOrigin | None
) -> OriginSays:
    """Is somebody asked about travel because of where they are registered? (R4.6)

    The category comes from where somebody has been. Only a policy that says so lets a registered origin count as that.

    Args:
        origin: where the book has them registered; None: not known.
        areas: the risk list.
        rule: what policy has for it.
    """
    listed = category_of(origin, areas) if origin else "other"
    if listed == "other" or rule in {None, "ignore"}:
        return OriginSays(ask=False, category="other")
    return OriginSays(ask=rule == "ask", category=listed if rule == "category" else "other")


def propose_areas(counts: Iterable[CaseCount], rules: RiskRules, *, own_prefecture: str) -> Proposal:
    """Propose a risk list from the case counts of a day, by the thresholds of policy. People edit it (H5).

    Args:
        counts: places with their cumulative confirmed cases; totals of provinces among them.
        rules: focus codes and thresholds.
        own_prefecture: the code of the prefecture that the town belongs to.
    """
    known: dict[str, CaseCount] = {}
    for count in counts:
        if count.code not in known or known[count.code].confirmed < count.confirmed:
            known[count.code] = count
    divided = {province_of(code) for code in known if code != province_of(code)}
    areas: list[ProposedArea] = []
    left_out: list[ProposedArea] = []
    for code, count in sorted(known.items()):
        inherits_focus = any(place in rules.focus_codes for place in containing(code)[1:] if place != code)
        total_of_listed = code in divided and code not in rules.focus_codes
        if inherits_focus or total_of_listed:
            continue
        if (category := _category_by_count(count, rules)) == "other":
            continue
        area = ProposedArea(code=code, name=count.name, category=category, confirmed=count.confirmed)
        (left_out if own_prefecture in containing(code) else areas).append(area)
    unseen = sorted(set(rules.focus_codes) - known.keys())  # focus holds whatever the figures say
    areas += [ProposedArea(code=code, name="", category="focus", confirmed=0) for code in unseen]
    return Proposal(areas=tuple(areas), left_out=tuple(left_out))


def province_of(code: str) -> str:
    """The code of the province that a place lies in."""
    return f"{code[:2]}0000"


def _category_by_count(count: CaseCount, rules: RiskRules) -> Category:
    if count.code in rules.focus_codes:
        return "focus"
    if count.confirmed >= rules.higher_risk_from:
        return "higher_risk"
    return "concern" if count.confirmed >= rules.concern_from else "other"
