"""Fresh databases for tests: migrated once into a template, cloned for each test, as the service's own roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from shared.db.migrations import Source, migrate, service_sources

KEYS = Source(name="keystore", directory=Path(__file__).parents[1] / "db" / "keystore_migrations")
SERVICES = Path(__file__).parents[2] / "services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """One service's databases as its application role and as their owner."""

    database: str
    keystore: str
    owner: str


class Databases:
    """Clones of migrated templates on one test server."""

    def __init__(self, superuser_url: str) -> None:
        self.superuser_url = superuser_url
        self._templates: set[str] = set()

    async def fresh(self, service: str) -> Urls:
        """A database and a key store of a service, migrated and empty."""
        sources = service_sources(service, SERVICES / service)
        database = await self._clone(f"{service}", service, sources)
        keystore = await self._clone(f"{service}_keys", service, [KEYS])
        return Urls(
            database=self._url(f"{service}_app", database),
            keystore=self._url(f"{service}_app", keystore),
            owner=self._url(f"{service}_owner", database),
        )

    async def bare(self, name: str, sources: Sequence[Source]) -> Urls:
        """A database with other migrations, for tests of the runtime itself."""
        database = await self._clone(name, name, sources)
        url = self._url(f"{name}_app", database)
        return Urls(database=url, keystore=url, owner=self._url(f"{name}_owner", database))

    async def drop(self, *urls: str) -> None:
        """Drop databases, also under open connections."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            for url in urls:
                await connection.execute(f'drop database if exists "{urlsplit(url).path[1:]}" with (force)')
        finally:
            await connection.close()

    async def _clone(self, template: str, role: str, sources: Sequence[Source]) -> str:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            if template not in self._templates:
                await self._make_template(connection, f"{template}_tpl", role, sources)
                self._templates.add(template)
            name = f"{template}_{uuid4().hex[:12]}"
            await connection.execute(
                f'create database "{name}" template "{template}_tpl" owner "{role}_owner" strategy file_copy'
            )
        finally:
            await connection.close()
        return name

    async def _make_template(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        name: str,
        role: str,
        sources: Sequence[Source],
    ) -> None:
        for suffix in ("owner", "app"):
            await connection.execute(
                f"""do $$ begin
                  if not exists (select from pg_roles where rolname = '{role}_{suffix}') then
                    create role "{role}_{suffix}" login password 'test';
                  end if;
                end $$"""
            )
        await connection.execute(f'drop database if exists "{name}" with (force)')
        await connection.execute(f'create database "{name}" owner "{role}_owner"')
        owner = await asyncpg.connect(self._url(f"{role}_owner", name))
        try:
            await owner.execute(
                f"""
                alter default privileges in schema public
                  grant select, insert, update, delete on tables to "{role}_app";
                alter default privileges in schema public grant usage, select on sequences to "{role}_app";
                """
            )
        finally:
            await owner.close()
        await migrate(self._url(f"{role}_owner", name), sources)

    def _url(self, role: str, database: str) -> str:
        parts = urlsplit(self.superuser_url)
        return urlunsplit(
            parts._replace(netloc=f"{role}:test@{parts.hostname}:{parts.port}", path=f"/{database}")
        )
