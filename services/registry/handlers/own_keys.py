"""Keys of things that are no people: files, lines of lists, texts that were sent in."""

from collections.abc import Iterable
from uuid import UUID

from services.registry.store import erasure as store
from shared.db.erasures import destroy_keys
from shared.db.pool import Tx
from shared.kernel.sealed import Vault


async def destroy_things(tx: Tx, vault: Vault, refs: Iterable[UUID]) -> None:
    """Destroy the keys of things with their rows, as the last act of a transaction.

    Some things are known by an id that a client made. If somebody took a person's reference for it, the key is the
    person's and stays.
    """
    await destroy_keys(tx, vault, await store.no_people(tx, refs))
