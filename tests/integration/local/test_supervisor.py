import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from deploy.local import databases, ports
from deploy.local.children import born
from deploy.local.names import SERVICES
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from deploy.local.state import Home
from tests.integration.local.conftest import ROOT, a_place, gone

T = TypeVar("T")
STACK = Path(__file__).with_name("tiny_stack.py")


@pytest.fixture
def home(place: Path) -> Home:
    return Home(place / "home of a stack")


@contextmanager
def stack(home: Home, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, str(STACK), str(home.path), *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(look: Callable[[], T], *, within: float = 90) -> T:
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
    return found


def ready(home: Home, process: subprocess.Popen[str]) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        assert process.poll() is None, process.communicate()[1]
        told = home.status()
        return told if told.get("pid") == process.pid and told["phase"] == "ready" else {}

    return eventually(look)


def pids(status: dict[str, Any]) -> dict[str, int]:
    return {name: child["pid"] for name, child in status["children"].items()}


def ask(home: Home, status: dict[str, Any], question: str) -> Any:
    async def one() -> Any:
        server = Postgres(home.postgres, status["ports"]["postgres"])
        connection = await asyncpg.connect(server.superuser_url("registry"))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(one())


def test_it_comes_up_and_stops_in_order(home: Home) -> None:
    with stack(home) as process:
        status = ready(home, process)
        assert set(pids(status)) == {"postgres", "nats", *SERVICES}
        assert home.running() == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert home.status()["phase"] == "stopped"
    assert home.running() is None
    assert not any(born(pid) for pid in pids(status).values())
    assert "database system is shut down" in (home.logs / "postgres.log").read_text()
    assert "Server Exiting" in (home.logs / "nats.log").read_text()


def test_killed_outright_it_leaves_no_orphan_loses_nothing_and_starts_again_at_once(home: Home) -> None:
    with stack(home) as process:
        first = ready(home, process)
        ask(home, first, "create table kept as select generate_series(1, 500) n")
        process.kill()
    with stack(home) as process:  # waits for what is still on its way out
        second = ready(home, process)
        assert ask(home, second, "select count(*) from kept") == 500
        process.kill()
        process.wait()
    assert all(gone(pid, within=30) for told in (first, second) for pid in pids(told).values())
    assert home.running() is None


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Home, subprocess.Popen[str]]]:
    """One stack for what neither stops nor kills its supervisor."""
    with a_place() as place:
        home = Home(place / "home of a stack")
        with stack(home) as process:
            ready(home, process)
            yield home, process
            process.terminate()
            assert process.wait(30) == 0


@pytest.mark.parametrize("victim", ["gate", "nats", "postgres"])
def test_a_killed_child_comes_back(running: tuple[Home, subprocess.Popen[str]], victim: str) -> None:
    home, process = running
    before = ready(home, process)
    os.kill(before["children"][victim]["pid"], signal.SIGKILL)

    def back() -> bool:
        child = home.status()["children"][victim]
        restarts = before["children"][victim]["restarts"]
        return bool(child["restarts"] == restarts + 1 and child["state"] == "ready")

    assert eventually(back)
    after = home.status()
    assert after["children"][victim]["port"] == before["children"][victim]["port"]
    assert pids(after)[victim] != pids(before)[victim]
    assert not ports.is_free(after["children"][victim]["port"])


def test_a_home_has_one_supervisor(running: tuple[Home, subprocess.Popen[str]]) -> None:
    home, process = running
    ready(home, process)
    with stack(home) as second:
        assert second.wait(30) == 1
        assert second.stderr is not None
        assert "is running in" in second.stderr.read()
    assert home.status()["phase"] == "ready"
    assert home.running() == process.pid


def test_each_service_has_its_own_databases_and_no_way_into_others(
    running: tuple[Home, subprocess.Popen[str]],
) -> None:
    home, process = running
    status = ready(home, process)
    port, secrets = status["ports"]["postgres"], Secrets(folder=home.secrets)

    async def check() -> None:
        owner = await asyncpg.connect(databases.url(port, "gate_owner", "gate", secrets))
        await owner.execute("create table thing (id bigint generated always as identity, n int)")
        await owner.close()
        app = await asyncpg.connect(databases.url(port, "gate_app", "gate", secrets))
        await app.execute("insert into thing (n) values (1)")
        await app.execute("create temporary table scratch (n int)")
        for forbidden in ("create table other (n int)", "drop table thing", "truncate thing"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(forbidden)
        await app.close()
        for foreign in ("registry", "registry_keys", "postgres"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(databases.url(port, "gate_app", foreign, secrets))

    asyncio.run(check())


def test_a_child_that_cannot_start_ends_the_start_with_its_own_words(home: Home) -> None:
    with stack(home, '["sanitation"]') as process:
        assert process.wait(60) == 1
    status = home.status()
    assert status["phase"] == "failed"
    assert "sanitation did not become ready (tiny was told to fail)" in status["en"]
    assert not any(born(pid) for pid in pids(status).values() if pid)
