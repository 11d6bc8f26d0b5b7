"""The keys that sign passes: made here, announced, replaced with overlap, retired; sealed at rest (R2.4).

A replaced key signs nothing new and verifies on, so that printed passes stay good. It is retired when nothing valid is
signed with it any more: by itself as passes run out, or after what is left was signed again.
"""

import json
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.registry.handlers import policy
from services.registry.store import pass_keys as store
from shared.db.erasures import destroy_keys
from shared.db.pool import Database, Tx
from shared.events.registry.rules import PassKeyAnnounced, PassKeyRetired
from shared.kernel import pass_token
from shared.kernel.ids import uuid7
from shared.kernel.refusal import Refusal
from shared.kernel.sealed import Vault

SIGNING = "pass_signing_key"
"""Name of a sealed field, part of what is stored: never renamed."""


class KeyUnknown(Refusal):
    """There is no such key."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "key_unknown"


class KeySigns(Refusal):
    """The key is the one that signs: it is replaced first."""

    code: ClassVar[str] = "key_signs"


class KeyInUse(Refusal):
    """Passes whose time is not over are signed with it; `passes` says how many."""

    code: ClassVar[str] = "key_in_use"


async def ensure_key(database: Database, vault: Vault) -> None:
    """At the very first start: make the key that signs passes and announce its public part. Done once."""
    async with database.begin(actor=policy.SEEDED_BY) as tx:
        await store.lock_keys(tx)
        if await store.current_key(tx) is None:
            await _make(tx, vault, None)


async def rotate(request_id: UUID, *, tx: Tx, vault: Vault) -> tuple[str, bool]:
    """Let a new key sign from now on; the same request again makes no second. Its id, and whether it is new."""
    await store.lock_keys(tx)
    if (known := await store.key_of_request(tx, request_id)) is not None:
        return known, False
    await store.replace(tx)
    return await _make(tx, vault, request_id), True


async def retire(key_id: str, *, tx: Tx, vault: Vault) -> None:
    """Let a replaced key verify no more, once nothing valid is signed with it. A second time changes nothing.

    Raises:
        KeyUnknown, KeySigns, KeyInUse: as their names say.
    """
    await store.lock_keys(tx)
    found = await _replaced(tx, key_id)
    if found["retired_at"] is not None:
        return
    if left := await store.still_signed(tx, key_id, tx.now):
        raise KeyInUse(
            f"仍有 {left} 个有效证由该密钥签发。{left} valid passes are signed with it.",
            passes=left,
            remedy="先重签，或等其到期。Sign them again first, or wait until they run out.",
        )
    await _retire(tx, found, vault)


async def retire_unused(database: Database, *, vault: Vault) -> None:
    """Retire replaced keys that signed nothing valid any more. Run twice, it acts once."""
    async with database.read() as conn:
        if not await store.replaced(conn):
            return
    async with database.begin(actor=policy.SEEDED_BY) as tx:
        await store.lock_keys(tx)
        for key_id in await store.replaced(tx):
            found = await _replaced(tx, key_id)
            if not await store.still_signed(tx, key_id, tx.now):
                await _retire(tx, found, vault)


async def signing_key(tx: Tx, vault: Vault) -> dict[str, str]:
    """The private key that signs now, opened; it is not replaced before the transaction ends.

    Raises:
        LookupError: there is none; the service was not prepared.
    """
    row = await store.signing_key(tx)
    if row is None:
        raise LookupError("no key signs passes: the service was not prepared")
    opened = vault.open(await vault.key(row["key_ref"]), SIGNING, row["private_sealed"])
    private: dict[str, str] = json.loads(opened)
    return private


async def _make(tx: Tx, vault: Vault, request_id: UUID | None) -> str:
    private, key_ref = pass_token.make_key(), uuid7()
    public, key_id = pass_token.public_part(private), private["kid"]
    sealing = await vault.key(key_ref, create=True)
    await store.add_key(
        tx,
        key_id=key_id,
        key_ref=key_ref,
        public_jwk=public,
        private_sealed=vault.seal(sealing, SIGNING, json.dumps(private)),
        request_id=request_id,
    )
    await tx.publish(PassKeyAnnounced(key_id=key_id, jwk=public, valid_from=tx.now), version=1)
    return key_id


async def _retire(tx: Tx, found: asyncpg.Record, vault: Vault) -> None:
    """It signs nothing any more, so its private part goes even if this transaction should fail."""
    key_id = found["key_id"]
    await store.retire(tx, key_id)
    await destroy_keys(tx, vault, [found["key_ref"]])
    await tx.publish(PassKeyRetired(key_id=key_id, retired_at=tx.now), version=2)


async def _replaced(tx: Tx, key_id: str) -> asyncpg.Record:
    found = await store.one(tx, key_id)
    if found is None:
        raise KeyUnknown("没有这个密钥。There is no such key.")
    if found["replaced_at"] is None:
        raise KeySigns("该密钥正在签发。This key signs.", remedy="先更换密钥。Replace it first.")
    return found


async def require_replaced(tx: Tx, key_id: str) -> None:
    """The key exists and signs no more.

    Raises:
        KeyUnknown, KeySigns: as their names say.
    """
    await _replaced(tx, key_id)
