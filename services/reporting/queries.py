"""Reads the board in one consistent view. Used by the API, and by a page when there is one."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.reporting.domain.board import Figures, Line
from services.reporting.projections import all_projections
from services.reporting.store import (
    addresses,
    as_of,
    compounds,
    duty,
    entry_flow,
    entry_passes,
    gates,
    inspections,
    observation_roll,
    population,
    sanitation_compliance,
    site_rounds,
    survey,
    vehicle_flow,
    waste_chain,
)
from services.reporting.store import policy as policies
from shared.db.pool import Conn
from shared.events.policy import DeviceRules, PolicyDocument
from shared.http.access import Principal
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId, NeighbourhoodId

_NOT_ON_THE_BOARD = frozenset({"leads", "notices", "ventilation", "watch_lists"})
_SANITARY = frozenset(
    {
        "compound",
        "sites_short",
        "rounds_missed",
        "pickups_missed",
        "orders_open",
        "orders_overdue",
        "venues_found_open",
    }
)
BOARD_SOURCES = tuple(
    projection.name for projection in all_projections() if projection.name not in _NOT_ON_THE_BOARD
)
ROLL_SOURCES = ("observation_roll", "population")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How far a source is in the answer: the oldest over the read models that it feeds.

    Attributes:
        name: `producer.channel`.
        event_time: business time of the newest event applied, None for none.
        moved_at: real time when the position last moved, None when it never did.
    """

    name: str
    event_time: datetime | None
    moved_at: datetime | None


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
        )
        for row in await conn.fetch(as_of.AS_OF, list(projections))
    ]


async def board(conn: Conn, who: Principal, *, now: datetime, real_now: datetime, day: date) -> Board:
    """All compounds that anybody has told of and the caller may see. Whether a gate is away is judged by real time."""
    policy = await conn.fetchrow(policies.POLICY_OF_DAY, day)
    document = PolicyDocument.model_validate(policy["document"]) if policy else None
    streak = document.observation.visit_after_missed if document else None
    rules = document.sanitation.rounds if document else ()
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in await conn.fetch(population.POPULATION):
        found[row["compound"]] |= {name: row[name] for name in ("people", "residents", "households")}
    for row in await conn.fetch(addresses.ADDRESSES):
        found[row["compound"]]["dwellings"] = row["dwellings"]
    for row in (
        *await conn.fetch(entry_flow.FLOW_OF_DAY, day),
        *await conn.fetch(vehicle_flow.FLOW_OF_DAY, day),
    ):
        found[row["compound"]] |= {name: value for name, value in row.items() if name != "compound"}
    for row in await conn.fetch(entry_passes.ACTIVE_PASSES, now):
        found[row["compound"]]["passes_active"] = row["passes"]
    for row in await conn.fetch(observation_roll.OBSERVED, streak):
        line = found[row["compound"]]
        line.setdefault("observed", {})[row["measure"]] = row["cases"]
        for name in ("awaiting_closure", "missed_streaks"):
            line[name] = line.get(name, 0) + row[name]
    kinds, numbers = [rule.kind for rule in rules], [rule.rounds_per_day for rule in rules]
    spacings = [rule.spacing_minutes for rule in rules]
    for row in await conn.fetch(site_rounds.ROUNDS_OF_DAY, day, kinds, numbers, end_of(day), spacings):
        found[row["compound"]] |= {
            "sites": row["sites"],
            "rounds_required": row["required"],
            "rounds_counted": row["counted"],
            "rounds_outside_range": row["outside_range"],
        }
    for row in await conn.fetch(duty.DUTY_OF_DAY, start_of(day), end_of(day), now):
        found[row["compound"]] |= {name: value for name, value in row.items() if name != "compound"}
    devices = document.gate.devices if document else None
    for row in (
        *await conn.fetch(survey.COVERAGE),
        *await _gates(conn, devices, real_now),
        *await _sanitary_findings(conn, day, now),
    ):
        found[row["compound"]] |= {name: value for name, value in row.items() if name != "compound"}
    registered = {row["compound"]: row for row in await conn.fetch(compounds.COMPOUNDS)}
    unknown = {} if document else {"missed_streaks": None, "rounds_required": None}
    lines = [
        _line(compound, registered.get(compound), found[compound] | unknown)
        for compound in sorted(registered.keys() | found.keys())
    ]
    return Board(
        day=day,
        policy_version=policy["version"] if policy else None,
        sources=await sources(conn, BOARD_SOURCES),
        lines=[line for line in lines if sees(who, line.compound, line.neighbourhood)],
    )


async def _sanitary_findings(conn: Conn, day: date, now: datetime) -> list[Any]:
    """What sanitation found: yesterday's shortfalls, waste not fetched, orders and venues as they stand now."""
    yesterday = day - timedelta(days=1)
    rows = [
        *await conn.fetch(sanitation_compliance.SHORT_ON, yesterday),
        *await conn.fetch(waste_chain.MISSED_SINCE, yesterday),
        *await conn.fetch(inspections.ORDERS_NOW, now),
        *await conn.fetch(inspections.VENUES_NOW),
    ]
    return [{name: value for name, value in row.items() if name in _SANITARY} for row in rows]


async def _gates(conn: Conn, devices: DeviceRules | None, real_now: datetime) -> list[Any]:
    """How many gates a compound has and how many are online: None where policy does not say how long quiet is away."""
    heard_since = real_now - timedelta(seconds=devices.quiet_after_seconds) if devices else None
    rows = [dict(row) for row in await conn.fetch(gates.GATES, heard_since)]
    return rows if devices else [row | {"gates_online": None} for row in rows]


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
        mode=registered["mode"] if registered else None,
        figures=Figures(**figures),
    )
