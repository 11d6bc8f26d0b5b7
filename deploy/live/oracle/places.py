"""Airings count where and when they began; venues are closed unless approved."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from deploy.live.ledger import Act, Ledger
from deploy.live.oracle.words import DAY, TOWN, Table, day_of


def airings(ledger: Ledger) -> Table:
    """Every airing: where, on which day it began, how long."""
    found: Table = {}
    for act in ledger.of("airing"):
        minutes: int = act.about["minutes"]
        began = day_of(act.at - timedelta(minutes=minutes))
        found[act.key,] = (act.place, began.isoformat(), minutes)
    return found


def airings_by_compound(ledger: Ledger) -> Table:
    """Per compound and day: how often."""
    sums: dict[tuple[str, str], int] = {}
    for place, day, _ in airings(ledger).values():
        sums[place, day] = sums.get((place, day), 0) + 1
    return {key: (number,) for key, number in sums.items()}


def venue_changes(ledger: Ledger) -> Table:
    """Every change of a venue, by the day on which it took place."""
    return {(venue, day.isoformat(), status): () for venue, day, status in _changes(ledger)}


def venues(ledger: Ledger) -> Table:
    """How every venue stands at the end."""
    return {(venue,): (status,) for venue, _, status in _changes(ledger)}


def venues_by_compound(ledger: Ledger) -> Table:
    """Per compound, each of which has one: how many are closed, how many may be open."""
    return {
        (venue,): (int(status == "closed"), int(status == "approved_open"))
        for (venue,), (status,) in venues(ledger).items()
    }


def _changes(ledger: Ledger) -> Iterator[tuple[str, date, str]]:
    """In order; an approval that is over closes its venue at the midnight after its last day."""
    end = ledger.acts[-1].at
    for act in ledger.of("venue"):
        yield act.place, day_of(act.at), "closed"
        for approval in (one for one in ledger.of("approval") if one.place == act.place):
            yield act.place, day_of(approval.at), "approved_open"
            over = _last_day(approval) + DAY
            if datetime.combine(over, time(), TOWN) <= end:
                yield act.place, over, "closed"


def _last_day(approval: Act) -> date:
    return date.fromisoformat(approval.about["last_day"])
