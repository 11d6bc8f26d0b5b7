"""Read models are built again beside the live ones: equal row by row, after a kill too, and switched without a loss."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from deploy.local.nats import NatsServer
from services.reporting import rebuild as rebuilding
from services.reporting.projections import all_projections
from services.reporting.rebuild import Channel, Outcome, RebuildError, chosen, rebuild
from shared.bus.link import Link
from shared.context import Context
from shared.db.pool import Database
from shared.events.observation import ObservationInterrupted
from shared.testing.databases import Databases
from tests.integration.reporting.outboxes import Outboxes, answering, link_of
from tests.integration.reporting.small_town import small_town
from tests.integration.reporting.world import (
    COMPOUNDS,
    MORNING,
    Log,
    about,
    deliver,
    deliver_badly,
    dump,
    started,
)

ContextFor = Callable[[str], Awaitable[Context]]
ROOT = Path(__file__).parents[3]
KILLED = """
import asyncio, os, signal, sys
from services.reporting.projections import all_projections
from services.reporting.rebuild import rebuild
from shared.bus.credentials import Credentials
from shared.bus.link import Link
from shared.db.pool import Database
from shared.kernel.clock import SystemClock

async def main(url, nats, user, seed, after):
    live = await Database.open(url, service="reporting", clock=SystemClock())
    link = Link(nats, name="reporting", credentials=Credentials(user=user, seed=seed))
    link.start()
    await link.up.wait()
    done = 0
    def told(_channel, pos, _total):
        nonlocal done
        done += pos > 0
        if done > int(after):
            os.kill(os.getpid(), signal.SIGKILL)
    await rebuild(live, link, all_projections(), name="all", told=told)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def outboxes(databases: Databases, nats: NatsServer) -> AsyncIterator[Outboxes]:
    async with answering(databases, nats) as made:
        yield made


@pytest.fixture
async def link(nats: NatsServer) -> AsyncIterator[Link]:
    made = link_of(nats, "reporting")
    made.start()
    await made.up.wait()
    yield made
    await made.stop()


def silence(_channel: Channel, _done: int, _total: int) -> None:
    """Nobody watches."""


async def again(live: Database, link: Link, name: str = "all", *, switch: bool = True) -> list[Outcome]:
    return await rebuild(live, link, chosen(all_projections(), name), name=name, told=silence, switch=switch)


def told_of(outcomes: list[Outcome]) -> set[str]:
    return {difference.table for outcome in outcomes for difference in outcome.differences}


@pytest.mark.scenario("H2")
async def test_a_rebuild_equals_the_live_rows_and_finds_every_row_that_was_touched(
    context_for: ContextFor, outboxes: Outboxes, link: Link
) -> None:
    rng, log = Random(3), small_town(Random(3), 400)
    live = (await context_for("reporting")).database
    await deliver_badly(live, log, rng)
    await outboxes.fill(log)
    before = await dump(live)

    same = await again(live, link)

    assert told_of(same) == set()
    assert sum(outcome.events for outcome in same) > 1_000
    assert await dump(live) == before
    assert await live.pool.fetchval("select count(*) from pg_namespace where nspname like 'shadow%'") == 0

    await live.pool.execute("update entry_flow set checks = checks + 1 where compound = $1", COMPOUNDS[0])
    await live.pool.execute(
        "delete from entry_pass where pass_id = (select min(pass_id::text)::uuid from entry_pass)"
    )
    await live.pool.execute(
        "insert into observation_case select gen_random_uuid(), person_ref, compound, dwelling_id, grid, category,"
        " measure, state, anchor_date, last_day, started_at, ended_at from observation_case limit 1"
    )
    touched = await dump(live)
    looked = await again(live, link, switch=False)
    assert told_of(looked) == {"entry_flow", "entry_pass", "observation_case"}
    assert await dump(live) == touched, "comparing changes nothing"
    of_checks = next(one for one in looked if one.projection == "entry_flow")
    for difference in of_checks.differences:
        assert difference.live is not None
        assert difference.rebuilt is not None
        assert difference.live["checks"] == difference.rebuilt["checks"] + 1

    single = await again(live, link, "entry_flow")
    assert (len(single), told_of(single)) == (1, {"entry_flow"})
    assert told_of(await again(live, link)) == {"entry_pass", "observation_case"}
    assert await dump(live) == before

    for event in small_town(Random(4), 100).events:
        log.say(event)
    await deliver(live, log)
    fresh = (await context_for("reporting")).database
    await deliver(fresh, log)
    assert await dump(live) == await dump(fresh), "nothing lost and nothing doubled after the switch"


@pytest.mark.scenario("H2")
async def test_who_is_killed_while_rebuilding_goes_on_where_they_were(
    context_for: ContextFor, outboxes: Outboxes, link: Link, nats: NatsServer
) -> None:
    log = small_town(Random(5), 1_500)
    live = (await context_for("reporting")).database
    await deliver(live, log)
    await outboxes.fill(log)
    before = await dump(live)
    who = nats.credentials("reporting")
    arguments = [live.url, nats.url, who.user, who.seed, "3"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, *arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert await process.wait() == -signal.SIGKILL
    assert await dump(live) == before, "whatever is half built is not in use"
    began: dict[Channel, int] = {}

    def told(channel: Channel, done: int, _total: int) -> None:
        began.setdefault(channel, done)

    outcomes = await rebuild(live, link, all_projections(), name="all", told=told)

    assert any(began.values()), "it went on"
    assert told_of(outcomes) == set()
    assert await dump(live) == before


@pytest.mark.scenario("H2")
async def test_live_goes_on_while_its_copy_is_built_and_loses_nothing_by_the_switch(
    context_for: ContextFor, outboxes: Outboxes, link: Link
) -> None:
    log, more = small_town(Random(6), 300), small_town(Random(7), 300)
    live = (await context_for("reporting")).database
    await deliver(live, log)
    await outboxes.fill(log)

    async def go_on() -> None:
        for nth in range(0, len(more.events), 150):
            log.say(*more.events[nth : nth + 150])
            await outboxes.fill(log)
            await deliver(live, log)

    outcomes, _ = await asyncio.gather(again(live, link), go_on())

    assert told_of(outcomes) == set()
    fresh = (await context_for("reporting")).database
    await deliver(fresh, log)
    assert await dump(live) == await dump(fresh)
    assert told_of(await again(live, link)) == set()


async def test_what_live_has_set_aside_stays_aside_and_anything_else_that_fails_stops_the_rebuild(
    context_for: ContextFor, outboxes: Outboxes, link: Link
) -> None:
    log, known, unknown = Log(), started(COMPOUNDS[0], uuid4()), started(COMPOUNDS[0], uuid4())
    log.say(
        known,
        ObservationInterrupted(**about(unknown), reason="fever", interrupted_at=MORNING),
        ObservationInterrupted(**about(known), reason="fever", interrupted_at=MORNING),
    )
    live = (await context_for("reporting")).database
    await deliver(live, log)
    await outboxes.fill(log)
    assert (
        await live.pool.fetchval("select count(*) from dead_letter where consumer = 'observation_roll'") == 1
    )

    assert told_of(await again(live, link, "observation_roll")) == set()

    await live.pool.execute("delete from dead_letter where consumer = 'observation_roll'")
    with pytest.raises(RebuildError, match=r"observation_roll cannot apply .* 1:2: CaseUnknownError"):
        await again(live, link, "observation_roll")
    assert await live.pool.fetchval("select state from observation_case") == "interrupted"


async def test_a_producer_that_is_away_is_named(
    context_for: ContextFor, outboxes: Outboxes, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "SILENT_AFTER", 1)
    log = Log()
    log.say(started(COMPOUNDS[0], uuid4()))
    live = (await context_for("reporting")).database
    await deliver(live, log)  # and nothing in the outboxes
    assert outboxes.put == {}

    with pytest.raises(RebuildError, match=r"observation does not answer for cases"):
        await again(live, link, "observation_roll")
