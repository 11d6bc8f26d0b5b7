"""A database upgraded step by step has the schema of a fresh one, and what was taken back can be put back."""

import asyncio
import re
import subprocess
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from shared.db.migrations import MigrationError, Source, migrate, read, service_sources
from shared.testing.databases import SERVICES, Databases

NAMES = ("gate", "observation", "registry", "reporting", "sanitation")


def schema_of(postgres: Postgres, url: str) -> str:
    """The schema as pg_dump writes it, without what differs between two runs."""
    dump = subprocess.run(  # noqa: S603
        [str(postgres.bin / "pg_dump"), "-s", "--no-owner", "--no-privileges", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return "\n".join(
        line
        for line in dump.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    )


@pytest.mark.parametrize("service", NAMES)
async def test_a_database_upgraded_file_by_file_equals_a_fresh_one(
    service: str, databases: Databases, postgres: Postgres, tmp_path: Path
) -> None:
    fresh = await databases.fresh(service)
    sources = service_sources(service, SERVICES / service)
    stepwise = await databases.bare(f"{service}_steps", [])
    for source in sources:
        steps = tmp_path / source.name
        steps.mkdir()
        for migration in read(source):
            (steps / f"{migration.name}.sql").write_bytes(
                (source.directory / f"{migration.name}.sql").read_bytes()
            )
            assert await migrate(stepwise.owner, [Source(name=source.name, directory=steps)]) == [
                f"{source.name}/{migration.name}"
            ]
    assert await asyncio.to_thread(schema_of, postgres, stepwise.owner) == await asyncio.to_thread(
        schema_of, postgres, fresh.owner
    )


@pytest.mark.parametrize("service", NAMES)
async def test_every_migration_can_be_taken_back(service: str, databases: Databases) -> None:
    urls = await databases.fresh(service)
    connection = await asyncpg.connect(urls.owner)
    try:
        for source in reversed(service_sources(service, SERVICES / service)):
            for migration in reversed(read(source)):
                await connection.execute(migration.down)
        left = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_migration'"
        )
        functions = await connection.fetchval(
            "select count(*) from pg_proc where pronamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    assert (left, functions) == ([], 0)


async def test_three_starts_at_once_apply_each_file_once(databases: Databases) -> None:
    urls = await databases.bare("gate_thrice", [])
    sources = service_sources("gate", SERVICES / "gate")
    applied = await asyncio.gather(*(migrate(urls.owner, sources) for _ in range(3)))
    assert sorted(map(len, applied))[:2] == [0, 0]
    assert max(map(len, applied)) == sum(len(read(source)) for source in sources)


async def test_an_edited_migration_is_refused(databases: Databases, tmp_path: Path) -> None:
    urls = await databases.bare("gate_edited", [])
    file = tmp_path / "0001_first.sql"
    file.write_text("-- migrate:up\ncreate table a (b int);\n-- migrate:down\ndrop table a;\n")
    source = Source(name="edited", directory=tmp_path)
    await migrate(urls.owner, [source])
    file.write_text("-- migrate:up\ncreate table a (b bigint);\n-- migrate:down\ndrop table a;\n")
    with pytest.raises(MigrationError, match="changed after it was applied"):
        await migrate(urls.owner, [source])


async def test_a_failing_migration_leaves_nothing_behind(databases: Databases, tmp_path: Path) -> None:
    urls = await databases.bare("gate_failing", [])
    (tmp_path / "0001_half.sql").write_text(
        "-- migrate:up\ncreate table half (b int);\nselect 1/0;\n-- migrate:down\ndrop table half;\n"
    )
    with pytest.raises(MigrationError, match="division by zero"):
        await migrate(urls.owner, [Source(name="failing", directory=tmp_path)])
    connection = await asyncpg.connect(urls.owner)
    try:
        assert await connection.fetchval("select to_regclass('half')") is None
    finally:
        await connection.close()


@pytest.mark.parametrize("service", NAMES)
def test_migrations_are_numbered_and_marked(service: str) -> None:
    for source in service_sources(service, SERVICES / service):
        assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", migration.name) for migration in read(source))
