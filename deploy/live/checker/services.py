"""What each service keeps of the facts, by its own rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import asyncpg

from deploy.live.checker.compare import Seen
from deploy.live.checker.doors import PATIENCE, Doors, Names
from deploy.live.oracle.words import local

Row = Any
Reader = tuple[str, str, Callable[[Row, Names], tuple[tuple[Any, ...], tuple[Any, ...]]]]


def _checked(kind: str, row: Row, names: Names) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    outcome = row["direction"], row["verdict"], tuple(row["reasons"]), row["offline"]
    return (names.of(kind, row["check_id"]),), (
        row["compound"],
        local(row["happened_at"]).isoformat(),
        *outcome,
    )


READERS: dict[str, Reader] = {
    "checks": (
        "gate",
        "select check_id, compound, happened_at, direction, verdict, reasons, offline from entry_check",
        partial(_checked, "check"),
    ),
    "vehicles": (
        "gate",
        "select check_id, compound, happened_at, direction, verdict, reasons, offline from vehicle_check",
        partial(_checked, "vehicle"),
    ),
    "loops": (
        "gate",
        "select check_id, kind, compound, closed_at is not null as closed from report_loop",
        lambda row, names: (
            (names.of("check", row["check_id"]), row["kind"]),
            (row["compound"], row["closed"]),
        ),
    ),
    "tasks": (
        "registry",
        (
            "select c.check_id, t.compound_id, t.cause, t.held, t.state, t.close_reason from intake_task t"
            " join intake_task_check c using (task_id)"
        ),
        lambda row, names: (
            (names.of("check", row["check_id"]),),
            (row["compound_id"], row["cause"], row["held"], row["state"], row["close_reason"]),
        ),
    ),
    "applications": (
        "registry",
        "select application_id, compound_id, suzhou_code, state, reason from pass_application",
        lambda row, names: (
            (names.of("check", row["application_id"]),),
            (row["compound_id"], row["suzhou_code"], row["state"], row["reason"]),
        ),
    ),
    "intakes": (
        "registry",
        "select intake_id, compound_id, category, measure, anchor_date from returnee_intake",
        lambda row, names: (
            (names.of("intake", row["intake_id"]),),
            (row["compound_id"], row["category"], row["measure"], row["anchor_date"].isoformat()),
        ),
    ),
    "cases": (
        "observation",
        "select person_ref, compound, state, measure, last_day from observation_case",
        lambda row, names: (
            (names.of("person", row["person_ref"]),),
            (row["compound"], row["state"], row["measure"], row["last_day"].isoformat()),
        ),
    ),
    "declarations": (
        "observation",
        "select declaration_id, day, window_name, standing, alarming from declaration",
        lambda row, names: (
            (names.of("declaration", row["declaration_id"]),),
            (row["day"].isoformat(), row["window_name"], row["standing"], row["alarming"]),
        ),
    ),
    "missed": (
        "observation",
        (
            "select c.person_ref, m.day, m.window_name, m.streak from missed_window m"
            " join observation_case c using (case_id) where not m.void"
        ),
        lambda row, names: (
            (names.of("person", row["person_ref"]), row["day"].isoformat(), row["window_name"]),
            (row["streak"],),
        ),
    ),
    "passes": (
        "registry",
        "select person_ref, compound_id, state from entry_pass",
        lambda row, names: ((names.of("person", row["person_ref"]),), (row["compound_id"], row["state"])),
    ),
    "vehicle_passes": (
        "registry",
        "select vehicle_ref, compound_id from vehicle_pass where state = 'active'",
        lambda row, names: ((names.of("vehicle", row["vehicle_ref"]),), (row["compound_id"],)),
    ),
    "rounds": (
        "sanitation",
        "select l.round_id, s.compound, l.day, l.within_range, l.counts from round_log l join site s using (site_id)",
        lambda row, names: (
            (names.of("round", row["round_id"]),),
            (row["compound"], row["day"].isoformat(), row["within_range"], row["counts"]),
        ),
    ),
    "short": (
        "sanitation",
        "select s.code, d.day, d.compound, d.shortfall from site_day d join site s using (site_id) where shortfall > 0",
        lambda row, _: ((row["code"], row["day"].isoformat()), (row["compound"], row["shortfall"])),
    ),
    "airings": (
        "sanitation",
        "select v.ventilation_id, s.compound, v.day, v.minutes from ventilation v join site s using (site_id)",
        lambda row, names: (
            (names.of("airing", row["ventilation_id"]),),
            (row["compound"], row["day"].isoformat(), row["minutes"]),
        ),
    ),
    "venues": (
        "sanitation",
        "select venue_id, status from venue",
        lambda row, names: ((names.of("venue", row["venue_id"]),), (row["status"],)),
    ),
    "pickups": (
        "sanitation",
        (
            "select dwelling_id, day, compound, due_at, state, bags, missed_reason from waste_pickup"
            " where state <> 'withdrawn'"
        ),
        lambda row, names: (
            (names.of("home", row["dwelling_id"]), row["day"].isoformat()),
            (
                row["compound"],
                local(row["due_at"]).isoformat(),
                row["state"],
                row["bags"],
                row["missed_reason"],
            ),
        ),
    ),
    "turns": (
        "gate",
        "select turn_id, checkpoint, minutes from duty_turn where ended_at is not null",
        lambda row, names: ((names.of("turn", row["turn_id"]),), (row["checkpoint"], row["minutes"])),
    ),
    "gaps": (
        "gate",
        (
            "select checkpoint, began_at, cause, minutes from duty_gap"
            " where minutes is not null and began_at >= (select min(starts_at) from duty_shift)"
        ),
        lambda row, _: (
            (row["checkpoint"], local(row["began_at"]).isoformat()),
            (row["cause"], row["minutes"]),
        ),
    ),
    "leads": (
        "registry",
        "select lead_id, compound_id, valid from lead",
        lambda row, names: ((names.of("lead", row["lead_id"]),), (row["compound_id"], row["valid"])),
    ),
    "surveyed": (
        "registry",
        (
            "select s.submission_id, t.compound_id, s.outcome, t.final from survey_submission s"
            " join survey_target t using (round_id, dwelling_id)"
        ),
        lambda row, names: (
            (names.of("submission", row["submission_id"]),),
            (row["compound_id"], row["outcome"], row["final"]),
        ),
    ),
}


async def read(doors: Doors, names: Names) -> dict[str, Seen]:
    """What the services say, by the oracle's tables."""
    found: dict[str, Seen] = {}
    connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
    try:
        for what, (service, statement, shape) in READERS.items():
            if service not in connections:
                connections[service] = await asyncpg.connect(doors.databases[service], timeout=PATIENCE)
            rows = await connections[service].fetch(statement)
            found[what] = [shape(row, names) for row in rows]
    finally:
        for connection in connections.values():
            await connection.close()
    return found
