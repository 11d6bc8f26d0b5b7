import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from deploy.local import pgbin, ports
from deploy.local.children import server_account
from deploy.local.errors import LocalError
from deploy.local.postgres import Postgres
from tests.integration.local.conftest import ROOT, Ordinary, gone

DEEP = "d" * 80 + "/" + "e" * 69


async def ask(server: Postgres, question: str) -> object:
    connection = await asyncpg.connect(server.superuser_url())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


@pytest.mark.parametrize("folder", ["plain", "with two spaces", DEEP])
async def test_it_starts_in_any_folder(place: Path, folder: str) -> None:
    with Postgres(place / folder) as server:
        assert server.home == place / folder
        assert await ask(server, "select current_setting('server_version_num')::int / 10000") >= 16  # type: ignore[operator]
        assert (
            await ask(server, "select lower('ÄÖ') || upper('é')") == "äöÉ"
        )  # letters beyond ASCII are letters


async def test_settings_that_keep_facts_are_on(place: Path) -> None:
    with Postgres(place / "pg") as server:
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "password_encryption": "scram-sha-256",
            "listen_addresses": "127.0.0.1",
            "TimeZone": "UTC",
        }.items():
            assert await ask(server, f"select current_setting('{name}')") == value, name


async def test_a_wrong_password_is_refused(place: Path) -> None:
    with Postgres(place / "pg", fsync=False) as server, pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{server.port}/postgres")


async def test_a_crash_loses_nothing_and_the_port_stays(place: Path) -> None:
    server = Postgres(place / "pg").start()
    try:
        port = server.port
        await ask(server, "create table kept (n int)")
        connection = await asyncpg.connect(server.superuser_url())
        await connection.execute("insert into kept select generate_series(1, 1000)")
        server.kill()
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            await connection.execute("select 1")
        await server.start_async()
        assert server.port == port
        assert await ask(server, "select count(*) from kept") == 1000
    finally:
        server.stop()


async def test_stopping_does_not_wait_for_clients(place: Path) -> None:
    server = Postgres(place / "pg", fsync=False).start()
    connection = await asyncpg.connect(server.superuser_url())
    assert server.stop() == 0  # one that waits is killed in the end, and says so
    connection.terminate()


def test_an_initdb_that_was_killed_is_begun_anew(place: Path) -> None:
    half = place / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Postgres(place / "pg", fsync=False) as server:
        assert server.ready()


def test_data_of_another_major_version_is_refused_in_one_sentence(place: Path) -> None:
    server = Postgres(place / "pg", fsync=False)
    server.prepare()
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(LocalError, match="PostgreSQL 12"):
        server.start()


def test_a_taken_port_is_named_with_its_option(place: Path) -> None:
    with Postgres(place / "first", fsync=False) as first:
        second = Postgres(place / "second", port=first.port, fsync=False)
        with pytest.raises(LocalError, match=rf"{first.port}.*--postgres-port"):
            second.start()


def test_a_stale_pid_file_of_another_process_does_not_stop_it(place: Path) -> None:
    server = Postgres(place / "pg", fsync=False)
    server.prepare()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    with server:
        assert server.ready()


def test_it_may_not_be_started_from_a_worker_thread(place: Path) -> None:
    server = Postgres(place / "pg", fsync=False)

    async def from_a_thread() -> None:
        with pytest.raises(RuntimeError, match="main thread"):
            await asyncio.to_thread(server.start)

    asyncio.run(from_a_thread())


def test_a_folder_that_the_account_cannot_enter_is_replaced_and_left_as_it_is(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "pg", fsync=False)
    if server_account() is None:
        assert server.home == closed / "pg"  # our own folder is open to ourselves
        return
    assert server.home.parent in {Path("/var/lib"), Path("/var/tmp")}  # noqa: S108
    try:
        with server:
            assert server.ready()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert Postgres(closed / "pg").home == server.home
    finally:
        server.remove()
    assert not server.home.exists()


def test_unreachable_programs_are_copied_with_their_libraries(place: Path) -> None:
    account = server_account()
    programs = pgbin.find()
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    site = hidden / "site-packages"
    site.mkdir()
    package = programs.parent.parent
    (site / package.name).symlink_to(package)
    libs = package.with_name(package.name + ".libs")
    if libs.exists():
        (site / libs.name).symlink_to(libs)
    seen = site / package.name / programs.parent.name / "bin"
    home = place / "home"
    home.mkdir()
    used = pgbin.reachable(seen, account, home)
    if account is None:
        assert used == seen
    else:
        assert used.is_relative_to(home)
    version = subprocess.run(  # noqa: S603
        [used / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    assert "PostgreSQL" in version.stdout
    assert pgbin.can(account, used / "postgres", "-x")


HOLDER = """
import sys, time
from pathlib import Path
from deploy.local.postgres import Postgres
server = Postgres(Path(sys.argv[1]), fsync=False).start()
print(server.process.pid, server.port, server.superuser_url(), flush=True)
time.sleep(600)
"""


def test_it_shuts_down_by_itself_when_its_starter_is_killed(place: Path) -> None:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(place / "pg")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        pid, port, _ = holder.stdout.readline().split()
        holder.kill()
    assert gone(int(pid), within=15)
    assert ports.is_free(int(port))
    assert "database system is shut down" in (place / "pg" / "postgres.log").read_text()


@pytest.mark.parametrize("folder", ["with two spaces", DEEP])
def test_an_ordinary_user_can_start_it(place: Path, folder: str, ordinary: Ordinary) -> None:
    home = place / folder
    home.parent.mkdir(parents=True, exist_ok=True)
    home.parent.chmod(0o777)
    with subprocess.Popen(  # noqa: S603
        [ordinary.python, "-c", HOLDER, str(home)],
        cwd=ROOT,
        env=ordinary.env | {"HOME": str(place)},
        stdout=subprocess.PIPE,
        text=True,
        **ordinary.account,
    ) as holder:
        assert holder.stdout is not None
        pid, _, url = holder.stdout.readline().split()
        try:

            async def who() -> object:
                connection = await asyncpg.connect(url)
                try:
                    return await connection.fetchval("select current_user")
                finally:
                    await connection.close()

            assert asyncio.run(who()) == "postgres"
            assert Path(f"/proc/{pid}").stat().st_uid == ordinary.account.get("user", os.geteuid())
        finally:
            holder.kill()
    assert gone(int(pid), within=15)
