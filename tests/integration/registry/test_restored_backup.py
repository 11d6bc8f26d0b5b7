"""A backup that is older than an erasure comes back: nobody who was erased is there when the service opens."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from deploy.local.issuer import Issuer
from deploy.local.nats import NatsServer
from deploy.local.ports import any_free
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from services.registry.app import build
from shared.context import Context, open_context
from shared.db.erasures import Reapplied, reapply_erasures
from shared.kernel.clock import SteppedClock
from shared.testing.databases import Databases, Urls
from tests.acceptance.stack import Stack
from tests.integration.registry import test_watch_lists as watch_lists
from tests.integration.registry.desk import Desk
from tests.integration.registry.test_erasure import PHONE, erase, lived_here_and_left

pytestmark = [pytest.mark.scenario("F20"), pytest.mark.requirement("Data and law")]

LEFT = """
select (select count(*) from person_document where person_ref = $1) + (select count(*) from person
  where person_ref = $1 and (phone_index is not null or origin_code is not null or octet_length(name_sealed) > 0))
  + (select count(*) from watch_line where person_ref = $1 and octet_length(name_sealed) > 0)
  + (select count(*) from outbox where channel like 'cards%' and document like '%' || $1::text || '%'
    and document::jsonb -> 'data' ->> 'card' is not null)
"""


@dataclass
class Backups:
    """Databases as `pg_dump` keeps them, and put back beside those in use."""

    postgres: Postgres
    folder: Path
    made: list[str] = field(default_factory=list)

    async def take(self, url: str) -> Path:
        """Keep a database as it is now."""
        name = urlsplit(url).path[1:]
        file = self.folder / f"{name}.dump"
        await self._run("pg_dump", "-Fc", "-f", str(file), self.postgres.superuser_url(name))
        return file

    async def restore(self, file: Path, like: str) -> str:
        """Put a copy back as a database of its own; its address for the role of `like`."""
        name = f"restored_{len(self.made)}_{file.stem}"
        connection = await asyncpg.connect(self.postgres.superuser_url())
        try:
            await connection.execute(f'create database "{name}" owner registry_owner')
        finally:
            await connection.close()
        parts = urlsplit(like)
        self.made.append(parts._replace(path=f"/{name}").geturl())
        await self._run("pg_restore", "--exit-on-error", "-d", self.postgres.superuser_url(name), str(file))
        return self.made[-1]

    async def _run(self, program: str, *arguments: str) -> None:
        done = await asyncio.to_thread(
            subprocess.run,
            [str(self.postgres.bin / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
async def backups(postgres: Postgres, databases: Databases, tmp_path: Path) -> AsyncIterator[Backups]:
    made = Backups(postgres=postgres, folder=tmp_path)
    yield made
    await databases.drop(*made.made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Somebody who was erased after both backups were taken, and the key of a line of a list about them."""

    person: UUID
    line: UUID
    database: Path
    keystore: Path


@pytest.fixture
async def erased(desk: Desk, backups: Backups) -> Erased:
    person, number, _ = await lived_here_and_left(desk)
    list_id = await watch_lists.begin(desk)
    await watch_lists.send(
        desk, list_id, watch_lists.sheet(watch_lists.line("欧阳海棠", number, PHONE, "同车厢"))
    )
    [line] = await watch_lists.lines_of(desk, list_id)
    settled = await watch_lists.settle(
        desk, list_id, line["line_id"], disposition="found_here", person_ref=person
    )
    assert settled.status_code == 200, settled.text
    desk.move("2020-04-10 00:00")
    settings = desk.client.context.settings
    database = await backups.take(settings.database_url)
    keystore = await backups.take(settings.keystore_url)
    assert (await erase(desk, person)).status_code == 201
    return Erased(person=UUID(person), line=UUID(line["line_id"]), database=database, keystore=keystore)


async def left(context_or_url: Context | str, person: UUID) -> int:
    """How much a database still holds of somebody."""
    url = context_or_url if isinstance(context_or_url, str) else context_or_url.settings.database_url
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(LEFT, person))
    finally:
        await connection.close()


async def reopened(desk: Desk, **urls: str) -> Context:
    """The registry's context on other databases."""
    settings = desk.client.context.settings.model_copy(update=urls)
    return await open_context("registry", settings, SteppedClock(desk.client.clock_file))


async def agree(context: Context, **given: Any) -> Reapplied:
    assert context.keystore is not None
    return await reapply_erasures(
        context.database, context.keystore, context.vault, build(context).forget, **given
    )


async def test_a_restored_database_is_blanked_before_the_service_opens(
    *,
    desk: Desk,
    erased: Erased,
    backups: Backups,
    nats: NatsServer,
    secrets: Secrets,
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    settings = desk.client.context.settings
    restored = await backups.restore(erased.database, settings.database_url)
    assert await left(restored, erased.person) > 3

    stack = Stack(
        folder=tmp_path, nats=nats, secrets=secrets, issuer=issuer, clock_file=desk.client.clock_file
    )
    stack.urls["registry"] = Urls(database=restored, keystore=settings.keystore_url, owner=restored)
    stack.ports["registry"] = any_free()
    secrets.write_nats(nats.credentials("registry"))
    stack.launch("registry")
    await stack.ready("registry")
    assert await left(restored, erased.person) == 0
    assert '"erasures_reapplied"' in stack.log("registry")
    found = await stack.call(
        "POST",
        "registry",
        "/v1/people/lookup",
        headers=stack.as_role("hq_officer"),
        json={"phone": PHONE},
        expect=200,
    )
    assert found["people"] == []
    await stack.stop()

    context = await reopened(desk, database_url=restored)
    told = await context.database.pool.fetch(
        "select reason, (select count(*) from outbox where subject like '%PersonErased%') as told from person_erasure"
    )
    assert [tuple(row) for row in told] == [("reapplied", 1)]
    assert await agree(context) == Reapplied(keys=0, blanked=0)
    await context.close()


async def test_keys_that_a_restored_key_store_holds_again_are_destroyed(
    desk: Desk, erased: Erased, backups: Backups
) -> None:
    restored = await backups.restore(erased.keystore, desk.client.context.settings.keystore_url)
    context = await reopened(desk, keystore_url=restored)
    assert context.keystore is not None
    both = [erased.person, erased.line]
    assert len(await context.keystore.fetch(both)) == 2
    assert (await agree(context)).keys >= 2
    assert await context.keystore.fetch(both) == []
    assert set(both) <= set(await context.keystore.erased())
    assert await agree(context) == Reapplied(keys=0, blanked=0)
    await context.close()


async def test_where_both_are_older_others_say_who_was_erased(
    desk: Desk, erased: Erased, backups: Backups
) -> None:
    settings = desk.client.context.settings
    context = await reopened(
        desk,
        database_url=await backups.restore(erased.database, settings.database_url),
        keystore_url=await backups.restore(erased.keystore, settings.keystore_url),
    )
    assert context.keystore is not None
    await agree(context)
    assert await left(context, erased.person) > 3, "neither side knows of it"
    await agree(context, also=[erased.person])
    assert await left(context, erased.person) == 0
    assert await context.keystore.fetch([erased.person, erased.line]) == []
    await context.close()
