"""Planted people go through the whole system over every way in; nothing of them is read where nobody is to read it."""

import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy.local.nats import NatsServer
from deploy.local.postgres import Postgres
from tests.acceptance.gatehouse import Gatehouse
from tests.acceptance.planting import Planting
from tests.acceptance.stack import SERVICES, Stack
from tests.canaries import MARKS, NAME, ROOM, Canary, files, leaks

pytestmark = [pytest.mark.requirement("F18"), pytest.mark.timeout(900)]
ORDINARY, RELEASE = 200, 2_000


def dumped(postgres: Postgres, url: str) -> bytes:
    """What `pg_dump` writes of a database."""
    argv = [str(postgres.bin / "pg_dump"), "--no-password", "--dbname", url]
    return subprocess.run(argv, check=True, capture_output=True).stdout  # noqa: S603


async def table_files(postgres: Postgres, stack: Stack, service: str) -> dict[str, bytes]:
    """The files of a service's database as they lie on the disk."""
    oid = await (await stack.onlooker(service)).fetchval(
        "select oid from pg_database where datname = current_database()"
    )
    return {f"{service} {name}": held for name, held in files(postgres.data / "base" / str(oid)).items()}


@asynccontextmanager
async def slow_statements_noted(postgres: Postgres) -> AsyncIterator[None]:
    """Every statement counts as slow meanwhile; afterwards everything that was written is on the disk."""
    superuser = await asyncpg.connect(postgres.superuser_url())
    try:
        await superuser.execute("alter system set log_min_duration_statement = 0")
        await superuser.execute("select pg_reload_conf()")
        yield
    finally:
        await superuser.execute("alter system reset log_min_duration_statement")
        await superuser.execute("select pg_reload_conf()")
        await superuser.execute("checkpoint")
        await superuser.close()


@pytest.mark.parametrize("count", [ORDINARY, pytest.param(RELEASE, marks=[pytest.mark.release])])
async def test_of_planted_people_nothing_is_read_outside(
    house: Gatehouse, postgres: Postgres, own_nats: NatsServer, count: int
) -> None:
    stack = house.stack
    planting = Planting(house=house, birds=(Canary(nth) for nth in range(count, 10_000)))
    await house.risk_areas()
    async with slow_statements_noted(postgres):
        await planting.lists(count)
        await planting.at_home_and_at_the_gate()
        await planting.under_observation()
        await planting.told_from_outside()
        file = await planting.exported()
        await planting.failing()
        said = await planting.everywhere()
        await stack.equal()
    answered = Counter(status for each in planting.statuses.values() for status in each)
    print(f"\n{len(said)} texts said, {sorted(answered.items())}")  # noqa: T201 -- the figures
    # They are there, and the search finds them where they may be; every kind of place is full.
    assert leaks({"export": file}, NAME) != []
    assert (len(said) > 60, answered[200] > 200, answered[500]) == (True, True, 0)

    own = files(stack.folder, ("*.log", "*.jsonl"))
    assert leaks(own, "http_request") != []
    found = leaks(own, *MARKS)
    for service in SERVICES:
        figures = (await stack.http.get(f"{stack.base(service)}/metrics")).content
        found += leaks({f"{service} metrics": figures}, *MARKS)
    bus = files(own_nats.home, ("store/**/*", "*.log"))
    assert leaks(bus, "PersonRegistered") != []
    found += leaks(bus, *MARKS)
    for service in SERVICES:
        urls = stack.urls[service]
        dumps = {"dump": dumped(postgres, urls.owner), "keys": dumped(postgres, urls.keystore)}
        held = dumps | await table_files(postgres, stack, service)
        # The address book is open on purpose (decision 0004), and only there.
        marks = [one for one in MARKS if one != ROOM or service != "registry"]
        found += [f"{service} {line}" for line in leaks(held, *marks)]
    found += leaks({"database log": postgres.log.read_bytes()}, *MARKS)
    found += leaks(files(postgres.data / "pg_wal"), *(one for one in MARKS if one != ROOM))
    # What is announced to everybody is open on purpose.
    notices = await (await stack.onlooker("registry")).fetch("select title, text from notice")
    announced = [text for notice in notices for text in notice.values()]
    hidden = [line for line in found if not any(f": {text}" in line for text in announced)]
    assert hidden == [], {where for text, where in said.items() if any(text in line for line in hidden)}
