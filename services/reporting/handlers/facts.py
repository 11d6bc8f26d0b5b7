"""The facts that supervision judges by, read in few statements, and what every rule makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import get_args

from services.reporting import queries
from services.reporting.domain.finding_rules.daily import ReportDay, all_said_at, reports_late
from services.reporting.domain.finding_rules.gates import (
    Device,
    Gap,
    LateAdmission,
    Override,
    QuarantineExit,
    admitted_after_end,
    duty_gaps,
    gates_offline,
    lists_stale,
    overrides_unreviewed,
    quarantine_left,
)
from services.reporting.domain.finding_rules.observed import (
    Report,
    Streak,
    declarations_missed,
    reports_unanswered,
)
from services.reporting.domain.finding_rules.places import (
    Lead,
    SurveyRound,
    leads_overdue,
    no_named_person,
    surveys_behind,
)
from services.reporting.domain.finding_rules.sanitary import (
    LateOrder,
    MissedPickup,
    ShortDay,
    orders_overdue,
    pickups_missed,
    rounds_missed,
)
from services.reporting.domain.findings import Wanted
from services.reporting.store import compounds, facts, postings, report_loops, survey, survey_days
from shared.db.pool import Conn
from shared.events.policy import PolicyDocument
from shared.events.policy_supervision import FindingRule, SupervisionRules
from shared.kernel.days import at_local, start_of

SOURCES = (
    *("compounds", "policy", "responsibility", "postings", "duty", "gates", "check_flags", "overrides"),
    *("observation_roll", "report_loops", "merges", "sanitation_compliance", "waste_chain", "inspections"),
    *("leads", "survey", "survey_days", "addresses"),
)
"""The read models that findings are judged by."""
_TOLD_BY: Mapping[FindingRule, tuple[str, ...]] = {
    "duty_gap": ("gate.duty",),
    "gate_offline": ("gate.devices",),
    "gate_list_stale": ("gate.devices",),
    "admitted_after_end": ("gate.alerts",),
    "quarantine_left": ("gate.alerts",),
    "override_unreviewed": ("gate.alerts",),
    "declarations_missed": ("observation.cases", "observation.declarations"),
    "report_unanswered": (
        *("gate.alerts", "registry.returnees", "registry.merges"),
        *("observation.cases", "observation.fevers"),
    ),
    "rounds_missed": ("sanitation.rounds",),
    "pickup_missed": ("sanitation.waste",),
    "order_overdue": ("sanitation.inspections",),
    "lead_overdue": ("registry.leads",),
    "survey_behind": ("registry.surveys", "registry.town"),
    "no_named_person": ("registry.town",),
}
"""By which channels a rule is told.

While one of them is stale, or is being caught up with, what was found stays as it is and nothing is added: what it
will say next may settle what looks wrong now.
"""

_BY_HAND: frozenset[FindingRule] = frozenset({"inspection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When somebody looks, by which rules. `real_now`: gates are heard in real time."""

    now: datetime
    real_now: datetime
    today: date
    document: PolicyDocument
    rules: SupervisionRules

    @property
    def since(self) -> datetime:
        """What happened before is no new finding."""
        return start_of(self.first_day)

    @property
    def first_day(self) -> date:
        """The first day that is looked back to."""
        return self.today - timedelta(days=self.rules.look_back_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What all rules call for, and which of them could not be judged."""

    wanted: list[Wanted]
    unjudged: frozenset[FindingRule]
    units: Mapping[str, str]
    """Of each compound its neighbourhood."""


async def judge(conn: Conn, moment: Moment) -> Judged:
    """Ask every rule."""
    registered = await conn.fetch(compounds.COMPOUNDS)
    units = {row["compound"]: row["neighbourhood"] for row in registered}
    unheard = {one.name for one in await queries.sources(conn, SOURCES) if one.stale}
    unheard.update(row["source"] for row in await conn.fetch(facts.BEHIND, list(SOURCES)))
    unruled = frozenset(get_args(FindingRule)) - moment.rules.rules.keys()
    untold = frozenset(rule for rule, channels in _TOLD_BY.items() if not unheard.isdisjoint(channels))
    at_gates, unjudged = await _of_gates(conn, moment)
    wanted = [
        *at_gates,
        *await _of_people(conn, moment),
        *await _of_sanitation(conn, moment),
        *await _of_places(conn, moment, {row["compound"]: row["mode"] for row in registered}),
        *await _of_reports(conn, moment, units),
    ]
    return Judged(
        wanted=wanted,
        unjudged=unjudged | untold | unruled | _BY_HAND,
        units=units,
    )


async def _of_gates(conn: Conn, moment: Moment) -> tuple[list[Wanted], frozenset[FindingRule]]:
    rules, gate = moment.rules, moment.document.gate
    longest = timedelta(minutes=rules.duty_gap_minutes)
    gaps = [Gap(**row) for row in await conn.fetch(facts.GAPS, moment.since, moment.now, longest)]
    devices = [Device(**row) for row in await conn.fetch(facts.DEVICES)]
    offline_after = timedelta(minutes=rules.gate_offline_minutes)
    times = {"now": moment.now, "real_now": moment.real_now}
    offline = gates_offline(devices, longer_than=offline_after, **times)
    wanted = [
        *duty_gaps(gaps, longer_than=longest, now=moment.now),
        *lists_stale(
            devices,
            older_than=timedelta(minutes=gate.offline.admit_up_to_minutes),
            quiet_after=offline_after,
            **times,
        ),
        *admitted_after_end(LateAdmission(**row) for row in await conn.fetch(facts.ADMISSIONS, moment.since)),
        *quarantine_left(
            QuarantineExit(**row) for row in await conn.fetch(facts.QUARANTINE_LEFT, moment.since)
        ),
        *overrides_unreviewed(
            [Override(**row) for row in await conn.fetch(facts.OVERRIDES, moment.now)], now=moment.now
        ),
        *(offline or ()),
    ]
    return wanted, frozenset({"gate_offline"}) if offline is None else frozenset()


async def _of_people(conn: Conn, moment: Moment) -> list[Wanted]:
    windows = moment.document.observation.headquarters_after_missed
    streaks = [Streak(**row) for row in await conn.fetch(facts.STREAKS, windows)]
    reports = [Report(**row) for row in await conn.fetch(report_loops.REPORTS, moment.since)]
    return [
        *declarations_missed(streaks, from_windows=windows, now=moment.now),
        *reports_unanswered(reports, within_minutes=moment.rules.answer_within_minutes, now=moment.now),
    ]


async def _of_sanitation(conn: Conn, moment: Moment) -> list[Wanted]:
    first = moment.first_day
    return [
        *rounds_missed([ShortDay(**row) for row in await conn.fetch(facts.SHORT_DAYS, first)]),
        *pickups_missed(
            [MissedPickup(**row) for row in await conn.fetch(facts.PICKUPS, first)], now=moment.now
        ),
        *orders_overdue(
            [LateOrder(**row) for row in await conn.fetch(facts.ORDERS, moment.now)], now=moment.now
        ),
    ]


async def _of_places(conn: Conn, moment: Moment, modes: Mapping[str, str]) -> list[Wanted]:
    leads = [Lead(**row) for row in await conn.fetch(facts.LEADS, moment.since)]
    named = {row["compound"] for row in await conn.fetch(postings.NAMED_ON, moment.today)}
    return [
        *leads_overdue(leads, due_hours=moment.document.leads.due_hours, now=moment.now),
        *surveys_behind(
            await _rounds(conn), behind_percent=moment.rules.survey_behind_percent, now=moment.now
        ),
        *no_named_person(modes, named, now=moment.now),
    ]


async def _of_reports(conn: Conn, moment: Moment, units: Mapping[str, str]) -> list[Wanted]:
    """Of each report day whose units' hour is over, by today's hours; before the first report there is only today."""
    ruled = moment.document.daily_report
    if ruled is None:
        return []
    begun = await conn.fetchval(facts.FIRST_REPORT) or moment.today
    first = max(begun, min(await conn.fetchval(facts.LATE_SINCE) or moment.today, moment.first_day))
    said = {(row["day"], row["compound"]): row["said_at"] for row in await conn.fetch(facts.SAID, first)}
    sent = {row["day"]: row for row in await conn.fetch(facts.SENT, first)}

    def asked(day: date) -> dict[str, str]:
        """Whose word the day's report waited for, or waits for: who came after it was sent owes it none."""
        waited_for = sent[day]["units"] if day in sent else None
        return dict(units) if waited_for is None else {one: units[one] for one in waited_for if one in units}

    days = (first + timedelta(days=number) for number in range((moment.today - first).days + 1))
    return reports_late(
        [
            ReportDay(
                day=day,
                confirm_until=until,
                units={
                    unit: all_said_at(
                        said.get((day, compound)) for compound, its in asked(day).items() if its == unit
                    )
                    for unit in set(asked(day).values())
                },
                sent_at=sent[day]["sent_at"] if day in sent else None,
            )
            for day in days
            if (until := at_local(day, ruled.confirm_until)) <= moment.now
        ],
        send_within=timedelta(minutes=moment.rules.report_late_minutes),
        now=moment.now,
    )


async def _rounds(conn: Conn) -> list[SurveyRound]:
    progress = {row["compound"]: row for row in await conn.fetch(survey.COVERAGE)}
    return [
        SurveyRound(
            **row,
            dwellings=progress[row["compound"]]["survey_dwellings"],
            final=progress[row["compound"]]["survey_final"],
        )
        for row in await conn.fetch(survey_days.OPEN_ROUNDS)
    ]
