"""Data keys in a real key store: shared, rotated, destroyed."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.db.keystore import MIGRATIONS, PostgresKeyStore
from shared.db.migrations import Source
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.masters import MasterKeys, UnknownKeyError
from shared.kernel.sealed import PersonKeyMissingError, Vault
from shared.kernel.secrets import KeyRing
from shared.testing.databases import Databases, Urls

INDEX = KeyRing("i1", {"i1": b"i" * 32})
FIRST = MasterKeys(master=KeyRing("k1", {"k1": b"1" * 32}), index=INDEX)
BOTH = MasterKeys(
    master=KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32}),
    index=KeyRing("i2", {"i1": b"i" * 32, "i2": b"j" * 32}),
)
SECOND = MasterKeys(master=KeyRing("k2", {"k2": b"2" * 32}), index=INDEX)


class ClockByHand(Clock):
    """Monotonic time that the test moves."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[Urls]:
    made = await databases.bare("keystore", [Source(name="keystore", directory=MIGRATIONS)])
    yield made
    await databases.drop(made.database)


@pytest.fixture
async def store(urls: Urls) -> AsyncIterator[PostgresKeyStore]:
    opened = await PostgresKeyStore.open(urls.database, service="test")
    yield opened
    await opened.close()


async def test_what_one_process_seals_another_opens(store: PostgresKeyStore) -> None:
    ref = uuid4()
    sealed = Vault.seal(await Vault(store, FIRST, SystemClock()).key(ref, create=True), "name", "张小明")
    elsewhere = Vault(store, FIRST, SystemClock())
    assert Vault.open(await elsewhere.key(ref), "name", sealed) == "张小明"


async def test_processes_that_race_to_create_get_the_same_keys(store: PostgresKeyStore) -> None:
    refs = [uuid4() for _ in range(500)]
    vaults = [Vault(store, FIRST, SystemClock()) for _ in range(4)]
    answers = await asyncio.gather(
        *(vault.keys(refs[i:] + refs[:i], create=True) for i, vault in enumerate(vaults))
    )
    for ref in refs:
        assert len({answer[ref].id for answer in answers}) == 1


async def test_without_create_a_stranger_has_no_key(store: PostgresKeyStore) -> None:
    vault = Vault(store, FIRST, SystemClock())
    assert await vault.keys([uuid4()]) == {}
    with pytest.raises(PersonKeyMissingError):
        await vault.key(uuid4())


async def test_thousands_are_fetched_in_one_statement(store: PostgresKeyStore) -> None:
    refs = [uuid4() for _ in range(3_000)]
    assert set(await Vault(store, FIRST, SystemClock()).keys(refs * 2, create=True)) == set(refs)


@pytest.mark.scenario("F20")
async def test_a_destroyed_key_is_gone_for_good(store: PostgresKeyStore) -> None:
    vault, ref, other = Vault(store, FIRST, SystemClock()), uuid4(), uuid4()
    await vault.keys([ref, other], create=True)
    await vault.destroy(ref)
    await vault.destroy(ref)
    assert set(await vault.keys([ref, other], create=True)) == {other}
    with pytest.raises(PersonKeyMissingError):
        await vault.key(ref, create=True)
    assert await store.erased() == [ref]


async def test_who_never_had_a_key_can_be_erased_before_one_is_made(store: PostgresKeyStore) -> None:
    vault, ref = Vault(store, FIRST, SystemClock()), uuid4()
    await vault.destroy(ref)
    assert await vault.keys([ref], create=True) == {}


async def test_an_erasure_elsewhere_takes_effect_within_a_minute(store: PostgresKeyStore) -> None:
    clock, ref = ClockByHand(), uuid4()
    vault = Vault(store, FIRST, clock)
    await vault.key(ref, create=True)
    await Vault(store, FIRST, SystemClock()).destroy(ref)
    clock.passed = 60.0
    with pytest.raises(PersonKeyMissingError):
        await vault.key(ref)


async def test_the_cache_stays_within_its_bound(store: PostgresKeyStore) -> None:
    vault = Vault(store, FIRST, SystemClock(), cache_size=10)
    assert len(await vault.keys([uuid4() for _ in range(50)], create=True)) == 50
    assert len(vault._cache) == 10


async def test_master_keys_rotate_without_touching_sealed_values(store: PostgresKeyStore) -> None:
    refs = sorted(uuid4() for _ in range(25))
    erased = refs.pop()
    before = Vault(store, FIRST, SystemClock())
    keys = await before.keys([*refs, erased], create=True)
    sealed = {ref: Vault.seal(keys[ref], "name", str(ref)) for ref in refs}
    await before.destroy(erased)

    during = Vault(store, BOTH, SystemClock())
    assert [await during.rewrap(batch=10) for _ in range(4)] == [10, 10, 4, 0]

    after = Vault(store, SECOND, SystemClock())
    opened = await after.keys([*refs, erased])
    assert {ref: Vault.open(opened[ref], "name", sealed[ref]) for ref in refs} == {
        ref: str(ref) for ref in refs
    }
    with pytest.raises(UnknownKeyError):
        await Vault(store, FIRST, SystemClock()).keys(refs)


async def test_wrapped_keys_cannot_be_swapped_between_people(store: PostgresKeyStore, urls: Urls) -> None:
    victim, thief = uuid4(), uuid4()
    await Vault(store, FIRST, SystemClock()).keys([victim, thief], create=True)
    connection = await asyncpg.connect(urls.database)
    await connection.execute(
        "update person_key set wrapped = (select wrapped from person_key where ref = $1) where ref = $2",
        victim,
        thief,
    )
    await connection.close()
    with pytest.raises(Exception, match="does not open"):
        await Vault(store, FIRST, SystemClock()).key(thief)


async def test_nothing_in_the_key_store_is_a_usable_key(store: PostgresKeyStore, urls: Urls) -> None:
    ref = uuid4()
    await Vault(store, FIRST, SystemClock()).key(ref, create=True)
    connection = await asyncpg.connect(urls.database)
    wrapped = await connection.fetchval("select wrapped from person_key where ref = $1", ref)
    await connection.close()
    stranger = MasterKeys(master=KeyRing("k1", {"k1": os.urandom(32)}), index=INDEX)
    assert len(wrapped) == 12 + 32 + 16
    with pytest.raises(Exception, match="does not open"):
        await Vault(store, stranger, SystemClock()).key(ref)


def test_index_values_find_across_a_rotation(store: PostgresKeyStore) -> None:
    old, rotating = Vault(store, FIRST, SystemClock()), Vault(store, BOTH, SystemClock())
    stored = old.index("phone", "19900000000")
    assert stored.startswith(b"i1:")
    assert len(stored) == 3 + 16
    assert stored in rotating.index_all("phone", "19900000000")
    assert rotating.index("phone", "19900000000").startswith(b"i2:")
    assert stored != old.index("document", "19900000000")
    assert stored != old.index("phone", "19900000001")


def test_a_ref_is_all_that_a_missing_key_tells() -> None:
    ref = UUID("018f0000-0000-7000-8000-000000000001")
    assert str(ref) in str(PersonKeyMissingError(ref))
