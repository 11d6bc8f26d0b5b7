"""What headquarters have to find, by what happened alone: too long empty, too few rounds, too late answered (R7.2).

A finding is known by its rule, its place and the instant from which on it was one. Posts that are manned again, leads
that are closed and people who have an outcome end it; the rest waits for somebody's word.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from deploy.live.ledger import Ledger
from deploy.live.oracle import arrivals, cleaning, duty, gates
from deploy.live.oracle.waste import Pickup
from deploy.live.oracle.words import DAY, Table, clock, day_of, fever, local, midnight_after
from deploy.town.places import COMPOUNDS

EMPTY_TOO_LONG = timedelta(minutes=10)
ANSWERED_WITHIN = {
    "fever": timedelta(hours=24),
    "focus_area": timedelta(hours=1),
    "first_return": timedelta(hours=4),
}
LOOKED_INTO_WITHIN = {
    "unregistered_outsider": timedelta(hours=4),
    "gathering": timedelta(hours=2),
    "hidden_travel": timedelta(hours=4),
    "gate_unattended": timedelta(hours=2),
    "other": timedelta(hours=24),
}
UNITS_SAY_UNTIL = 17

Found = tuple[str, str, datetime, datetime | None]
"""Rule, compound or unit, since when, and when it was over by itself; None: it is open."""


def findings(ledger: Ledger, arrived: arrivals.Told) -> Table:
    """Every one of them: how many there are of a rule, a place and an instant, and how many of these are open."""
    return _counted(
        (
            *_posts(ledger),
            *_rounds(ledger),
            *_leads(ledger),
            *_reports(ledger, arrived),
            *_fevers(ledger),
            *_units(ledger),
        )
    )


def pickups_open(known: Mapping[tuple[str, str], Pickup]) -> Table:
    """Waste that was not fetched or handed over: per compound and day, as long as nothing else becomes of it."""
    sums = Counter((one.place, day) for (_, day), one in known.items() if one.standing == "missed")
    return {key: (number,) for key, number in sums.items()}


def _counted(found: Iterable[Found]) -> Table:
    sums: dict[tuple[str, str, str], list[int]] = {}
    for rule, place, since, until in found:
        line = sums.setdefault((rule, place, local(since).isoformat()), [0, 0])
        line[0] += 1
        line[1] += until is None
    return {key: tuple(line) for key, line in sums.items()}


def _posts(ledger: Ledger) -> Iterator[Found]:
    places = {act.about["post"]: act.place for act in ledger.of("shift")}
    end = ledger.acts[-1].at
    for post, began, ended in duty.empty(ledger):
        if (ended or end) - began > EMPTY_TOO_LONG:
            yield "duty_gap", places[post], began + EMPTY_TOO_LONG, ended


def _rounds(ledger: Ledger) -> Iterator[Found]:
    for place, day in cleaning.short_by_compound(ledger):
        yield "rounds_missed", place, midnight_after(date.fromisoformat(day)), None


def _leads(ledger: Ledger) -> Iterator[Found]:
    closed = {act.about["lead"]: act.at for act in ledger.of("lead closed")}
    end = ledger.acts[-1].at
    for act in ledger.of("lead"):
        due_at, until = act.at + LOOKED_INTO_WITHIN[act.about["category"]], closed.get(act.key)
        if due_at < (until or end):
            yield "lead_overdue", act.place, due_at, until


def _reports(ledger: Ledger, arrived: arrivals.Told) -> Iterator[Found]:
    end = ledger.acts[-1].at
    for (_, kind), one in arrived.reports.items():
        if kind not in arrivals.INTAKES:
            continue
        since = datetime.fromisoformat(one.at) + ANSWERED_WITHIN[kind]
        if since < (one.answered_at or end):
            yield "report_unanswered", one.act.place, since, one.answered_at


def _fevers(ledger: Ledger) -> Iterator[Found]:
    """Of residents a clinic says that it was nothing, or that it was."""
    opened, end = ledger.acts[0].at, ledger.acts[-1].at
    words = [act for act in ledger.acts if act.kind in {"cleared", "confirmation"}]
    for act in ledger.of("check"):
        if not fever(act.about["temperature"]):
            continue
        seen_at = gates.happened(act, opened)
        said = (one.at for one in words if one.about["who"] == act.about["who"] and one.at >= seen_at)
        until, since = next(said, None), seen_at + ANSWERED_WITHIN["fever"]
        if since < (until or end):
            yield "report_unanswered", act.place, since, until


def _units(ledger: Ledger) -> Iterator[Found]:
    """Nobody in town says the numbers of a unit, so that every day every one of them is late."""
    day, end = day_of(ledger.acts[0].at), ledger.acts[-1].at
    while clock(day, UNITS_SAY_UNTIL) < local(end):
        for unit in sorted({one.neighbourhood for one in COMPOUNDS}):
            yield "unit_report_late", unit, clock(day, UNITS_SAY_UNTIL), None
        day += DAY
