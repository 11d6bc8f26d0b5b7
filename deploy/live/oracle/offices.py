"""Risk lists by the figures of the day, passes, leads, and the households that were looked up."""

from collections.abc import Mapping
from datetime import date

from deploy.live.ledger import Ledger
from deploy.live.oracle.observation import Case
from deploy.live.oracle.words import Table, fever
from deploy.town.arrivals import OWN_PREFECTURE, confirmed_on

FOCUS = "420000"
HIGHER_RISK_FROM, CONCERN_FROM = 500, 100
FINAL = frozenset({"done", "empty"})


def areas_on(day: date) -> dict[str, str]:
    """Focus: Hubei; from 500 confirmed cases higher risk, from 100 concern; the town's own prefecture never."""
    found = {FOCUS: "focus"}
    for code, cases in confirmed_on(day).items():
        if code.startswith((FOCUS[:2], OWN_PREFECTURE)):
            continue
        if cases >= CONCERN_FROM:
            found[code] = "higher_risk" if cases >= HIGHER_RISK_FROM else "concern"
    return found


def lists(ledger: Ledger) -> list[tuple[date, Mapping[str, str]]]:
    """The risk lists, each from its day on."""
    days = [date.fromisoformat(act.about["day"]) for act in ledger.of("risk list")]
    return [(day, areas_on(day)) for day in days]


def risk_lists(ledger: Ledger) -> Table:
    """Every risk list, whole."""
    found: Table = {}
    for act in ledger.of("risk list"):
        areas = areas_on(date.fromisoformat(act.about["day"]))
        found[int(act.key),] = (act.about["day"], tuple(sorted(areas.items())))
    return found


def passes(ledger: Ledger, cases: Mapping[str, Case]) -> Table:
    """Who has a pass, and whether it admits at the end: not under observation or with a fever that nobody cleared."""
    held: dict[str, bool] = {}
    issued: dict[str, str] = {}
    for act in ledger.acts:
        if act.kind == "pass" and act.answer.get("issued", True):
            issued[act.about["who"]] = act.place
        elif act.kind == "check" and fever(act.about["temperature"]):
            held[act.about["who"]] = True
        elif act.kind == "cleared":
            held[act.about["who"]] = False
    found: Table = {}
    end = ledger.acts[-1].at
    for who, place in issued.items():
        case = cases.get(who)
        observed = case is not None and case.measure_at(end) is not None
        found[who,] = (place, "suspended" if observed or held.get(who, False) else "active")
    return found


def leads(ledger: Ledger) -> Table:
    """Every lead: where, and whether it was so; None while it is open."""
    closed = {act.about["lead"]: act.about["valid"] for act in ledger.of("lead closed")}
    return {(act.key,): (act.place, closed.get(act.key)) for act in ledger.of("lead")}


def leads_by_compound(ledger: Ledger) -> Table:
    """Per compound: received, open, valid."""
    sums: dict[str, list[int]] = {}
    for place, valid in leads(ledger).values():
        one = sums.setdefault(place, [0, 0, 0])
        one[0] += 1
        one[1] += valid is None
        one[2] += valid is True
    return {(place,): tuple(one) for place, one in sums.items()}


def surveyed(ledger: Ledger) -> Table:
    """Every household that was looked up: what was found, and whether that is final."""
    return {
        (act.key,): (act.place, act.about["outcome"], act.about["outcome"] in FINAL)
        for act in ledger.of("submission")
    }


def surveyed_by_compound(ledger: Ledger) -> Table:
    """Per compound: households that are done."""
    sums: dict[str, int] = {}
    for place, _, final in surveyed(ledger).values():
        sums[place] = sums.get(place, 0) + final
    return {(place,): (number,) for place, number in sums.items() if number}
