"""Data keys wrapped by a key management service, over TLS, as its documentation has it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services.registry.settings import Settings
from shared.context import Context, open_context
from shared.db.keystore import MIGRATIONS, PostgresKeyStore
from shared.db.migrations import Source
from shared.kernel.clock import SystemClock
from shared.kernel.masters import MasterKeys, TamperedError
from shared.kernel.sealed import Vault
from shared.kernel.secrets import KeyFileError, KeyRing
from shared.kernel.transit import KmsAwayError, TransitWrapper
from shared.testing.databases import Databases, Urls
from tests.integration.kernel.transit_engine import Engine, serving
from tests.integration.runtime.lines import Authority

KEY = "fangkong-registry"
INDEX = MasterKeys(master=None, index=KeyRing("i1", {"i1": b"i" * 32}))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(folder=tmp_path_factory.mktemp("kms-authority"))
    made.issue()
    return made


@pytest.fixture
def engine(authority: Authority) -> Iterator[Engine]:
    with serving(Engine(authority=authority)) as running:
        yield running


@pytest.fixture
def token(tmp_path: Path, engine: Engine) -> Path:
    file = tmp_path / "token"
    file.write_text(engine.token + "\n")
    return file


@pytest.fixture
async def kms(engine: Engine, token: Path, authority: Authority) -> AsyncIterator[TransitWrapper]:
    made = TransitWrapper(engine.url, KEY, token_file=token, ca_file=authority.files.ca)
    yield made
    await made.close()


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


async def test_what_one_process_seals_another_opens_and_the_master_key_is_never_here(
    store: PostgresKeyStore, urls: Urls, kms: TransitWrapper, engine: Engine
) -> None:
    refs = [uuid4() for _ in range(1_100)]
    keys = await Vault(store, INDEX, SystemClock(), wrapper=kms).keys(refs, create=True)
    sealed = Vault.seal(keys[refs[7]], "name", "张小明")
    asked = engine.requests
    elsewhere = await Vault(store, INDEX, SystemClock(), wrapper=kms).keys(refs)
    assert Vault.open(elsewhere[refs[7]], "name", sealed) == "张小明"
    assert engine.requests - asked == 3  # many in one request
    connection = await asyncpg.connect(urls.database)
    wrapped = await connection.fetchval("select wrapped from person_key limit 1")
    await connection.close()
    assert wrapped.startswith(b"vault:v1:")


async def test_a_key_that_the_service_rotates_is_followed(
    store: PostgresKeyStore, kms: TransitWrapper, engine: Engine
) -> None:
    vault, refs = Vault(store, INDEX, SystemClock(), wrapper=kms), [uuid4() for _ in range(25)]
    before = await vault.keys(refs, create=True)
    engine.rotate()
    assert [await vault.rewrap(batch=10) for _ in range(4)] == [10, 10, 5, 0]
    engine.min_decryption_version = 2
    after = await Vault(store, INDEX, SystemClock(), wrapper=kms).keys(refs)
    assert {ref: after[ref].id for ref in refs} == {ref: before[ref].id for ref in refs}


async def test_a_wrapped_key_opens_for_its_person_only(
    store: PostgresKeyStore, urls: Urls, kms: TransitWrapper
) -> None:
    victim, thief = uuid4(), uuid4()
    await Vault(store, INDEX, SystemClock(), wrapper=kms).keys([victim, thief], create=True)
    connection = await asyncpg.connect(urls.database)
    await connection.execute(
        "update person_key set wrapped = (select wrapped from person_key where ref = $1) where ref = $2",
        victim,
        thief,
    )
    await connection.close()
    with pytest.raises(TamperedError):
        await Vault(store, INDEX, SystemClock(), wrapper=kms).key(thief)


async def test_without_the_service_or_its_trust_nothing_opens_and_a_renewed_token_is_taken(
    store: PostgresKeyStore, kms: TransitWrapper, engine: Engine, token: Path, tmp_path: Path
) -> None:
    vault, ref = Vault(store, INDEX, SystemClock(), wrapper=kms, cache_size=0), uuid4()
    await vault.key(ref, create=True)
    engine.token = "s.second"
    with pytest.raises(KmsAwayError, match="403"):
        await vault.key(ref)
    token.write_text("s.second")
    assert (await vault.key(ref)).ref == ref
    stranger = Authority(folder=tmp_path / "stranger")
    stranger.issue()
    mistaken = TransitWrapper(engine.url, KEY, token_file=token, ca_file=stranger.files.ca)
    with pytest.raises(KmsAwayError, match="ConnectError"):
        await mistaken.current()
    await mistaken.close()


async def test_a_service_takes_its_master_key_from_there(
    context_for: Callable[[str], Awaitable[Context]], kms: TransitWrapper, engine: Engine, token: Path
) -> None:
    file = token.with_name("master.json")
    index = {"current": "i1", "keys": {"i1": await kms.wrap_index_key(b"i" * 32)}}
    file.write_text(json.dumps({"index_key": index}))
    plain = await context_for("registry")
    settings: Settings = plain.settings.model_copy(
        update={
            "master_key_file": file,
            "kms_url": engine.url,
            "kms_token_file": token,
            "kms_ca_file": engine.authority.files.ca,
        }
    )
    context = await open_context("registry", settings, plain.clock)
    try:
        key = await context.vault.key(uuid4(), create=True)
        assert Vault.open(key, "name", Vault.seal(key, "name", "李")) == "李"
        assert plain.keystore is not None
        with_file = Vault(plain.keystore, INDEX, plain.clock)
        assert context.vault.index("phone", "1") == with_file.index("phone", "1")
    finally:
        await context.close()
    index["keys"]["i1"] = await kms.wrap_index_key(b"i" * 31)  # type: ignore[index]
    file.write_text(json.dumps({"index_key": index}))
    with pytest.raises(KeyFileError, match="32 bytes"):
        await open_context("registry", settings, plain.clock)
