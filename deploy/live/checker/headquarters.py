"""What headquarters see: their figures over HTTP, and by their own rows where a page tells only today's."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg
import httpx

from deploy.live.checker.compare import Seen
from deploy.live.checker.doors import PATIENCE, Doors, Names
from deploy.live.oracle.words import Table, local

STATES = {"active": "under_observation", "interrupted": "medical"}
RETURNEES = tuple(f"returnees_{one}.new" for one in ("focus", "higher_risk", "concern", "other"))
REPORTED = {"focus_person": "focus_area", "first_return": "first_return"}
FOUND_BY = (
    *("duty_gap", "rounds_missed", "lead_overdue", "report_unanswered"),
    *("unit_report_late", "daily_report_late"),
)
"""Rules that go by business time. Gates are away in real time, of which a day here has seconds."""
WASTE = ("pickups", "done", "missed", "overdue", "bags")
ROWS = {
    "flows": (
        (
            "select compound, day::text, sum(checks)::int, sum(entries)::int, sum(exits)::int, sum(refused)::int,"
            " sum(cannot_verify)::int, sum(fever)::int, sum(offline)::int from entry_flow group by 1, 2"
        ),
        2,
    ),
    "vehicle_flows": (
        (
            "select compound, day::text, sum(vehicles_in + vehicles_out + vehicles_held + vehicles_refused)::int,"
            " sum(vehicles_in)::int, sum(vehicles_out)::int, sum(vehicles_refused)::int, sum(vehicles_held)::int, 0, 0"
            " from vehicle_flow group by 1, 2"
        ),
        2,
    ),
    "days": (
        (
            "select s.compound, d.day::text, sum(d.logged)::int, sum(d.counted)::int"
            " from site_day d join site s using (site_id) where d.logged > 0 group by 1, 2"
        ),
        2,
    ),
}


async def read(doors: Doors, names: Names, expected: dict[str, Table], rosters_since: str) -> dict[str, Seen]:
    """What headquarters say, by the oracle's tables.

    Posts are looked at since there are rosters: nobody planned for what was before.
    """
    found: dict[str, Seen] = {}
    connection = await asyncpg.connect(doors.databases["reporting"], timeout=PATIENCE)
    try:
        for what, (statement, keys) in ROWS.items():
            rows = [tuple(row) for row in await connection.fetch(statement)]
            found[what] = [(row[:keys], row[keys:]) for row in rows]
        found["reported"] = [
            (
                (names.of("check", row["check_id"]), REPORTED[row["kind"]]),
                (row["compound"], local(row["reported_at"]).isoformat()),
            )
            for row in await connection.fetch(
                "select check_id, kind, compound, reported_at from gate_report where kind <> 'fever'"
            )
        ]
        found["quarantine_flags"] = [
            (
                (names.of("check", row["check_id"]),),
                (row["compound"], local(row["flagged_at"]).isoformat(), row["flag"] == "quarantine_left"),
            )
            for row in await connection.fetch(
                "select check_id, flag, compound, flagged_at from check_flag where flag like 'quarantine%'"
            )
        ]
    finally:
        await connection.close()
    async with httpx.AsyncClient(
        base_url=doors.headquarters, headers=dict(doors.headers), timeout=PATIENCE
    ) as http:
        found["roll"] = [
            (
                (names.of("person", one["person_ref"]),),
                (
                    one["compound"],
                    STATES.get(one["state"], one["state"]),
                    one["measure"],
                    one["last_day"],
                ),
            )
            for one in await _all(http, "/v1/observation-roll")
        ]
        board = await _one(http, "/v1/board")
        lines = board["compounds"]
        found["passes_by_compound"] = _figures(lines, "passes_active")
        found["surveyed_by_compound"] = _figures(lines, "survey_final")
        told = await _one(http, "/v1/leads")
        found["leads_by_compound"] = [
            ((one["compound"],), (one["received"], one["open"], one["valid"]))
            for one in told["compounds"]
            if one["received"]
        ]
        short: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
        for day in sorted({day for _, day in expected["short_by_compound"]}):
            short += await _short(http, day)
        found["short_by_compound"] = short
        days = {day for _, day in expected["airings_by_compound"] | expected["waste_by_compound"]}
        waste = [
            (day, one) for day in sorted(days) for one in (await _one(http, f"/v1/waste?day={day}"))["lines"]
        ]
        found["airings_by_compound"] = [
            ((one["compound"], day), (one["airings"],)) for day, one in waste if one["airings"]
        ]
        found["waste_by_compound"] = [
            ((one["compound"], day), tuple(one[name] for name in WASTE))
            for day, one in waste
            if one["pickups"]
        ]
        found["venues_by_compound"] = [
            ((one["compound"],), (one["venues_closed"], one["venues_approved"]))
            for one in (await _one(http, "/v1/supervision"))["lines"]
            if one["venues_closed"] + one["venues_approved"] + one["venues_found_open"]
        ]
        supervision = [one for rule in FOUND_BY for one in await _found(http, rule)]
        found["findings"] = _findings(supervision, rosters_since)
        found["pickups_open"] = _pickups(await _found(http, "pickup_missed"))
        found["reports"] = [await _report(http, day) for (day,) in expected["reports"]]
    return found


async def _found(http: httpx.AsyncClient, rule: str) -> list[dict[str, Any]]:
    return [
        one
        for state in ("open", "closed")
        for one in await _all(http, f"/v1/findings?state={state}&rule={rule}")
    ]


def _findings(lines: Iterable[dict[str, Any]], rosters_since: str) -> Seen:
    """How many of a rule, a place and an instant, and how many of these are open."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for line in lines:
        since = local(datetime.fromisoformat(line["opened_at"])).isoformat()
        if line["rule"] == "duty_gap" and since < rosters_since:
            continue
        one = sums.setdefault((line["rule"], line["compound"] or line["unit"], since), [0, 0])
        one[0] += 1
        one[1] += line["state"] != "closed"
    return [(key, tuple(one)) for key, one in sums.items()]


def _pickups(lines: Iterable[dict[str, Any]]) -> Seen:
    counted = Counter(
        (line["compound"], line["evidence"]["day"]) for line in lines if line["state"] != "closed"
    )
    return [(key, (number,)) for key, number in counted.items()]


def _figures(lines: Iterable[dict[str, Any]], name: str) -> Seen:
    return [((one["compound"],), (one[name],)) for one in lines if one[name]]


async def _short(http: httpx.AsyncClient, day: str) -> Seen:
    """Summed over the kinds of sites."""
    sums: dict[str, list[int]] = {}
    for line in (await _one(http, f"/v1/rounds-missed?day={day}"))["lines"]:
        one = sums.setdefault(line["compound"], [0, 0])
        one[0] += line["sites_short"]
        one[1] += line["rounds_short"]
    return [((compound, day), tuple(one)) for compound, one in sums.items() if any(one)]


async def _report(http: httpx.AsyncClient, day: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    told = await _one(http, f"/v1/daily-reports/{day}?version=1")

    def town(*keys: str) -> int:
        return sum(unit["values"].get(key) or 0 for unit in told["units"] for key in keys)

    return (day,), (town("entries.new"), town("exits.new"), town(*RETURNEES))


async def _one(http: httpx.AsyncClient, path: str) -> Any:
    answer = await http.get(path)
    answer.raise_for_status()
    return answer.json()


async def _all(http: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        told = await _one(http, f"{path}{'&' if '?' in path else '?'}limit=200{after}")
        found += told["items"]
        if not told.get("next"):
            return found
        after = f"&after={told['next']}"
