"""Master and index keys are exchanged while people are looked for, registered and read: nobody is missed."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from deploy import rotation
from deploy.local.secrets import Secrets
from services.registry.handlers.people import DOCUMENT, NAME, PHONE
from services.registry.handlers.people_reading import Wanted, find, profiles
from shared.context import Context, open_context
from shared.kernel.masters import LOOK_SECONDS, MasterKeyFile, MasterKeys, UnknownKeyError
from shared.kernel.sealed import Vault
from tests.integration.registry.desk import Desk, resident_id

SETTLE = LOOK_SECONDS * 2


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """Keys of this test alone: they are exchanged."""
    made = Secrets(folder=tmp_path / "secrets")
    made.make()
    return made


def another_process(context: Context) -> Vault:
    """A vault as another process of the service has it, that remembers nobody: every reading opens a wrapped key."""
    assert context.keystore is not None
    return Vault(
        context.keystore, MasterKeyFile(context.settings.master_key_file), context.clock, cache_size=0
    )


async def look_without_end(
    context: Context, numbers: dict[str, UUID], tried: Counter[str], seed: int
) -> None:
    """Find people by their documents and open what is sealed, as long as it takes."""
    vault, choose = another_process(context), random.Random(seed)
    while True:
        number = choose.choice(list(numbers))
        async with context.database.read() as conn:
            found = await find(conn, Wanted(document=number), vault, limit=5)
            [known] = await profiles(conn, found, vault)
        assert found == [numbers[number]]
        assert known.name == "司徒南星"
        tried["reads"] += 1
        await asyncio.sleep(0)


async def exchange_under_load(desk: Desk, *, people: int, readers: int) -> Counter[str]:
    context, file = desk.client.context, desk.client.context.settings.master_key_file
    numbers: dict[str, UUID] = {}

    async def register() -> None:
        ref = await desk.resident()
        numbers[resident_id(desk.people)] = ref

    for _ in range(people):
        await register()
    tried: Counter[str] = Counter()
    async with asyncio.TaskGroup() as group:
        looking = [
            group.create_task(look_without_end(context, numbers, tried, seed)) for seed in range(readers)
        ]
        rotation.add(file)
        await asyncio.sleep(SETTLE)
        rotation.switch(file)
        await register()  # under the new keys, before anything is made anew
        await asyncio.sleep(SETTLE)
        renewing = await open_context("registry", context.settings, context.clock)
        try:
            renewed = await rotation.renew(renewing, "registry")
            again = await rotation.renew(renewing, "registry")
        finally:
            await renewing.close()
        tried |= {"wrapped": renewed.wrapped, "indexed": renewed.indexed}
        assert (again.wrapped, again.indexed) == (0, 0)
        assert set(renewed.left) <= {"residence.content_index", "earlier_identity.identity_index"}
        rotation.retire(file, index=not renewed.left)
        before = tried["reads"]
        await asyncio.sleep(SETTLE)
        await register()
        assert tried["reads"] > before
        for task in looking:
            task.cancel()
    return tried


@pytest.mark.scenario("F18")
async def test_keys_are_exchanged_under_load_without_a_failed_read(desk: Desk) -> None:
    tried = await exchange_under_load(desk, people=25, readers=3)
    assert tried["wrapped"] >= 25
    assert tried["indexed"] >= 75  # names and phones, documents, residences
    assert tried["reads"] > 100


@pytest.mark.release
@pytest.mark.timeout(900)
@pytest.mark.scenario("F18")
async def test_thousands_of_keys_are_exchanged_under_load_without_a_failed_read(desk: Desk) -> None:
    tried = await exchange_under_load(desk, people=900, readers=8)
    assert tried["wrapped"] >= 900
    assert tried["reads"] > 1_000


async def test_afterwards_the_old_keys_open_and_find_nothing_and_nobody_needs_them(desk: Desk) -> None:
    context, file = desk.client.context, desk.client.context.settings.master_key_file
    ref, old = await desk.resident(), MasterKeys.load(file)
    rotation.add(file)
    rotation.switch(file)
    renewing = await open_context("registry", context.settings, context.clock)
    await rotation.renew(renewing, "registry")
    rotation.retire(file, index=True)
    await renewing.close()
    fresh = another_process(context)
    kept = json.loads(file.read_text())
    assert (list(kept["keys"]), list(kept["index_key"]["keys"])) == (["k2"], ["i2"])
    async with context.database.read() as conn:
        for wanted in (
            Wanted(document=resident_id(desk.people)),
            Wanted(phone="19900000000"),
            Wanted(name="司徒南星"),
        ):
            assert await find(conn, wanted, fresh, limit=5) == [ref]
            assert await find(conn, wanted, Vault(context.keystore, old, context.clock), limit=5) == []  # type: ignore[arg-type]
    assert context.keystore is not None
    with pytest.raises(UnknownKeyError, match="'k2'"):
        await Vault(context.keystore, old, context.clock).key(ref)


async def test_who_is_registered_once_more_meanwhile_stays_one_person(desk: Desk) -> None:
    context, file = desk.client.context, desk.client.context.settings.master_key_file
    ref = await desk.resident()
    rotation.add(file)
    rotation.switch(file)
    desk.people -= 1  # the same document
    context.vault._source.now(again=True)
    assert await desk.resident() == ref
    async with desk.database.read() as conn:
        assert await conn.fetchval("select count(*) from person") == 1


async def test_a_file_that_cannot_be_used_leaves_the_keys_in_force(desk: Desk) -> None:
    context, file = desk.client.context, desk.client.context.settings.master_key_file
    ref, vault = await desk.resident(), another_process(context)
    before, content = vault.index_prefix, file.read_text()
    for broken in ("", "{", '{"current": "k9", "keys": {}}'):
        file.write_text(broken)
        vault._source.now(again=True)
        assert vault.index_prefix == before
        assert (await vault.key(ref)).ref == ref
    file.unlink()
    vault._source.now(again=True)
    assert (await vault.key(ref)).ref == ref
    file.write_text(content)
    rotation.add(file)
    rotation.add(file)
    vault._source.now(again=True)
    assert rotation.index_kids(file) == ["i1", "i2"]
    assert [one[:3] for one in vault.index_all(NAME, "x")] == [b"i1:", b"i2:"]
    assert vault.former(PHONE, "x") == {vault.index_all(PHONE, "x")[1]: vault.index(PHONE, "x")}
    assert vault.former(DOCUMENT, "x").keys() == {vault.index_all(DOCUMENT, "x")[1]}
