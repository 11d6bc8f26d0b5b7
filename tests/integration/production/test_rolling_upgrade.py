"""An upgrade without a pause: schema first, new beside old, old drains, schema last (F14)."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.faults.versions import BASE, Version
from deploy.local.issuer import Account, Issuer
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.secrets import Secrets
from deploy.production import workloads
from shared.bus import outbox
from shared.db.migrations import MigrationError, migrate
from shared.kernel.clock import write_control
from shared.testing.databases import Databases
from shared.testing.waiting import eventually
from tests.acceptance.stack import ROOT, Stack
from tests.conftest import NINE_ON_THE_24TH

COMPOUND = {
    "version": 0,
    "neighbourhood_id": "wx",
    "name": "望新花园",
    "building_type": "high_rise",
    "address": "望新路 1 号",
    "area_m2": 90_000,
    "mode": "closed",
}


@pytest.fixture
async def lone(nats: NatsServer, secrets: Secrets, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Stack]:
    clock_file = tmp_path / "clock.json"
    write_control(clock_file, NINE_ON_THE_24TH, 0.0)
    stack = Stack(folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=clock_file)
    yield stack
    await stack.stop()


def newer(folder: Path) -> Version:
    """The registry's next version: another program, one migration before it and one after."""
    return Version(service="registry", number=1, tree=ROOT).next(folder)


class Callers:
    """Clients behind a balancer that knows who answers; each fact has an id, and each answer is kept."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.answering = stack, [stack.base("registry")]
        self.answers: dict[str, int] = {}
        self._ended = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    def start(self, count: int) -> None:
        self._running = [asyncio.create_task(self._call(nth)) for nth in range(count)]

    async def finish(self) -> None:
        """Nobody may have failed: neither an answer nor a connection."""
        self._ended.set()
        await asyncio.gather(*self._running)
        assert set(self.answers.values()) <= {200, 201}, self.answers

    async def further(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answers) + count

        async def there() -> bool:
            for task in self._running:
                if task.done():
                    task.result()
            return len(self.answers) >= wanted

        await eventually(there, within=30, what="answers go on")

    async def _call(self, nth: int) -> None:
        account = Account(subject=f"officer-{nth}", name=f"officer {nth}", role="hq_officer", scope="town")
        headers = {"Authorization": f"Bearer {self.stack.issuer.access_token(account)}"}
        turn = nth
        async with httpx.AsyncClient(timeout=20) as http:
            while not self._ended.is_set():
                turn += 1
                await asyncio.sleep(0.05)  # within the pace that each caller is given
                name = f"c-{uuid4().hex[:12]}"
                base = self.answering[turn % len(self.answering)]
                path = f"{base}/v1/compounds/{name}"
                self.answers[name] = (await http.put(path, headers=headers, json=COMPOUND)).status_code


@pytest.mark.timeout(240)
@pytest.mark.scenario("F14")
async def test_an_upgrade_under_load_fails_nobody_and_loses_nothing(
    lone: Stack, databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await lone.prepare("registry", databases)
    lone.launch("registry")
    await lone.ready("registry")
    version = newer(tmp_path / "newer")
    owner = lone.urls["registry"].owner
    body = {"version": 0, "name": "望新社区", "kind": "community"}
    officer = lone.as_role("hq_officer")
    await lone.call("PUT", "registry", "/v1/neighbourhoods/wx", headers=officer, json=body)
    callers = Callers(lone)
    callers.start(6)
    await callers.further(40)

    assert [name.partition("_")[2] for name in await version.migrate(owner, "pre")] == ["version_2"]
    await callers.further(40)  # the old program on the new schema

    old, old_base = lone.processes.pop("registry"), lone.base("registry")
    lone.processes["the old one"] = old  # stopped with the rest whatever happens
    lone.ports["registry"] = any_free()
    assert await written_by(owner) == {None}
    lone.launch("registry", tree=version.tree)
    await lone.ready("registry")
    callers.answering.append(lone.base("registry"))
    await callers.further(40)  # both
    assert await written_by(owner) == {None, 2}

    callers.answering.remove(old_base)
    await callers.further(30)  # who had chosen it has its answer: what `preStop` waits for
    began = time.monotonic()
    old.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(old.wait, workloads.DRAIN_SECONDS) == 0
    drained = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(
            f"\ndrained in {drained:.1f} s of {workloads.DRAIN_SECONDS}, {len(callers.answers)} answers so far\n"
        )
    assert [name.partition("_")[2] for name in await version.migrate(owner, "post")] == [
        "version_2_always_post"
    ]
    assert await written_by(owner) == {1, 2}
    await callers.further(40)  # the new one alone, on the narrowed schema
    await callers.finish()
    connection = await asyncpg.connect(owner)
    try:
        kept = [row["id"] for row in await connection.fetch("select compound_id as id from compound")]
        told = "select count(*) from outbox where pos is not null and subject like '%.CompoundRegistered.%'"
        assert len(kept) == len(set(kept))
        assert set(callers.answers) <= set(kept)

        async def all_told() -> bool:
            return bool(await connection.fetchval(told) >= len(callers.answers))

        await eventually(all_told, within=20, what="the new leader told what was committed under the old one")
    finally:
        await connection.close()


async def written_by(owner: str) -> set[int | None]:
    """Which versions wrote events; None: one that does not say so."""
    connection = await asyncpg.connect(owner)
    try:
        return {row["version_2"] for row in await connection.fetch("select distinct version_2 from outbox")}
    finally:
        await connection.close()


@pytest.mark.scenario("F14")
async def test_each_version_needs_its_own_schema_and_both_can_write_only_between(
    databases: Databases, tmp_path: Path
) -> None:
    """Else an upgrade that runs two of them would prove nothing."""
    owner = (await databases.fresh("registry")).owner
    version = newer(tmp_path / "newer")
    text = (version.tree / "shared/bus/outbox.py").read_text(encoding="utf-8")
    newer_insert = text.partition('INSERT = """')[2].partition('"""')[0]
    event = ["c"], ["s"], ["{}"], [None]
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(outbox.INSERT, *event)
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.execute(newer_insert, *event)
        await version.migrate(owner, "pre")
        await connection.execute(outbox.INSERT, *event)
        await connection.execute(newer_insert, *event)
        await version.migrate(owner, "post")
        with pytest.raises(asyncpg.NotNullViolationError):
            await connection.execute(outbox.INSERT, *event)
        await connection.execute(newer_insert, *event)
    finally:
        await connection.close()


async def test_a_schema_is_not_narrowed_before_the_program_that_needs_it_has_gone(
    databases: Databases, tmp_path: Path
) -> None:
    urls = await databases.fresh("registry")
    version = newer(tmp_path / "newer")
    sources = version.sources
    with pytest.raises(MigrationError, match="belongs before the new program starts"):
        await migrate(urls.owner, sources, phase="post")
    assert len(await migrate(urls.owner, sources, phase="pre")) == 1
    assert await migrate(urls.owner, sources, phase="pre") == []
    files = version.tree / BASE
    further = files / f"{len(list(files.glob('*.sql'))) + 1:04}_further.sql"
    further.write_text("-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n")
    with pytest.raises(MigrationError, match="finish the upgrade before this one"):
        await migrate(urls.owner, sources, phase="pre")
    assert len(await migrate(urls.owner, sources)) == 2, "where nothing runs, all at once"
