"""Roles, databases and tables as an installation of production gets them: its own script, then its own migrations."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.names import SERVICES
from deploy.local.postgres import Postgres
from deploy.production import migrate
from tests.integration.production.installed import first_start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    made = Postgres(tmp_path_factory.mktemp("fresh"), fsync=False)
    with made:
        yield made
    made.remove()


@pytest.fixture(scope="module")
def made(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    """The server after the script of its first start."""
    passwords = tmp_path_factory.mktemp("passwords")
    for service in SERVICES:
        for kind in ("owner", "app"):
            (passwords / f"{service}_{kind}").write_text(f"{service}-{kind}\n")
    first_start(
        server.bin,
        passwords,
        {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": (server.home / "superuser.pw").read_text().strip(),
        },
    )
    return server


def url(server: Postgres, role: str, database: str) -> str:
    return f"postgresql://{role}:{role.replace('_', '-')}@127.0.0.1:{server.port}/{database}"


async def test_a_service_may_write_its_tables_and_change_none(made: Postgres, tmp_path: Path) -> None:
    password = tmp_path / "owner-password"
    password.write_text("gate-owner\n")
    here = f"postgresql://gate_owner@127.0.0.1:{made.port}"
    settings = migrate.Settings(
        database_url=f"{here}/gate",
        database_password_file=password,
        keystore_url=f"{here}/gate_keys",
        keystore_password_file=password,
    )
    applied = await migrate.run("gate", None, settings)
    assert {name.partition("/")[0] for name in applied} == {"base", "gate", "keystore"}
    assert await migrate.run("gate", None, settings) == []
    app = await asyncpg.connect(url(made, "gate_app", "gate"))
    try:
        await app.execute("insert into ticked (ticker, through) values ('x', now())")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("drop table ticked")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("create table mine (n int)")
        assert await app.fetchval("show idle_in_transaction_session_timeout") == "1min"
    finally:
        await app.close()
    keys = await asyncpg.connect(url(made, "gate_app", "gate_keys"))
    try:
        assert await keys.fetchval("select count(*) from person_key") == 0
    finally:
        await keys.close()


async def test_nobody_enters_another_services_databases(made: Postgres) -> None:
    for database in ("registry", "registry_keys"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url(made, "gate_app", database))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(url(made, "gate_owner", database))


@pytest.mark.parametrize("arguments", [[], ["gate"], ["nobody", "pre"], ["gate", "later"]])
def test_a_command_that_is_not_one_says_what_is(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"migrate registry\|gate"):
        migrate.main(arguments)
