"""Passes signed again under the key that signs now, with the same claims (R2.4)."""

from uuid import UUID

from services.registry.handlers import pass_keys, pass_life, passes, vehicles
from services.registry.store import pass_keys as store
from shared.db.pool import Tx
from shared.kernel import pass_token
from shared.kernel.sealed import Vault

BATCH = 200
"""Passes in one transaction: well under a second of signing."""


async def sign_again(key_id: str, *, tx: Tx, vault: Vault) -> tuple[int, int]:
    """Sign some of the passes of a replaced key again; tells how many, and how many are left.

    Serial and time stay, so gates need not be told. Copies that were printed before verify until the old key is
    retired: whoever holds one is given a new print before that.

    Raises:
        KeyUnknown, KeySigns: see `pass_keys`.
    """
    await pass_keys.require_replaced(tx, key_id)
    private = await pass_keys.signing_key(tx, vault)
    done = 0
    for pass_id in await store.signed_by(tx, key_id, "entry", tx.now, BATCH):
        done += await _entry(tx, pass_id, private, vault)
    for pass_id in await store.signed_by(tx, key_id, "vehicle", tx.now, BATCH - done):
        done += await _vehicle(tx, pass_id, private, vault)
    return done, await store.still_signed(tx, key_id, tx.now)


async def _entry(tx: Tx, pass_id: UUID, private: dict[str, str], vault: Vault) -> int:
    one = await pass_life.locked(tx, pass_id)
    if one.state == "revoked":
        return 0
    token = pass_token.sign(passes.claims_of(one), private)
    sealed = vault.seal(await vault.key(one.person_ref, create=True), passes.TOKEN, token)
    await store.sign_again(tx, pass_id, "entry", private["kid"], sealed)
    return 1


async def _vehicle(tx: Tx, pass_id: UUID, private: dict[str, str], vault: Vault) -> int:
    one, owner = await vehicles.locked_pass(tx, pass_id)
    if one.state == "revoked":
        return 0
    token = pass_token.sign(vehicles.claims_of(one), private, kind="vehicle")
    sealed = vault.seal(await vault.key(owner, create=True), vehicles.TOKEN, token)
    await store.sign_again(tx, pass_id, "vehicle", private["kid"], sealed)
    return 1
