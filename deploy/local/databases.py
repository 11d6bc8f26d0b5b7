"""Databases, roles and migrations of the five services.

Each service has a database and, apart from it, a key store; each of them an owner role that runs migrations
and an app role that reads and writes but changes no table. No role can enter another service's databases.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from deploy.local.errors import LocalError
from deploy.local.names import SERVICES
from deploy.local.secrets import Secrets
from deploy.local.state import PROJECT
from shared.db.migrations import MigrationError, Source, migrate, service_sources
from shared.db.reach import WHOLE_TOWN

KEYSTORE = Source(name="keystore", directory=PROJECT / "shared" / "db" / "keystore_migrations")


def names_of(service: str) -> tuple[str, str]:
    """A service's database and its key store."""
    return service, f"{service}_keys"


def url(port: int, role: str, database: str, secrets: Secrets) -> str:
    """Connection address of a role. Holds the password: never log it, never pass it as an argument."""
    return f"postgresql://{role}:{secrets.password(role)}@127.0.0.1:{port}/{database}"


def app_urls(port: int, secrets: Secrets) -> Mapping[str, str]:
    """Service -> address of its database for its app role, for tools: they look at the whole town."""
    return {service: url(port, f"{service}_app", service, secrets) + WHOLE_TOWN for service in SERVICES}


async def provision(superuser_url: str, secrets: Secrets) -> None:
    """Create what is missing and set every privilege again; safe to repeat after a crash anywhere in it."""
    root = await asyncpg.connect(superuser_url)
    try:
        roles = {row["rolname"] for row in await root.fetch("select rolname from pg_roles")}
        databases = {row["datname"] for row in await root.fetch("select datname from pg_database")}
        await root.execute("revoke all on database postgres, template1 from public")
        for service in SERVICES:
            for kind in ("owner", "app"):
                role = f"{service}_{kind}"
                verb = "alter" if role in roles else "create"
                # Generated with token_urlsafe: nothing in it needs quoting, and DDL takes no parameters.
                await root.execute(f"{verb} role {role} login password '{secrets.password(role)}'")
            await root.execute(f"alter role {service}_app set idle_in_transaction_session_timeout = '60s'")
            for database in names_of(service):
                if database not in databases:
                    await root.execute(f"create database {database} owner {service}_owner")
                await root.execute(f"revoke all on database {database} from public")
                await root.execute(f"grant connect, temporary on database {database} to {service}_app")
    finally:
        await root.close()
    base, _, _ = superuser_url.rpartition("/")
    for service in SERVICES:
        for database in names_of(service):
            await privileges(f"{base}/{database}", service)


async def privileges(address: str, service: str) -> None:
    """What the service's own role may do in a database of it; `address` is the superuser's or the owner's."""
    owner, app = f"{service}_owner", f"{service}_app"
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(
            f"""
            revoke all on schema public from public;
            grant usage on schema public to {app};
            alter default privileges for role {owner} in schema public
              grant select, insert, update, delete on tables to {app};
            alter default privileges for role {owner} in schema public grant usage, select on sequences to
            {app};
            """
        )
    finally:
        await connection.close()


async def migrate_all(port: int, secrets: Secrets) -> list[str]:
    """Bring every database to the newest schema; returns what was applied.

    Raises:
        LocalError: a migration was changed after it was applied, or a statement failed.
    """
    limit = asyncio.Semaphore(3)

    async def one(service: str, database: str, sources: tuple[Source, ...]) -> list[str]:
        async with limit:
            try:
                return await migrate(url(port, f"{service}_owner", database, secrets), sources)
            except MigrationError as error:
                raise LocalError(
                    f"{service} 的数据库迁移失败：{error}",
                    f"Migrating the database of {service} failed: {error}",
                ) from error

    jobs = []
    for service in SERVICES:
        jobs.append(one(service, service, service_sources(service, _folder(service))))
        jobs.append(one(service, f"{service}_keys", (KEYSTORE,)))
    return [name for applied in await asyncio.gather(*jobs) for name in applied]


def _folder(service: str) -> Path:
    return PROJECT / "services" / service
