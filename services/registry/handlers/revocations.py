"""Signed revocation lists for whoever verifies passes away from the registry (R2.4, G10, G14)."""

from services.registry.domain.revocations import ListVersionUnknown, RevocationList, sign_list
from services.registry.handlers import pass_keys
from services.registry.store import revocations as store
from shared.db.pool import Tx
from shared.kernel.sealed import Vault


async def signed(tx: Tx, compound: str, *, since: int, vault: Vault) -> tuple[bytes, RevocationList]:
    """A compound's list as of now, signed by the key that signs passes.

    Args:
        tx: one view of list and version.
        compound: whose list.
        since: 0 for the whole list, else the version that the caller holds.
        vault: opens the key.

    Raises:
        ListVersionUnknown: nobody was ever told this version.
    """
    version = await store.version(tx, compound)
    if since > version:
        raise ListVersionUnknown(
            f"没有这个版本，当前为 {version}。There is no such version; it is {version}.",
            field="since",
            version=version,
            remedy="请取完整名单。Take the whole list.",
        )
    told = RevocationList(
        compound=compound,
        issued_at=tx.now,
        version=version,
        since=since,
        entries=await store.entries(tx, compound, since=since, now=tx.now),
    )
    return sign_list(told, await pass_keys.signing_key(tx, vault)), told
