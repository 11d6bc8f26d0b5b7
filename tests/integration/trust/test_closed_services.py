"""The measures are over: in each service every key goes, nothing is found or taken again, and nothing comes back."""

import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.secrets import Secrets
from shared import closing
from shared.db import closing as store
from shared.db.reindexing import left
from shared.kernel.masters import WrappedKey
from shared.kernel.sealed import PersonKeyMissingError
from tests.conftest import NINE_ON_THE_24TH as NINE
from tests.integration.trust.worlds import WORLDS, ClientFor, World

pytestmark = [pytest.mark.scenario("F20"), pytest.mark.requirement("Data and law")]

REFUSED = {
    "gate": "/v1/devices",
    "observation": "/v1/cases",
    "registry": "/v1/compounds",
    "sanitation": "/v1/sites",
    "reporting": "/v1/exports/00000000-0000-4000-8000-000000000001",
}
ENDING = {
    "gate": "select count(*) from device where revoked_at is null",
    "observation": "select (select count(*) from resident_link where revoked_at is null)"
    " + (select count(*) from door_device where ended_at is null)",
}
"""Credentials that are no sessions of pages."""
CARRIED = {"gate": "/v1/checkpoints/me", "observation": "/v1/me/case"}
CARDS = "select count(*) from outbox where channel like 'cards%' and document like '%\"eyJ%'"


async def closed(service: str, world: World, closing_id: UUID) -> None:
    """What the service does when it hears that the town is closed down."""
    context = world.client.context
    assert context.keystore is not None
    async with context.database.begin() as tx:
        await store.close_down(tx, context.keystore, closing_id, NINE)
    await finish(service, world)
    await context.door.look(context.database, context.vault)


async def finish(service: str, world: World) -> None:
    context, built = world.client.context, world.client.service
    await closing.destroy_once(
        context.database,
        service=service,
        keystore=context.keystore,
        vault=context.vault,
        closing=built.closing,
    )


async def told(world: World) -> list[dict[str, Any]]:
    rows = await world.client.context.database.pool.fetch(
        "select document from outbox where channel = 'closing' order by id"
    )
    return [json.loads(row["document"])["data"] for row in rows]


@pytest.mark.parametrize("service", sorted(WORLDS))
async def test_nothing_personal_is_kept_found_or_taken_again(
    service: str, client_for: ClientFor, secrets: Secrets
) -> None:
    world = await WORLDS[service](client_for, secrets)
    context, built, closing_id = world.client.context, world.client.service, uuid4()
    keystore, database, pool = context.keystore, context.database, context.database.pool
    assert keystore is not None
    kids = [prefix.decode().rstrip(":") for prefix in context.vault.index_prefixes]
    held, alive = await pool.fetch(store.COUNTS), await keystore.living(limit=1)
    await pool.execute(
        "insert into page_session (id_hash, subject, grants, begun_at, seen_at, ends_at, proved_at, tried_at)"
        " values (sha256('a'), 'somebody', '[]', now(), now(), now() + interval '1 hour', now(), now())"
    )

    assert service not in ENDING or await pool.fetchval(ENDING[service]) > 0

    await closed(service, world, closing_id)

    assert service not in ENDING or await pool.fetchval(ENDING[service]) == 0
    assert await keystore.live() == 0
    connection = await asyncpg.connect(context.settings.database_url)
    assert await left(connection, kids) == {}
    await connection.close()
    assert await pool.fetchval("select count(*) from page_session") == 0
    assert await pool.fetchval(CARDS) == 0
    [answer] = await told(world)
    assert (answer["closing_id"], answer["stage"], answer["keys_left"]) == (
        str(closing_id),
        "destroyed",
        0,
    )
    assert answer["found"]["sessions"] == 1
    assert bool(answer["found"]["data_keys"]) == bool(alive)
    assert all(answer["found"][row["kind"]] == row["number"] for row in held if row["kind"] != "sessions")
    await finish(service, world)
    assert len(await told(world)) == 1, "run twice, it acts once"

    with pytest.raises(PersonKeyMissingError):
        await context.vault.key(uuid4(), create=True)
    http, officer = world.client.http, world.client.as_role("hq_officer")
    refused = await http.get(REFUSED[service], headers=officer)
    assert (refused.status_code, refused.json()["code"]) == (410, "closed_down")
    for who in world.people.values():
        assert (await http.get(CARRIED[service], headers=dict(who))).status_code == 410
    auditor = world.client.as_role("auditor")
    assert (await http.get("/v1/audit/reads", headers=auditor)).status_code == 200
    if service == "reporting":
        assert (await http.get("/v1/board", headers=officer)).status_code == 200

    # A key store from a backup holds a key again; then a database from a backup knows of no closing.
    async with keystore._pool.acquire() as other:
        await other.execute("delete from closed")
    back = WrappedKey(ref=uuid4(), master_kid="k1", wrapped=b"wrapped")
    await keystore.add([back], NINE)
    assert await keystore.live() == 1
    assert await store.reapply(database, keystore, context.vault, built.closing)
    assert await keystore.live() == 0
    await pool.execute("delete from closing_down")
    await keystore.add([back], NINE)
    assert await store.reapply(database, keystore, context.vault, built.closing)
    await finish(service, world)
    assert await pool.fetchval("select closing_id from closing_down") == closing_id
    assert await keystore.live() == 0
