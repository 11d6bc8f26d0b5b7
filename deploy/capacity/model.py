"""The arithmetic: from people to processors, disks and servers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.capacity import rush

DAY = 86_400
GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What one installation of the five services needs for so many people.

    Attributes:
        checks_per_second: while the design load lasts.
        rush_per_second: for a minute.
        events_per_day: of all services.
        gate_processes, gate_p99_seconds: for the rush, simulated.
        gate_cores, leader_cores, database_cores, bus_cores: for the rush, at the share of busyness that is allowed.
        reader_share: how busy headquarters' one reader is while the design load lasts.
        relay_share: how busy the gate's one relay is then.
        database_gb_day: what the gate's database grows by.
        database_gb_year: and in a year.
        stream_gb: what the bus keeps on each of its servers.
        rebuild_hours: of headquarters' read models from a year's events.
    """

    people: int
    checkpoints: int
    checks_per_second: float
    rush_per_second: float
    checks_per_day: float
    events_per_day: float
    gate_processes: int
    gate_p99_seconds: float
    gate_cores: float
    leader_cores: float
    database_cores: float
    bus_cores: float
    reader_share: float
    relay_share: float
    database_gb_day: float
    database_gb_year: float
    stream_gb: float
    rebuild_hours: float


def installation(people: int, given: Mapping[str, float]) -> Installation:
    """One installation."""
    towns = people / given["town_people"]
    sustained = towns * given["town_checks_per_second"]
    peak = towns * given["town_rush_per_second"]
    checks = people * given["checks_per_person_day"]
    events = checks + people * given["other_events_per_person_day"]
    processes, p99 = rush.processes_for(
        per_second=peak,
        each_seconds=1 / given["gate_per_second"],
        limit_seconds=given["check_limit_ms"] / 1e3,
        busy_at_most=given["busy_at_most"],
        seconds=given["rush_seconds"],
    )

    def cores(name: str) -> float:
        return peak * given[name] / 1e6 / given["busy_at_most"]

    per_year = checks * given["check_bytes"] * 365
    return Installation(
        people=people,
        checkpoints=math.ceil(towns * given["town_checkpoints"]),
        checks_per_second=sustained,
        rush_per_second=peak,
        checks_per_day=checks,
        events_per_day=events,
        gate_processes=processes,
        gate_p99_seconds=p99,
        gate_cores=cores("gate_us"),
        leader_cores=cores("leader_us"),
        database_cores=cores("database_us"),
        bus_cores=cores("bus_us"),
        reader_share=sustained / given["reader_per_second"],
        relay_share=sustained / given["relay_per_second"],
        database_gb_day=per_year / 365 / GB,
        database_gb_year=per_year / GB,
        stream_gb=events * given["stream_bytes"] * given["stream_days"] / GB,
        rebuild_hours=events * 365 / given["rebuild_per_second"] / 3_600,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city or a province: districts with an installation each, and a hub that hears what they report.

    Attributes:
        hub_events_per_second: if the hub took every event of every district while the design load lasts.
        reports_per_day: if it takes what headquarters of the districts report.
        cut_events, cut_seconds: what waits in a district after its line to the hub was cut, and how long it takes then.
    """

    people: int
    districts: int
    district: Installation
    hub_events_per_second: float
    reports_per_day: float
    cut_events: float
    cut_seconds: float


def place(people: int, given: Mapping[str, float]) -> Place:
    """A place of so many people."""
    districts = max(1, math.ceil(people / given["district_people"]))
    each = installation(math.ceil(people / districts), given)
    waiting, seconds = rush.caught_up(
        per_second=each.checks_per_second,
        away_seconds=given["cut_hours"] * 3_600,
        drained_per_second=given["relay_per_second"],
    )
    return Place(
        people=people,
        districts=districts,
        district=each,
        hub_events_per_second=districts * each.checks_per_second,
        reports_per_day=districts * given["reports_per_district_day"],
        cut_events=waiting,
        cut_seconds=seconds,
    )


def largest(given: Mapping[str, float]) -> float:
    """How many people one installation bears before its one reader or its one relay is as busy as allowed in a rush."""
    slowest = min(given["reader_per_second"], given["relay_per_second"]) * given["busy_at_most"]
    return slowest / given["town_rush_per_second"] * given["town_people"]
