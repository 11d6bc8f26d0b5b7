"""Backups and restores from the command line, on a real cluster with all databases and small programs beside it."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.backups import Backups, archived, verify_copy
from deploy.local.errors import LocalError
from deploy.local.state import Home
from tests.integration.local.conftest import ROOT, a_place
from tests.integration.local.test_supervisor import eventually, pids, ready, stack

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_place() as place:
        home = Home(place / "home of a stack")
        with stack(home) as process:
            ready(home, process)
            yield home
            process.terminate()
            assert process.wait(30) == 0


def fangkong(home: Home, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "deploy.cli", *arguments, "--home", str(home.path)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("FANGKONG_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def backups_of(home: Home) -> Backups:
    return Backups(postgres=archived(home, home.status()["ports"]["postgres"]))


def say(home: Home, database: str, statement: str) -> Any:
    async def one() -> Any:
        connection = await asyncpg.connect(backups_of(home).postgres.superuser_url(database))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(one())


ERASED = "00000000-0000-7000-8000-000000000001"
ADD_LIVE_KEY = f"insert into person_key values ('{ERASED}', 'k1', 'wrapped', now(), null)"
ADD_KEY = "insert into person_key (ref, created_at, destroyed_at) values (gen_random_uuid(), now(), now())"


def test_one_service_is_put_back_to_a_moment_and_nobody_else_notices(home: Home) -> None:
    assert "no backup yet" in fangkong(home, "restore", "gate", code=1)
    say(home, "gate", "create table kept (n int)")
    fangkong(home, "backup")
    say(home, "gate", "insert into kept values (1)")
    moment = datetime.now(UTC)
    say(home, "gate", "insert into kept values (2)")
    say(home, "registry", "create table kept as select 3 as n")
    say(home, "gate_keys", ADD_KEY)
    before = home.status()

    fangkong(home, "restore", "gate", "--to", moment.isoformat())

    after = home.status()
    assert say(home, "gate", "select array_agg(n) from kept") == [1]
    assert say(home, "registry", "select n from kept") == 3
    assert say(home, "gate_keys", "select count(*) from person_key") == 1, "a destroyed key stays destroyed"
    assert {name for name in pids(before) if pids(before)[name] != pids(after)[name]} == {"gate"}
    assert after["children"]["gate"]["restarts"] == before["children"]["gate"]["restarts"]
    assert not (backups_of(home).folder / "recovered").exists()
    owned = """
      select has_table_privilege('gate_app', 'outbox', 'insert') and pg_get_userbyid(datdba) = 'gate_owner'
      from pg_database where datname = current_database()
    """
    assert say(home, "gate", owned)

    say(home, "gate", "insert into kept values (4)")
    say(home, "gate_keys", ADD_LIVE_KEY)
    say(home, "observation", "insert into person_erased values ('" + ERASED + "', now())")
    assert "1 keys" in fangkong(home, "restore", "gate", "--keys")
    gone = f"select destroyed_at is not null and wrapped is null from person_key where ref = '{ERASED}'"
    assert say(home, "gate_keys", gone), "whom others know to be erased is erased again before it opens"
    assert say(home, "gate", f"select count(*) from key_destroyed where ref = '{ERASED}'") == 1
    assert say(home, "gate", "select array_agg(n order by n) from kept") == [1, 4], "the latest loses nothing"


def test_a_moment_that_no_backup_leads_to_stops_nobody(home: Home) -> None:
    before = pids(home.status())
    assert "earliest moment" in fangkong(home, "restore", "gate", "--to", "2020-02-24T09:00:00", code=1)
    assert "still to come" in fangkong(home, "restore", "gate", "--to", "2999-01-01T00:00:00", code=1)
    assert "is no moment" in fangkong(home, "restore", "gate", "--to", "yesterday", code=1)
    assert "no service" in fangkong(home, "restore", "nobody", code=1)
    assert pids(home.status()) == before


def test_what_is_held_beyond_a_restored_service_is_named_until_somebody_settles_it(home: Home) -> None:
    assert "Nobody holds" in fangkong(home, "beyond", "list")
    say(
        home,
        "observation",
        "insert into bus_beyond (consumer, producer, channel, epoch, from_pos, to_pos) "
        "values ('observation.open_for_returnee', 'registry', 'returnees', 1, 41, 43)",
    )
    for command, code in ((("beyond", "list"), 1), (("status",), 0)):
        named = fangkong(home, *command, code=code)
        assert "registry.returnees" in named
        assert "41–43" in named
    assert "1 settled" in fangkong(home, "beyond", "settle", "observation", "--reason", "asked the community")
    assert "Nobody holds" in fangkong(home, "beyond", "list")
    assert say(home, "observation", "select note from bus_beyond") == "asked the community"


def test_a_service_that_somebody_holds_stays_down_until_it_is_let_go(home: Home) -> None:
    restarts = home.status()["children"]["sanitation"]["restarts"]
    home.hold("sanitation")
    eventually(lambda: home.status()["children"]["sanitation"]["state"] == "held")
    assert home.status()["children"]["sanitation"]["pid"] == 0
    home.let_go("sanitation")
    eventually(lambda: home.status()["children"]["sanitation"]["state"] == "ready")
    assert home.status()["children"]["sanitation"]["restarts"] == restarts


def test_who_dies_without_letting_go_holds_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path)
    code = f"from deploy.local.state import Home; Home(__import__('pathlib').Path({str(tmp_path)!r})).hold('gate')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)  # noqa: S603
    assert (home.run / "hold.gate").exists()
    assert not home.held("gate")


def test_a_damaged_copy_is_no_backup(home: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(backups_of(home).kept()[-1].folder, copy)
    verify_copy(copy)
    with (copy / "PG_VERSION").open("a") as file:
        file.write("\n")
    with pytest.raises(LocalError, match="PG_VERSION in the backup is damaged"):
        verify_copy(copy)
    (copy / "PG_VERSION").unlink()
    with pytest.raises(LocalError, match="PG_VERSION in the backup is damaged"):
        verify_copy(copy)


def test_nothing_is_kept_for_longer_than_a_destroyed_key_may_be_had(home: Home) -> None:
    backups = backups_of(home)
    (kept,) = backups.kept()
    segments = len(list(backups.archive.iterdir()))
    assert backups.prune(kept.at + timedelta(days=6, hours=23)) == 0
    assert 0 < len(list(backups.archive.iterdir())) <= segments
    assert backups.prune(kept.at + timedelta(days=7, seconds=1)) == 1
    assert not kept.folder.exists()
    assert not backups.archive.exists(), "without a backup its log leads nowhere"
