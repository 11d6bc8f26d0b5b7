"""The board at the size of the town, over HTTP, beside its limit of 50 ms.

`python -m tests.bench.board [--passes 140000] [--checks 1000000] [--times 200]` leaves the read models as the
projections leave them after a month, and asks for the board: the whole town as headquarters do, one compound, and
again with the ETag of the answer; and for the page with all compounds, beside its limit of one second.
The passes go through the projection's own statements.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.reporting.projections.read_model import columns
from services.reporting.store import entry_passes, survey
from services.reporting.store import policy as policies
from shared.db.pool import Database
from tests.bench.figures import Line, beside, quantile, show, write
from tests.bench.inside import Inside, inside
from tests.integration.sanitation.world import KINDS, policy

LIMIT_SECONDS = 0.050
PAGE_SECONDS = 1.0
NOW = datetime(2020, 2, 24, 2, 32, tzinfo=UTC)  # 10:32 in Shanghai
COMPOUNDS = tuple(f"lj-{number:03}" for number in range(1, 54))
DAYS = tuple(date(2020, 2, 24) - timedelta(days=nth) for nth in range(28))
SURVEYED = 910
"""Dwellings of a compound that somebody has been to."""
BATCH = 5_000

TOWN = """
insert into compound (compound, name, neighbourhood, mode, area_m2)
select one, '小区' || one, 'nb-' || nth % 9, 'closed', 40000 from unnest($1::text[]) with ordinality as c (one, nth);
"""
PEOPLE = """
insert into compound_population (compound, people, residents, households)
select one, 2600, 2450, 950 from unnest($1::text[]) as c (one)
"""
GRIDS = """
insert into grid_addresses (grid, compound, dwellings)
select one || '-w' || lpad(grid::text, 2, '0'), one, 245 from unnest($1::text[]) as c (one), generate_series(1, 4) grid
"""
FLOW = """
insert into entry_flow (day, compound, hour, checks, entries, exits, refused, cannot_verify, fever, offline)
select day, one, hour, $3::int, $3::int * 6 / 10, $3::int * 3 / 10, $3::int / 20, $3::int / 20, hour / 20, 0
from unnest($1::text[]) as c (one), unnest($2::date[]) as d (day), generate_series(0, 23) hour
"""
VEHICLES = """
insert into vehicle_flow (day, compound, hour, vehicles_in, vehicles_out, vehicles_held, vehicles_refused)
select day, one, hour, 9, 8, 0, 1
from unnest($1::text[]) as c (one), unnest($2::date[]) as d (day), generate_series(0, 23) hour
"""
CASES = """
insert into observation_case (case_id, person_ref, compound, dwelling_id, grid, category, measure, state, anchor_date,
  last_day, started_at, ended_at)
select gen_random_uuid(), gen_random_uuid(), ($1::text[])[nth % cardinality($1) + 1], gen_random_uuid(), 'w', 'other',
  (array['home_self_monitoring', 'home_quarantine', 'centralized_observation'])[nth % 3 + 1],
  case when nth % 3 = 0 then 'active' else 'completed' end, '2020-02-20', '2020-03-05', $2::timestamptz,
  case when nth % 3 = 0 then null else $2::timestamptz end
from generate_series(1, 68 * cardinality($1::text[])) nth
"""
WINDOWS = """
insert into declaration_window (case_id, day, part, state, declared_at)
select case_id, day, part, case when random() < 0.05 then 'missed' else 'submitted' end, null
from observation_case, generate_series('2020-02-11'::date, '2020-02-24', '1 day') day,
  unnest(array['morning', 'evening']) part
"""
STREAKS = """
insert into declaration_streak (case_id, streak)
select case_id, floor(power(random(), 8) * 4) from observation_case
"""
VOID = """
insert into declaration_void (case_id, day, part) select case_id, '2020-02-11', 'morning' from observation_case
where ended_at is null limit 40
"""
SITES = """
insert into site (site_id, compound, kind, rounds_per_day, since, active)
select gen_random_uuid(), one, ($2::text[])[nth % 7 + 1], null, '2020-02-01', true
from unnest($1::text[]) as c (one), generate_series(1, 60) nth
"""
ROUNDS = """
insert into site_day (site_id, day, logged, counted, outside_range)
select site_id, day, 2, 2, 0 from site, unnest($1::date[]) as d (day)
"""
SHORT = """
insert into round_missed (day, site_id, compound, kind, required, counted, shortfall)
select day, site_id, compound, kind, 2, 1, 1 from site, unnest($1::date[]) as d (day) where random() < 0.1
"""
PICKUPS = """
insert into waste_pickup (pickup_id, compound, day, state, due_at, bags, missed)
select gen_random_uuid(), one, day, case when nth = 1 then 'missed' else 'done' end, $3::timestamptz, 2,
  case when nth = 1 then 'nobody_opened' end
from unnest($1::text[]) as c (one), unnest($2::date[]) as d (day), generate_series(1, 4) nth
"""
ORDERS = """
insert into rectification (order_id, compound, item, source, ordered_at, due_at, state, level)
select gen_random_uuid(), one, 'x', 'inspection', $2::timestamptz, $2::timestamptz,
  case when nth < 3 then 'ordered' else 'rectified' end, 0
from unnest($1::text[]) as c (one), generate_series(1, 20) nth
"""
VENUES = """
insert into venue (venue_id, compound, kind, status, changed_at)
select gen_random_uuid(), one, 'gym', case when nth = 1 then 'found_open' else 'closed' end, $2::timestamptz
from unnest($1::text[]) as c (one), generate_series(1, 4) nth
"""
TURNS = """
insert into duty_turn (turn_id, shift_id, worker_ref, compound, checkpoint, started_at, late_minutes, ended_at)
select gen_random_uuid(), null, gen_random_uuid(), one, one || '-k1', $2::timestamptz - nth * interval '4 hours', 0,
  case when nth > 3 then $2::timestamptz - (nth - 2) * interval '4 hours' end
from unnest($1::text[]) as c (one), generate_series(1, 180) nth
"""
GAPS = """
insert into duty_gap (gap_id, compound, checkpoint, cause, began_at, ended_at, minutes)
select gen_random_uuid(), one, one || '-k1', 'not_checked_in', $2::timestamptz - nth * interval '8 hours',
  case when nth > 1 then $2::timestamptz - nth * interval '8 hours' + interval '20 minutes' end, 20
from unnest($1::text[]) as c (one), generate_series(1, 60) nth
"""
DEVICES = """
insert into gate_device (device_id, compound, checkpoint, seen_at, revoked)
select gen_random_uuid(), one, one || '-k1', $2::timestamptz, false from unnest($1::text[]) as c (one)
"""
MERGES = """
insert into person_alias (person_ref, root) select gen_random_uuid(), gen_random_uuid() from generate_series(1, 400)
"""
POSITIONS = """
insert into bus_position (consumer, producer, channel, last_pos)
select 'consumer' || c, 'producer' || p, 'channel', 9 from generate_series(1, 27) c, generate_series(1, 4) p
"""


def passes(number: int, names: Sequence[str], rng: random.Random) -> list[tuple[Any, ...]]:
    """Residents' passes for a month from a day on, and every tenth a temporary one for some hours of today."""
    found: list[tuple[Any, ...]] = []
    for nth in range(number):
        day = datetime(2020, 2, rng.randrange(1, 24), 16, tzinfo=UTC)
        begins, ends, kind = day, day + timedelta(days=30), "resident"
        if nth % 10 == 0:
            begins = NOW + timedelta(seconds=rng.randrange(-14_400, 3_600))
            ends, kind = begins + timedelta(hours=8), "temporary"
        found.append((uuid4(), names[nth % len(names)], kind, "active", begins, ends))
    return found


def surveyed(round_id: UUID, names: Sequence[str], rng: random.Random) -> list[tuple[Any, ...]]:
    """The dwellings that somebody has been to."""
    return [
        (round_id, uuid4(), names[nth % len(names)], "done", rng.random() < 0.9, False)
        for nth in range(SURVEYED * len(names))
    ]


async def fill(
    database: Database, *, pass_count: int, checks: int, compounds: Sequence[str] = COMPOUNDS
) -> None:
    """A month of the town."""
    rng = random.Random(1)
    names, days = list(compounds), list(DAYS)
    every_hour = round(checks / (len(names) * len(DAYS) * 24))
    round_id = uuid4()
    async with database.begin() as tx:
        document = policy().model_dump(mode="json")
        await tx.execute(policies.COPY_POLICY, 1, date(2020, 2, 1), document)
        for statement, arguments in (
            *((one, (names,)) for one in (TOWN, PEOPLE, GRIDS)),
            (FLOW, (names, days, every_hour)),
            (VEHICLES, (names, days)),
            (CASES, (names, NOW)),
            *((one, ()) for one in (WINDOWS, STREAKS, VOID, MERGES, POSITIONS)),
            (SITES, (names, list(KINDS))),
            *((one, (days,)) for one in (ROUNDS, SHORT)),
            (PICKUPS, (names, days, NOW)),
            *((one, (names, NOW)) for one in (ORDERS, VENUES, TURNS, GAPS, DEVICES)),
        ):
            await tx.execute(statement, *arguments)
        await tx.execute(survey.PUT_ROUNDS, [round_id], [1], [False])
        asked = [(round_id, name, 980) for name in names]
        await tx.execute(survey.PUT_COMPOUNDS, *columns(asked, 3))
    for statement, rows, width in (
        (survey.PUT_DWELLINGS, surveyed(round_id, names, rng), 6),
        (entry_passes.PUT_PASSES, passes(pass_count, names, rng), 6),
    ):
        for first in range(0, len(rows), BATCH):
            async with database.begin() as tx:
                await tx.execute(statement, *columns(rows[first : first + BATCH], width))


async def ask(bench: Inside, path: str, times: int, **headers: str) -> tuple[list[float], Any]:
    """Seconds of several requests, and the last answer."""
    who = bench.as_role("hq_officer") | headers
    found = []
    for _ in range(times):
        began = time.perf_counter()
        answer = await bench.http.get(path, headers=who)
        found.append(time.perf_counter() - began)
    return found, answer


async def run(*, pass_count: int, checks: int, times: int) -> list[Line]:
    """Fill and ask."""
    async with inside("reporting", NOW) as bench:
        await fill(bench.context.database, pass_count=pass_count, checks=checks)
        owner = await asyncpg.connect(bench.owner_url)
        await owner.execute("vacuum analyze")
        await owner.close()
        await ask(bench, "/v1/board", 20)
        whole, answer = await ask(bench, "/v1/board", times)
        body = answer.json()
        good = await bench.context.database.pool.fetchval(
            "select count(*) from entry_pass where state = 'active' and valid_from <= $1 and valid_until > $1",
            NOW,
        )
        assert body["totals"]["passes_active"] == good
        again, _ = await ask(bench, "/v1/board", times, **{"If-None-Match": answer.headers["ETag"]})
        one, _ = await ask(bench, "/v1/board/lj-001", times)
        page, shown = await ask(bench, "/board?all=1", times, Accept="text/html")
        assert shown.text.count('<th scope="row"') == len(COMPOUNDS) + 24  # and the hours below the chart
    return [
        beside("board", f"{name}, p95", "ms", quantile(found, 0.95) * 1000, limit * 1000)
        for name, found, limit in (
            ("the whole town", whole, LIMIT_SECONDS),
            ("not modified", again, LIMIT_SECONDS),
            ("one compound", one, LIMIT_SECONDS),
            ("the page of all compounds", page, PAGE_SECONDS),
        )
    ]


def main() -> None:
    """Read the numbers and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=140_000)
    parser.add_argument("--checks", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--lines", type=Path, help="a file for the table")
    given = parser.parse_args()
    lines = asyncio.run(run(pass_count=given.passes, checks=given.checks, times=given.times))
    show(lines)
    write(given.lines, lines)


if __name__ == "__main__":
    main()
