"""Work that falls due by business time is done as soon as somebody sets that to another."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from shared.context import Context
from shared.db.pool import Database
from shared.kernel.clock import write_control
from shared.leader import Leader, Ticker
from shared.testing.waiting import eventually
from tests.conftest import NINE_ON_THE_24TH
from tests.integration.bus.support import background


async def test_what_looks_once_an_hour_follows_a_step_at_once_and_looks_again_before_it_is_noted(
    context_for: Callable[[str], Awaitable[Context]], clock_file: Path
) -> None:
    context = await context_for("sanitation")
    database, seen, counted = context.database, list[datetime](), list[datetime]()

    async def act(database: Database) -> None:
        seen.append(database.clock.now())

    async def count(database: Database) -> None:
        counted.append(database.clock.now())

    hourly = Ticker(name="hourly", act=act, every_seconds=3600)
    gauges = Ticker(name="gauges", act=count, every_seconds=3600, waited_for=False)
    leader = Leader(database, context.settings, consumers=(), tickers=(hourly, gauges))

    async def noted(instant: datetime) -> bool:
        through = await database.pool.fetchval("select through from ticked where ticker = 'hourly'")
        return bool(through == instant)

    async with background(leader.run()):
        await eventually(lambda: noted(NINE_ON_THE_24TH), what="it was done at first")
        for hours in (1, 30, 31):
            later = NINE_ON_THE_24TH + timedelta(hours=hours)
            write_control(clock_file, later, 0.0)
            await eventually(lambda instant=later: noted(instant), what="it followed")  # type: ignore[misc]
            assert seen.count(later) == 2
    await leader.close()
    assert counted == [NINE_ON_THE_24TH]


async def test_a_ticker_looks_again_after_others_committed_and_not_for_looks(
    context_for: Callable[[str], Awaitable[Context]],
) -> None:
    context = await context_for("sanitation")
    database, looks, others = context.database, list[int](), list[int]()

    async def act(database: Database) -> None:
        async with database.begin() as tx:
            looks.append(await tx.fetchval("select 1"))

    async def other(_: Database) -> None:
        others.append(1)

    often = Ticker(name="often", act=act, every_seconds=0.01, idle_seconds=3600)
    pacer = Ticker(name="pacer", act=other, every_seconds=0.01, idle_seconds=0)
    leader = Leader(database, context.settings, consumers=(), tickers=(often, pacer))

    async def many_turns(beyond: int) -> bool:
        return len(others) >= beyond + 20

    async with background(leader.run()):
        await eventually(lambda: many_turns(0), what="time went by")
        assert len(looks) == 1
        async with database.read() as conn:
            await conn.fetchval("select 1")
        so_far = len(others)
        await eventually(lambda: many_turns(so_far), what="time went by")
        assert len(looks) == 1
        async with database.begin():
            pass
        await eventually(lambda: _is(looks, 2), what="it looked at what was committed")
    await leader.close()


async def _is(found: list[int], count: int) -> bool:
    return len(found) == count
