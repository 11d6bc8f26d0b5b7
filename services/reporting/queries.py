"""Reads the board in one consistent view. Used by the API, and by a page when there is one."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from itertools import chain
from operator import itemgetter
from re import Match
from typing import Any

from services.reporting.domain.board import Figures, Line
from services.reporting.handlers.trouble import troubled
from services.reporting.projections import all_projections
from services.reporting.store import (
    addresses,
    as_of,
    check_flags,
    compounds,
    duty,
    entry_flow,
    entry_passes,
    gates,
    inspections,
    known,
    leads,
    observation_roll,
    population,
    responsibility,
    sanitation_compliance,
    site_rounds,
    survey,
    vehicle_flow,
    waste_chain,
)
from services.reporting.store import findings as found_store
from services.reporting.store import policy as policies
from services.reporting.store import (
    series as by_day,
)
from shared.db.pool import Conn
from shared.http.access import TOWN, Principal
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId, NeighbourhoodId

_NOT_ON_THE_BOARD = frozenset(
    {
        *("census", "daily_tally", "notices", "report_loops", "returnees", "service_record", "survey_days"),
        *("ventilation", "watch_lists"),
    }
)
_FIGURES = frozenset(figure.name for figure in fields(Figures))
_PARAMETER = re.compile(r"\$(\d+)")
BOARD_SOURCES = tuple(
    projection.name for projection in all_projections() if projection.name not in _NOT_ON_THE_BOARD
)
ROLL_SOURCES = ("observation_roll", "population")
_BY_DAY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    by_day.CHECKS_BY_DAY: (
        "entry_flow",
        ("checks", "entries", "exits", "refused", "cannot_verify", "fever", "checks_offline"),
    ),
    check_flags.REPORTED_BY_DAY: ("check_flags", ("case_contacts", "quarantine_exits", "quarantine_left")),
    by_day.VEHICLES_BY_DAY: (
        "vehicle_flow",
        ("vehicles_in", "vehicles_out", "vehicles_held", "vehicles_refused"),
    ),
    by_day.CASES_BY_DAY: (
        "observation_roll",
        ("observations_started", "observations_released", "observations_closed"),
    ),
    by_day.DECLARATIONS_BY_DAY: ("observation_roll", ("declared", "declarations_missed")),
    by_day.ROUNDS_BY_DAY: ("site_rounds", ("rounds_counted", "rounds_outside_range")),
    by_day.SHORT_BY_DAY: ("sanitation_compliance", ("rounds_missed", "sites_short")),
    by_day.PICKUPS_BY_DAY: ("waste_chain", ("pickups_done", "pickups_missed")),
    by_day.GAPS_BY_DAY: ("duty", ("duty_gap_minutes",)),
    by_day.LEADS_BY_DAY: ("leads", ("leads_received", "leads_closed")),
}
"""Statement -> the read model that it asks, and the figures that it tells."""
_STATEMENT_OF = {
    figure: (statement, model) for statement, (model, figures) in _BY_DAY.items() for figure in figures
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How far a source is in the answer: the oldest over the read models that it feeds.

    Attributes:
        name: `producer.channel`.
        event_time: business time of the newest event applied, None for none.
        moved_at: real time when the position last moved, None when it never did.
        age: real seconds since everything that its producer had said was in it, None when nothing was ever read.
        stale: older than policy allows; None while policy does not say.
    """

    name: str
    event_time: datetime | None
    moved_at: datetime | None
    age: float | None
    stale: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The lines that the caller may see, in no particular order."""

    day: date
    policy_version: int | None
    sources: list[Source]
    lines: list[Line]


async def sources(conn: Conn, projections: Collection[str]) -> list[Source]:
    """How far everything is that these read models are made of."""
    return [
        Source(
            name=f"{row['producer']}.{row['channel']}",
            event_time=row["event_time"],
            moved_at=row["moved_at"],
            age=row["age"],
            stale=row["stale"],
        )
        for row in await conn.fetch(as_of.AS_OF, list(projections))
    ]


@lru_cache(maxsize=16)
def _as_one(statements: tuple[str, ...]) -> str:
    """One statement that tells the rows of several, each numbered and as JSON; its parameters are theirs in a row."""
    parts, before = [], 0
    for nth, statement in enumerate(statements):
        shifted = partial(_shifted, by=before)
        parts.append(
            f"select {nth} as nth, (select json_agg(one) from ({_PARAMETER.sub(shifted, statement)}) one) as rows"
        )
        before += max((int(number) for number in _PARAMETER.findall(statement)), default=0)
    return " union all ".join(parts)


def _shifted(parameter: Match[str], *, by: int) -> str:
    return f"${int(parameter[1]) + by}"


async def together(conn: Conn, *asked: tuple[str, *tuple[object, ...]]) -> list[list[dict[str, Any]]]:
    """The rows of several statements, each with its parameters, in one round trip: texts and numbers only."""
    statement = _as_one(tuple(one[0] for one in asked))
    told = await conn.fetch(statement, *(value for one in asked for value in one[1:]))
    return [row["rows"] or [] for row in sorted(told, key=itemgetter("nth"))]


async def go_back(conn: Conn, known_at: datetime) -> bool:
    """Read everything that follows in this transaction as it was known at an instant; False: that was never kept."""
    since = await conn.fetchval(known.SINCE)
    if since is not None and known_at < since:
        return False
    await conn.fetchval(known.GO_BACK, known_at)
    return True


async def board(
    conn: Conn, who: Principal, *, now: datetime, real_now: datetime, day: date, past: bool = False
) -> Board:
    """All compounds that anybody has told of and the caller may see. Whether a gate is away is judged by real time.

    `past`: the transaction has gone back, see `go_back`; how far the sources were then is not told.
    """
    version, document = await policies.of_day(conn, day) or (None, None)
    streak = document.observation.visit_after_missed if document else None
    rules = document.sanitation.rounds if document else ()
    kinds, numbers = [rule.kind for rule in rules], [rule.rounds_per_day for rule in rules]
    spacings = [rule.spacing_minutes for rule in rules]
    devices = document.gate.devices if document else None
    heard_since = real_now - timedelta(seconds=devices.quiet_after_seconds) if devices else None
    due_hours = document.leads.due_hours if document else {}
    yesterday = day - timedelta(days=1)
    names, observed, findings, open_leads, answering, *figures = await together(
        conn,
        (compounds.COMPOUNDS,),
        (observation_roll.OBSERVED, streak),
        (found_store.OPEN_BY_COMPOUND,),
        (leads.OPEN_LEADS, list(due_hours), list(due_hours.values())),
        (responsibility.ANSWERING_ON, day),
        (population.POPULATION,),
        (addresses.ADDRESSES,),
        (entry_flow.FLOW_OF_DAY, day),
        (check_flags.REPORTED_BETWEEN, start_of(day), end_of(day)),
        (vehicle_flow.FLOW_OF_DAY, day),
        (entry_passes.ACTIVE_PASSES, now),
        (site_rounds.ROUNDS_OF_DAY, day, kinds, numbers, end_of(day), spacings),
        (duty.DUTY_OF_DAY, start_of(day), end_of(day), now),
        (survey.COVERAGE,),
        (gates.GATES, heard_since),
        (sanitation_compliance.SHORT_ON, yesterday),
        (waste_chain.MISSED_SINCE, yesterday),
        (inspections.ORDERS_NOW, now),
        (inspections.VENUES_NOW,),
    )
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in chain.from_iterable(figures):
        found[row["compound"]].update(row)
    for row in observed:
        line = found[row["compound"]]
        line.setdefault("observed", {})[row["measure"]] = row["cases"]
        for name in ("awaiting_closure", "missed_streaks"):
            line[name] = line.get(name, 0) + row[name]
    unknown = {} if devices else {"gates_online": None}
    if not document:
        unknown |= {"missed_streaks": None, "rounds_required": None}
    registered = {row["compound"]: row for row in names}
    lines = [
        _line(compound, registered.get(compound), found[compound] | unknown)
        for compound in sorted(registered.keys() | found.keys())
    ]
    if document and document.supervision:
        lines = troubled(
            lines, found=findings, leads=open_leads, answering=answering, rules=document.supervision
        )
    return Board(
        day=day,
        policy_version=version,
        sources=[] if past else await sources(conn, BOARD_SOURCES),
        lines=[line for line in lines if sees(who, line.compound, line.neighbourhood)],
    )


async def by_days(
    conn: Conn,
    figures: Collection[str],
    first: date,
    last: date,
    *,
    compounds: Sequence[str] | None,
    now: datetime,
) -> dict[str, dict[date, int]]:
    """Figures by day, days without anything left out; `compounds` None: of all. A statement tells several at once."""
    rows: dict[str, list[Any]] = {}
    for statement in dict.fromkeys(_STATEMENT_OF[figure][0] for figure in figures):
        until = (now,) if statement == by_day.GAPS_BY_DAY else ()
        rows[statement] = await conn.fetch(statement, first, last, compounds, *until)
    return {figure: {row["day"]: row[figure] for row in rows[_STATEMENT_OF[figure][0]]} for figure in figures}


async def series(
    conn: Conn, figure: str, first: date, last: date, *, compounds: list[str] | None, now: datetime
) -> tuple[dict[date, int], list[Source]]:
    """A figure by day, and how far its sources are."""
    found = await by_days(conn, [figure], first, last, compounds=compounds, now=now)
    return found[figure], await sources(conn, (_STATEMENT_OF[figure][1],))


async def within(conn: Conn, who: Principal) -> list[str] | None:
    """The registered compounds that the caller may see; None: the whole town, whatever is registered."""
    return None if TOWN in who.scopes_for() else await compounds_in_scope(conn, who)


async def compounds_in_scope(conn: Conn, who: Principal) -> list[str]:
    """The registered compounds that the caller may see."""
    rows = await conn.fetch(compounds.COMPOUNDS)
    return [row["compound"] for row in rows if sees(who, row["compound"], row["neighbourhood"])]


def sees(who: Principal, compound: str, neighbourhood: str | None) -> bool:
    """Say whether a grant of the caller covers the compound."""
    return who.reaches(
        compound=CompoundId(compound),
        neighbourhood=NeighbourhoodId(neighbourhood) if neighbourhood else None,
    )


def _line(compound: str, registered: Any, figures: dict[str, Any]) -> Line:
    return Line(
        compound=compound,
        name=registered["name"] if registered else None,
        neighbourhood=registered["neighbourhood"] if registered else None,
        neighbourhood_name=registered["neighbourhood_name"] if registered else None,
        mode=registered["mode"] if registered else None,
        figures=Figures(**{name: value for name, value in figures.items() if name in _FIGURES}),
    )
