"""The keys that sign passes: made here, announced to everybody, sealed at rest (R2.4)."""

import json

from services.registry.handlers import policy
from services.registry.store import pass_keys as store
from shared.db.pool import Conn, Database
from shared.events.registry.rules import PassKeyAnnounced
from shared.kernel import pass_token
from shared.kernel.ids import uuid7
from shared.kernel.sealed import Vault

SIGNING = "pass_signing_key"


async def ensure_key(database: Database, vault: Vault) -> None:
    """At the very first start: make the key that signs passes and announce its public part. Done once."""
    async with database.begin(actor=policy.SEEDED_BY) as tx:
        await store.lock_keys(tx)
        if await store.signing_key(tx) is not None:
            return
        private, key_ref = pass_token.make_key(), uuid7()
        public = pass_token.public_part(private)
        sealing = await vault.key(key_ref, create=True)
        await store.add_key(
            tx,
            key_id=private["kid"],
            key_ref=key_ref,
            public_jwk=public,
            private_sealed=vault.seal(sealing, SIGNING, json.dumps(private)),
        )
        await tx.publish(PassKeyAnnounced(key_id=private["kid"], jwk=public, valid_from=tx.now), version=1)


async def signing_key(conn: Conn, vault: Vault) -> dict[str, str]:
    """The private key that signs now, opened.

    Raises:
        LookupError: there is none; the service was not prepared.
    """
    row = await store.signing_key(conn)
    if row is None:
        raise LookupError("no key signs passes: the service was not prepared")
    opened = vault.open(await vault.key(row["key_ref"]), SIGNING, row["private_sealed"])
    private: dict[str, str] = json.loads(opened)
    return private
