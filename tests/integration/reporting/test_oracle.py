"""Every read model: live equals rebuilt equals what somebody works out who has never seen the services."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest

from deploy.local.nats import NatsServer
from services.reporting import queries
from services.reporting.projections import all_projections
from services.reporting.rebuild import rebuild
from services.reporting.store.population import POPULATION
from shared.context import Context
from shared.db.pool import Database
from shared.db.reach import NOBODY, Reach, reaching
from shared.http.access import TOWN, Grant, Principal, Role
from shared.testing.databases import Databases
from tests.integration.reporting.mixed import mixed_town
from tests.integration.reporting.oracle.rows import Row
from tests.integration.reporting.oracle.tables import KEYS, expected
from tests.integration.reporting.outboxes import answering, link_of
from tests.integration.reporting.world import COMPOUNDS, Log, deliver, deliver_badly

ContextFor = Callable[[str], Awaitable[Context]]
HEADQUARTERS = Principal(kind="staff", subject="hq", grants=(Grant(role=Role.HQ_OFFICER, scope=TOWN),))
_OF_A_COMPOUND = """
select quote_ident(c.relname) as name
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'compound'
where c.relrowsecurity and c.relnamespace = 'public'::regnamespace order by 1
"""
_ELSEWHERE = {"daily_report_act", "export_job", "finding", "responsibility"}
"""Not made of events; and whoever answers for the whole town is shown in every compound."""
Tables = dict[str, dict[tuple[Any, ...], Row]]


def plain(value: Any) -> Any:
    """A value as the oracle writes it: ids as text, and nothing said is nothing there."""
    match value:
        case UUID():
            return str(value)
        case dict():
            return {key: plain(one) for key, one in value.items() if one is not None}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


async def held(database: Database) -> Tables:
    """All rows of all read models by key."""
    found: Tables = {}
    for table, key in KEYS.items():
        rows = [dict(row) for row in await database.pool.fetch(f"select * from {table}")]
        found[table] = {
            tuple(plain(row[name]) for name in key): {
                name: plain(value) for name, value in row.items() if name not in key
            }
            for row in rows
        }
    return found


def same(found: Tables, wanted: Tables) -> None:
    """Equal, table by table; the first rows that differ are named."""
    for table in wanted:
        theirs, mine = plain(wanted[table]), plain(found[table])
        differ = {
            key: (mine.get(key), theirs.get(key))
            for key in mine.keys() | theirs.keys()
            if mine.get(key) != theirs.get(key)
        }
        assert not differ, (
            f"{table}: {len(differ)} rows, such as (found, expected) {list(differ.items())[:3]}"
        )


def kinds_of(log: Log) -> set[str]:
    return {type(event).__name__ for event in log.events}


@pytest.mark.scenario("H2")
async def test_live_equals_rebuilt_equals_the_oracle(context_for: ContextFor) -> None:
    rng = Random(11)
    log = mixed_town(rng, 4_500)
    live, rebuilt = await context_for("reporting"), await context_for("reporting")

    kills = await deliver_badly(live.database, log, rng, runs=(1, 7, 60, 300))
    await deliver(rebuilt.database, log)

    assert {table for one in all_projections() for table in one.tables} == set(KEYS), "the oracle knows all"
    assert kinds_of(log) >= {kind.__name__ for one in all_projections() for kind in one.reads}
    wanted = expected(log.channels)
    assert all(wanted.values()), [table for table, rows in wanted.items() if not rows]
    assert kills > 20
    for database in (live.database, rebuilt.database):
        assert await database.pool.fetchval("select count(*) from dead_letter") == 0
        same(await held(database), wanted)


@pytest.mark.requirement("F17")
async def test_a_query_that_asks_for_no_place_tells_the_readers_own(context_for: ContextFor) -> None:
    context = await context_for("reporting")
    database, log = context.database, mixed_town(Random(14), 1_500)
    await deliver(database, log)
    whole = await told_without_a_place(context)
    assert all(whole.values()), [name for name, rows in whole.items() if not rows]

    for compound in COMPOUNDS:
        with reaching(Reach.of([f"compound:{compound}"], commands=False)):
            part = await told_without_a_place(context)
        for name, rows in whole.items():
            assert part[name] == [row for row in rows if row["compound"] == compound], name
    with reaching(NOBODY):
        assert not any((await told_without_a_place(context)).values())


async def told_without_a_place(context: Context) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table that lies at a place, and figures of all compounds, as whoever reaches what is told."""
    clock = context.clock
    async with context.database.read() as conn:
        tables = [row["name"] for row in await conn.fetch(_OF_A_COMPOUND)]
        found = {name: await conn.fetch(f"select * from {name} order by {name}") for name in tables}
        found["people counted once"] = await conn.fetch(f"{POPULATION} order by 1")
        board = await queries.board(
            conn, HEADQUARTERS, now=clock.now(), real_now=clock.real_now(), day=clock.today()
        )
        reached = {row["compound"] for row in await conn.fetch("select distinct compound from entry_flow")}
    told = {name: [dict(row) for row in rows] for name, rows in found.items() if name not in _ELSEWHERE}
    lines = [asdict(line) for line in board.lines]  # a compound has a line once its name is known
    return told | {"board": [line for line in lines if line["compound"] in reached]}


def test_the_oracle_itself_can_fail() -> None:
    log = mixed_town(Random(12), 300)
    wanted, told = expected(log.channels), expected(log.channels)
    key = next(iter(told["entry_flow"]))
    told["entry_flow"][key] = told["entry_flow"][key] | {"checks": -1}
    same(wanted, expected(log.channels))
    with pytest.raises(AssertionError, match="entry_flow: 1 rows"):
        same(wanted, told)
    assert isinstance(next(iter(wanted["entry_pass"].values()))["valid_from"], datetime)


@pytest.mark.release
@pytest.mark.timeout(1_500)
@pytest.mark.scenario("H2")
async def test_two_hundred_thousand_events_live_rebuilt_and_by_the_oracle(
    context_for: ContextFor, databases: Databases, nats: NatsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = Random(13)
    log = mixed_town(rng, 200_000)
    wanted = expected(log.channels)
    live = (await context_for("reporting")).database
    link = link_of(nats, "reporting")
    began = time.perf_counter()

    kills = await deliver_badly(live, log, rng, runs=(1, 40, 400, 500))

    lived = time.perf_counter() - began
    same(await held(live), wanted)
    link.start()
    await link.up.wait()
    async with answering(databases, nats) as outboxes:
        await outboxes.fill(log)
        began = time.perf_counter()
        outcomes = await rebuild(live, link, all_projections(), name="all", told=lambda *_: None)
        rebuilt = time.perf_counter() - began
    await link.stop()
    same(await held(live), wanted)
    with capsys.disabled():
        print(  # noqa: T201 -- the figures
            f"\n{len(log.events):,} events, {kills} kills: live in {lived:.0f} s, rebuilt in {rebuilt:.0f} s, "
            f"{sum(map(len, wanted.values())):,} rows equal to the oracle's"
        )
    assert [one for outcome in outcomes for one in outcome.differences] == []
    assert len(log.events) > 200_000
    assert kills > 100
