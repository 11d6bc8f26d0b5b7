"""Fresh databases for tests: migrated once into a template, cloned from it, emptied between tests.

A clone costs ten times what emptying one costs, so a test that is done gives its databases back.
"""

import io
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from shared.db.migrations import Source, migrate, service_sources
from shared.db.reach import WHOLE_TOWN

KEYS = Source(name="keystore", directory=Path(__file__).parents[1] / "db" / "keystore_migrations")
SERVICES = Path(__file__).parents[2] / "services"


Prepare = Callable[[str], Awaitable[None]]
"""Fills a template once, reached at a URL of the application's role; it leaves no connection open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """One service's databases as its application role and as their owner."""

    database: str
    keystore: str
    owner: str


_SHAPE = "select count(*), max(oid) from pg_class"
_TABLES = """
select quote_ident(relname) as name, relname from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname
"""
_MARK = "select count(*) as rows, coalesce(max(xmin::text::bigint), 0) as newest from {}"
_EMPTY = """
do $$ declare one record; begin
  set local session_replication_role = replica;
  for one in select oid::regclass as name from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> all('{kept}'::text[])
      and pg_relation_size(oid) > 0
  loop execute format('delete from %s', one.name); end loop;
  for one in select format('%I.%I', schemaname, sequencename) as name, start_value from pg_sequences
    where last_value is not null
  loop perform setval(one.name, one.start_value, false); end loop;
end $$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pristine:
    """What a template holds: its catalogue, and the rows of each table that has any."""

    shape: "asyncpg.Record"
    rows: "dict[str, tuple[asyncpg.Record, bytes]]" = field(default_factory=dict)


class Databases:
    """Clones of migrated templates on one test server.

    `prepare`: by service, what every start would load again into each clone, loaded once into its template.
    """

    def __init__(self, superuser_url: str, *, prepare: Mapping[str, Prepare] | None = None) -> None:
        self.superuser_url = superuser_url
        self._prepare = prepare or {}
        self._templates: dict[str, _Pristine] = {}
        self._idle: defaultdict[str, list[Urls]] = defaultdict(list)

    async def fresh(self, service: str) -> Urls:
        """A database and a key store of a service, migrated and empty."""
        if self._idle[service]:
            return self._idle[service].pop()
        sources = service_sources(service, SERVICES / service)
        database = await self._clone(f"{service}", service, sources)
        keystore = await self._clone(f"{service}_keys", service, [KEYS])
        return Urls(
            database=self._url(f"{service}_app", database),
            keystore=self._url(f"{service}_app", keystore),
            owner=self._url(f"{service}_owner", database),
        )

    async def give_back(self, service: str, urls: Urls) -> None:
        """Empty what `fresh` gave and keep it for the next test; what a test built anew or altered is dropped."""
        clean = True
        for url, template in ((urls.database, service), (urls.keystore, f"{service}_keys")):
            clean = await self._restore(urlsplit(url).path[1:], self._templates[template]) and clean
        if clean:
            self._idle[service].append(urls)
        else:
            await self.drop(urls.database, urls.keystore)

    async def _restore(self, name: str, pristine: _Pristine) -> bool:
        """Make a clone equal to its template again; False where its tables are others now."""
        connection = await asyncpg.connect(self._named(name))
        try:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
                name,
            )
            if await connection.fetchrow(_SHAPE) != pristine.shape:
                return False
            await connection.execute(_EMPTY.format(kept="{" + ",".join(pristine.rows) + "}"))
            for table, (mark, rows) in pristine.rows.items():
                if await connection.fetchrow(_MARK.format(f'"{table}"')) != mark:
                    async with connection.transaction():
                        await connection.execute("set local session_replication_role = replica")
                        await connection.execute(f'delete from "{table}"')  # a name of the catalogue
                        await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
        finally:
            await connection.close()
        return True

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
                self._templates[template] = await self._look(f"{template}_tpl")
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
        if (prepare := self._prepare.get(name.removesuffix("_tpl"))) is not None:
            await prepare(self._url(f"{role}_app", name))

    async def _look(self, name: str) -> _Pristine:
        """Note what a template holds."""
        connection = await asyncpg.connect(self._named(name))
        try:
            shape = await connection.fetchrow(_SHAPE)
            assert shape is not None  # an aggregate has a row
            found = _Pristine(shape=shape)
            for table in await connection.fetch(_TABLES):
                mark = await connection.fetchrow(_MARK.format(table["name"]))
                if mark is not None and mark["rows"]:
                    rows = io.BytesIO()
                    await connection.copy_from_table(table["relname"], output=rows, format="binary")
                    found.rows[table["relname"]] = (mark, rows.getvalue())
        finally:
            await connection.close()
        return found

    def _named(self, database: str) -> str:
        return urlunsplit(urlsplit(self.superuser_url)._replace(path=f"/{database}"))

    def _url(self, role: str, database: str) -> str:
        parts = urlsplit(self.superuser_url)
        whole_town = WHOLE_TOWN.removeprefix("?") if role.endswith("_app") else ""  # tests look everywhere
        netloc = f"{role}:test@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}", query=whole_town))
