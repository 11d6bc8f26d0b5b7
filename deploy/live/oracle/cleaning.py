"""Rounds that count lie four hours apart; what a site's day lacks at midnight is a shortfall."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from deploy.live.ledger import Ledger
from deploy.live.oracle.words import DAY, Table, day_of

APART = timedelta(minutes=240)
USUAL_ROUNDS = 2
STRONG = ("waste_room", "bin_point", "mask_bin")
RANGE, STRONG_RANGE, ANY_RANGE = (250, 500), (500, 1000), (250, 1000)


def _counted(instants: Iterable[datetime]) -> int:
    number, last = 0, None
    for instant in sorted(instants):
        if last is None or instant - last >= APART:
            number, last = number + 1, instant
    return number


def rounds(ledger: Ledger) -> Table:
    """Every round: where, for which day, whether the solution was right, and whether the day has one more by it."""
    kinds = {act.key: act.about["site_kind"] for act in ledger.of("site")}
    before: dict[tuple[str, str], list[datetime]] = {}
    found: Table = {}
    for act in ledger.of("round"):
        day = day_of(act.at).isoformat()
        logs = before.setdefault((act.about["site"], day), [])
        counts = _counted([*logs, act.at]) > _counted(logs)
        logs.append(act.at)
        kind = kinds[act.about["site"]]
        low, high = STRONG_RANGE if kind in STRONG else ANY_RANGE if kind == "other" else RANGE
        found[act.key,] = (act.place, day, low <= act.about["strength"] <= high, counts)
    return found


def days(ledger: Ledger) -> Table:
    """Per compound and day: rounds logged, rounds that count."""
    sums: dict[tuple[str, str], list[int]] = {}
    for place, day, _, counts in rounds(ledger).values():
        one = sums.setdefault((place, day), [0, 0])
        one[0] += 1
        one[1] += counts
    return {key: tuple(one) for key, one in sums.items()}


def short(ledger: Ledger) -> Table:
    """Every day of a site that was short, and by how many rounds."""
    done: dict[tuple[str, str], int] = {}
    sites = {act.key: act.about["site"] for act in ledger.of("round")}
    for (key,), (_, day, _, counts) in rounds(ledger).items():
        done[sites[key], day] = done.get((sites[key], day), 0) + counts
    first, last = _days(ledger)
    found: Table = {}
    for act in ledger.of("site"):
        if not act.about["active"]:
            continue
        required = act.about["rounds"] or USUAL_ROUNDS
        day = first
        while day <= last:
            lacking = required - done.get((act.key, day.isoformat()), 0)
            if lacking > 0:
                found[act.key, day.isoformat()] = (act.place, lacking)
            day += DAY
    return found


def short_by_compound(ledger: Ledger) -> Table:
    """Per compound and day: sites that were short, rounds that lacked."""
    sums: dict[tuple[str, str], list[int]] = {}
    for (_, day), (place, lacking) in short(ledger).items():
        one = sums.setdefault((place, day), [0, 0])
        one[0] += 1
        one[1] += lacking
    return {key: tuple(one) for key, one in sums.items()}


def _days(ledger: Ledger) -> tuple:  # type: ignore[type-arg]
    listed = [day_of(act.at) for act in ledger.of("site")]
    lived = [day_of(act.at) for act in ledger.of("round")]
    return min(listed), max(lived)
