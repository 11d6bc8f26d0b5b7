"""Sanitation killed with -9 in the middle of a day close: every day of every site is told once all the same."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.sanitation.imports.job import SiteImports
from services.sanitation.tickers import close_days
from shared.testing.waiting import eventually
from tests.conftest import NINE_ON_THE_24TH, Client
from tests.integration.sanitation.test_rounds_over_http import log
from tests.integration.sanitation.test_site_import import site_line, site_list
from tests.integration.sanitation.world import Service, policy

ROOT = Path(__file__).parents[2]
PLACES = [f"lj-{number:03}" for number in range(1, 11)]
SITES = 12
DAYS = 20
KILLS = 3
AFTER = datetime(2020, 3, 15, 1, 0, tzinfo=UTC)
"""Twenty days later, 09:00 in Shanghai."""


async def given(client: Client) -> Service:
    """Ten compounds that were left alone for twenty days; some sites were disinfected on the first."""
    service = Service(client=client, imports=SiteImports())
    service.client.move_to(NINE_ON_THE_24TH)
    await service.hear_compounds(*PLACES)
    await service.hear_policy(1, datetime(2020, 2, 1, tzinfo=UTC).date(), policy())
    lines = [site_line(number, compound=place) for place in PLACES for number in range(1, SITES + 1)]
    await service.send_list(site_list(*lines))
    await service.work()
    for place in PLACES[::2]:
        for at in ("02:00", "07:00"):
            body = log(site_code=f"{place}-s0001", done_at=f"2020-02-24T{at}:00+08:00")
            assert (await service.post("/v1/rounds", body, "sanitation_worker")).status_code == 201
    service.client.move_to(AFTER)
    return service


async def outcome(service: Service) -> tuple[Counter[tuple[str, str, int]], list[tuple[object, ...]]]:
    """What was told, and what is kept, by the codes of the sites."""
    pool = service.context.database.pool
    codes = {str(row["site_id"]): row["code"] for row in await pool.fetch("select site_id, code from site")}
    told = Counter(
        (codes[one["data"]["site_id"]], one["data"]["day"], one["data"]["shortfall"])
        for one in await service.published("RoundMissed")
    )
    kept = await pool.fetch(
        "select s.code, d.day, d.kind, d.required, d.done, d.on_time, d.shortfall, d.logged"
        " from site_day d join site s using (site_id) order by 1, 2"
    )
    return told, [tuple(row.values()) for row in kept]


def launch(plan: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.faults.closing", str(plan)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


async def progress(service: Service) -> int:
    found: int = await service.context.database.pool.fetchval("select count(*) from site_day")
    return found


@pytest.mark.timeout(300)
@pytest.mark.scenario("S1")
async def test_a_day_close_that_is_killed_again_and_again_tells_what_one_in_peace_tells(
    client_for: Callable[[str], Awaitable[Client]], tmp_path: Path
) -> None:
    peaceful = await given(await client_for("sanitation"))
    await close_days(peaceful.context.database)
    killed = await given(await client_for("sanitation"))
    plan = tmp_path / "plan.json"
    clock = str(killed.client.clock_file)
    plan.write_text(json.dumps({"url": killed.context.settings.database_url, "clock": clock}))
    choose, kills, whole = random.Random(20200224), 0, len(PLACES) * SITES * DAYS
    while await progress(killed) < whole:
        before = await progress(killed)
        process = launch(plan)
        try:
            if kills < KILLS:

                async def moved(process: subprocess.Popen[bytes] = process, before: int = before) -> bool:
                    return process.poll() is not None or await progress(killed) > before

                await eventually(moved, within=60, what="the close is at work")
                await asyncio.sleep(choose.uniform(0, 0.05))
            else:
                await asyncio.to_thread(process.wait, 60)
        finally:
            died = process.poll() is None
            process.kill()
            process.wait()
            kills += died

    assert kills >= 1, "too little was killed to prove anything"
    assert await outcome(killed) == await outcome(peaceful)
    told, kept = await outcome(killed)
    assert set(told.values()) == {1}
    assert len(kept) == whole
    assert len(told) == whole - len(PLACES[::2])
