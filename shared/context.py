"""What a service works with: its settings, clock, databases and keys, opened together."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Database
from shared.http.door import Door
from shared.kernel.cards import CardKeys
from shared.kernel.clock import Clock
from shared.kernel.masters import MasterKeyFile
from shared.kernel.sealed import Vault
from shared.kernel.transit import TransitWrapper
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a service works with."""

    settings: Any
    clock: Clock
    database: Database
    keystore: PostgresKeyStore | None
    own_vault: Vault | None
    kms: TransitWrapper | None = None
    own_cards: CardKeys | None
    door: Door = field(default_factory=Door)
    """Whether this service still takes anything, or the measures are over."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is told to stop: an answer that goes on for long ends then."""

    @property
    def vault(self) -> Vault:
        """Seals and opens personal fields. Raises `RuntimeError` in a service that was given no keys."""
        if self.own_vault is None:
            raise RuntimeError(
                "set FANGKONG_KEYSTORE_URL and FANGKONG_MASTER_KEY_FILE: this service seals fields"
            )
        return self.own_vault

    @property
    def cards(self) -> CardKeys:
        """Seals and opens cards. Raises `RuntimeError` in a service that was given no card keys."""
        if self.own_cards is None:
            raise RuntimeError("set FANGKONG_CARD_KEYS_FILE: this service exchanges cards")
        return self.own_cards

    async def close(self) -> None:
        """Let go of both databases."""
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.database.close()
        if self.keystore:
            await self.keystore.close()
        if self.kms:
            await self.kms.close()


async def open_context(
    name: str, settings: ServiceSettings, clock: Clock, *, stopping: asyncio.Event | None = None
) -> Context:
    """What a service works with, connected. Raises one of TRANSIENT while a database is away."""
    database = await Database.open(
        settings.database_address(), service=name, clock=clock, size=settings.database_pool
    )
    try:
        keystore = settings.keystore_address()
        store = await PostgresKeyStore.open(keystore, service=name) if keystore else None
    except BaseException:
        await database.close()
        raise
    try:
        vault, kms = await _vault(name, settings, store, clock)
    except BaseException:
        await database.close()
        if store:
            await store.close()
        raise
    cards = CardKeys.load(settings.card_keys_file) if settings.card_keys_file else None
    return Context(
        settings=settings,
        clock=clock,
        database=database,
        keystore=store,
        own_vault=vault,
        kms=kms,
        own_cards=cards,
        stopping=stopping or asyncio.Event(),
    )


async def _vault(
    name: str, settings: ServiceSettings, store: PostgresKeyStore | None, clock: Clock
) -> tuple[Vault | None, TransitWrapper | None]:
    """The vault around the master key, wherever that is."""
    if store is None or settings.master_key_file is None:
        return None, None
    if settings.kms_url is None or settings.kms_token_file is None:
        return Vault(store, MasterKeyFile(settings.master_key_file), clock), None
    kms = TransitWrapper(
        settings.kms_url,
        settings.kms_key or f"fangkong-{name}",
        token_file=settings.kms_token_file,
        ca_file=settings.kms_ca_file,
    )
    try:
        return Vault(store, await kms.index_keys(settings.master_key_file), clock, wrapper=kms), kms
    except BaseException:
        await kms.close()
        raise
