"""All that must have come of a ledger: one table for each thing that is compared."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from deploy.live.ledger import Ledger
from deploy.live.oracle import arrivals, cleaning, duty, findings, gates, observation, offices, places, waste
from deploy.live.oracle.words import Table, clock, day_of, local

CUT_OFF = 16
"""The hour up to which a day's report reaches."""
LET = frozenset({"admit", "admit_with_action"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What must be there; keys are the ledger's own names, of cases who is observed."""

    checks: Table
    vehicles: Table
    fevers: Table
    quarantine_exits: Table
    quarantine_flags: Table
    loops: Table
    tasks: Table
    applications: Table
    first_returns: Table
    focus_reports: Table
    applied: Table
    settled: Table
    answers_sent: Table
    intakes: Table
    cases: Table
    roll: Table
    declarations: Table
    missed: Table
    passes: Table
    vehicle_passes: Table
    rounds: Table
    short: Table
    airings: Table
    venue_changes: Table
    venues: Table
    pickups: Table
    pickups_due: Table
    pickups_missed: Table
    fetched: Table
    turns: Table
    gaps: Table
    leads: Table
    surveyed: Table
    risk_lists: Table
    flows: Table
    vehicle_flows: Table
    days: Table
    short_by_compound: Table
    airings_by_compound: Table
    venues_by_compound: Table
    waste_by_compound: Table
    passes_by_compound: Table
    leads_by_compound: Table
    surveyed_by_compound: Table
    reported: Table
    findings: Table
    pickups_open: Table
    reports: Table


def outcome_of(
    ledger: Ledger,
    *,
    by_device: Collection[str],
    shown_by_device: Collection[str],
    before_driver: Collection[str] = (),
) -> Outcome:
    """Reckon it.

    Args:
        ledger: what was done.
        by_device: checks and cars of which a device's own decision is kept.
        shown_by_device: those of which it was shown; more than the former where an answer was lost on its way.
        before_driver: cars that the gate judged while what it had been asked of the driver was still on its way.
    """
    cases = observation.cases_of(ledger, offices.lists(ledger))
    end = ledger.acts[-1].at
    checks = gates.checks(ledger, cases, by_device)
    leaving = gates.quarantine_exits(ledger, cases, checks)
    vehicles = gates.vehicles(ledger, cases, by_device, shown_by_device, before_driver)
    passes = offices.passes(ledger, cases)
    arrived = arrivals.told(ledger, cases)
    pickups = waste.reckoned(ledger, cases)
    return Outcome(
        checks=checks,
        vehicles=vehicles,
        fevers=gates.fevers(ledger),
        quarantine_exits=leaving,
        quarantine_flags={key: (place, at, verdict in LET) for key, (place, at, verdict) in leaving.items()},
        loops=arrivals.loops(arrived),
        tasks=arrivals.tasks(arrived),
        applications=arrivals.applications(arrived),
        first_returns=arrivals.first_returns(arrived),
        focus_reports=arrivals.focus_reports(arrived),
        applied=arrivals.applied(arrived),
        settled=arrivals.settled(arrived),
        answers_sent=arrivals.answers_sent(arrived),
        intakes={
            (act.key,): (
                act.place,
                cases[act.key].category,
                cases[act.key].measure,
                cases[act.key].day_zero.isoformat(),
            )
            for act in ledger.of("intake")
        },
        cases={
            (who,): (case.place, case.state_at(end), case.measure, case.last_day.isoformat())
            for who, case in cases.items()
        },
        roll={
            (who,): (case.place, case.state_at(end), case.held_last(end), case.last_day.isoformat())
            for who, case in cases.items()
        },
        declarations=observation.declarations(ledger),
        missed={
            (who, one.day.isoformat(), one.name): (streak,)
            for who, case in cases.items()
            for one, streak in case.missed(end)
        },
        passes=passes,
        vehicle_passes={
            (act.about["who"],): (act.place,) for act in ledger.of("pass") if act.about["drives"]
        },
        rounds=cleaning.rounds(ledger),
        short=cleaning.short(ledger),
        airings=places.airings(ledger),
        venue_changes=places.venue_changes(ledger),
        venues=places.venues(ledger),
        pickups=waste.pickups(pickups),
        pickups_due=waste.due(pickups),
        pickups_missed=waste.missed(pickups),
        fetched=waste.fetched(pickups),
        turns=duty.turns(ledger),
        gaps=duty.gaps(ledger),
        leads=offices.leads(ledger),
        surveyed=offices.surveyed(ledger),
        risk_lists=offices.risk_lists(ledger),
        flows=gates.flows(checks, fever_reason=True),
        vehicle_flows=gates.flows(vehicles, fever_reason=False),
        days=cleaning.days(ledger),
        short_by_compound=cleaning.short_by_compound(ledger),
        airings_by_compound=places.airings_by_compound(ledger),
        venues_by_compound=places.venues_by_compound(ledger),
        waste_by_compound=waste.by_compound(pickups, end),
        passes_by_compound=_counted(passes),
        leads_by_compound=offices.leads_by_compound(ledger),
        surveyed_by_compound=offices.surveyed_by_compound(ledger),
        reported=arrivals.reported(arrived),
        findings=findings.findings(ledger, arrived),
        pickups_open=findings.pickups_open(pickups),
        reports=_reports(ledger, checks),
    )


def _counted(passes: Table) -> Table:
    sums: dict[str, int] = {}
    for place, state in passes.values():
        sums[place] = sums.get(place, 0) + (state == "active")
    return {(place,): (number,) for place, number in sums.items() if number}


def _reported_on(instant: datetime) -> date:
    """In whose day's report something counts."""
    day = day_of(instant)
    return day if instant <= clock(day, CUT_OFF) else day.fromordinal(day.toordinal() + 1)


def _reports(ledger: Ledger, checks: Table) -> Table:
    """What each day's report tells of the whole town: let in, let out, came back."""
    last = day_of(ledger.acts[-1].at)
    days = sorted({day_of(act.at) for act in ledger.of("round")})
    sums = {
        day: [0, 0, 0] for day in days if day < last or clock(day, CUT_OFF + 1) < local(ledger.acts[-1].at)
    }

    def count(instant: datetime, nth: int) -> None:
        day = _reported_on(instant)
        if day in sums:
            sums[day][nth] += 1

    for act in ledger.of("check"):  # by when it was recorded, whatever the device's clock said
        _, _, direction, verdict, _, _ = checks[act.key,]
        if verdict in LET:
            count(act.at, 0 if direction == "entry" else 1)
    for act in ledger.of("intake"):
        count(act.at, 2)
    return {(day.isoformat(),): tuple(one) for day, one in sums.items()}
