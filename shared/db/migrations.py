"""Numbered plain SQL, applied once, in order, by the owner role.

Files are `NNNN_what.sql` with dbmate's `-- migrate:up` / `-- migrate:down` marks, so that operators may use that
tool as well. One transaction a file, one advisory lock a database (three starts at once: one applies, two wait),
a lock timeout so that a migration never queues behind a long query, and a checksum so that an applied file is
never edited.

An upgrade without a pause has two phases. Files run before the new program starts and must leave a schema in which the
old one still works (expand); what the old one needs is taken away by files named `NNNN_what_post.sql`, which run when
it has gone (contract).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncpg

Phase = Literal["pre", "post"]
"""Before the first new process starts, or after the last old one ended."""

_LOCK = 0x66616E676B6F6E67  # "fangkong": one migration at a time in a database
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")

_LEDGER = """
create table if not exists schema_migration (
  source text not null,
  number int not null,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (source, number)
)
"""


class MigrationError(Exception):
    """A migration cannot be applied; the message says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A folder of migrations with its own numbering."""

    name: str
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file, cut into its two halves."""

    source: str
    number: int
    name: str
    up: str
    down: str
    sha256: str

    @property
    def phase(self) -> Phase:
        """When it may run while both programs are there."""
        return "post" if self.name.endswith("_post") else "pre"


BASE = Source(name="base", directory=Path(__file__).parent / "base_migrations")
"""What every service database holds: outbox, positions, dead letters, runs, audit."""


def service_sources(service: str, directory: Path) -> tuple[Source, Source]:
    """The migrations of a service's database: the base, then its own."""
    return BASE, Source(name=service, directory=directory / "migrations")


def read(source: Source) -> list[Migration]:
    """Read a source's files in order.

    Raises:
        MigrationError: a file is named or marked wrongly, or a number is missing or used twice.
    """
    found: list[Migration] = []
    for path in sorted(source.directory.glob("*.sql")):
        match = _NAME.match(path.name)
        text = path.read_text(encoding="utf-8")
        head, up_mark, rest = text.partition("-- migrate:up")
        up, down_mark, down = rest.partition("-- migrate:down")
        if not match or not up_mark or not down_mark or head.strip():
            raise MigrationError(
                f"{path.name}: name it NNNN_what.sql and mark '-- migrate:up', '-- migrate:down'"
            )
        found.append(
            Migration(
                source=source.name,
                number=int(match[1]),
                name=path.stem,
                up=up,
                down=down,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
        )
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"{source.name}: numbers must run 1, 2, 3 … without holes")
    return found


async def migrate(owner_url: str, sources: Sequence[Source], *, phase: Phase | None = None) -> list[str]:
    """Bring a database up to date; returns the names of what was applied now.

    Args:
        owner_url: the database, as the role that owns its tables.
        sources: the folders.
        phase: only the files of this phase; None: all, where nothing of an older program runs.

    Raises:
        MigrationError: an applied file was changed or removed, a statement failed (nothing of that file stays), or the
            upgrade before was never finished.
    """
    connection = await asyncpg.connect(owner_url, timeout=10, server_settings={"lock_timeout": "10s"})
    applied: list[str] = []
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        for source in sources:
            files = read(source)
            done = {
                row["number"]: row["sha256"]
                for row in await connection.fetch(
                    "select number, sha256 from schema_migration where source = $1", source.name
                )
            }
            for migration in files:
                if migration.number in done:
                    _same(migration, done[migration.number])
                    continue
                if phase == "pre" and migration.phase == "post":
                    _last(migration, files)
                    break
                if phase == "post" and migration.phase == "pre":
                    raise MigrationError(
                        f"{source.name}/{migration.name} belongs before the new program starts"
                    )
                await _apply(connection, migration)
                applied.append(f"{migration.source}/{migration.name}")
            if len(done) > len(files):
                raise MigrationError(
                    f"{source.name}: the database is newer than this program; start the newer one"
                )
    finally:
        await connection.close()
    return applied


def _same(migration: Migration, sha256: str) -> None:
    if migration.sha256 != sha256:
        raise MigrationError(
            f"{migration.source}/{migration.name} was changed after it was applied; restore it and write a new file"
        )


def _last(post: Migration, files: Sequence[Migration]) -> None:
    """Refuse to go past what still waits for older programs to end, where a newer one wants more than that."""
    if later := [one.name for one in files if one.number > post.number and one.phase == "pre"]:
        raise MigrationError(
            f"{post.source}/{post.name} was never applied and {later[0]} follows it: finish the upgrade before this one"
        )


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.up)
            await connection.execute(
                "insert into schema_migration (source, number, name, sha256) values ($1, $2, $3, $4)",
                migration.source,
                migration.number,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.source}/{migration.name}: {error}") from error
