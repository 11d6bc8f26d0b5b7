"""What was destroyed stays destroyed, whichever of database and key store comes back from a backup.

Both note whose keys are gone: the key store as tombstones, the database in `key_destroyed`. Before a service opens the
two are made equal (`reapply_erasures`): a key that a restored key store holds again is destroyed, and what a restored
database holds again of somebody is blanked. A commit that failed after the keys went is finished in the same way.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Conn, Database, Tx
from shared.kernel.sealed import Vault

NOTED = "select ref from key_destroyed"
NOTE = """
insert into key_destroyed (ref, noted_at) select ref, $2 from unnest($1::uuid[]) as gone (ref) on conflict do nothing
"""
LOCK = "select pg_advisory_xact_lock(hashtextextended('fangkong.erasures', 0))"
STILL_TO_NOTE = """
select ref from unnest($1::uuid[]) as gone (ref) where not exists (select from key_destroyed d where d.ref = gone.ref)
order by ref
"""

ACTOR = "erasures"
_AT_ONCE = 200

Forget = Callable[[Tx, Sequence[UUID]], Awaitable[Collection[UUID]]]
"""Blanks whatever a service keeps under these keys, in the clear or as an index, besides what only they open.

Refs that mean nothing to it are passed over; a second time it changes nothing. It answers with keys that go with them.
"""


async def nothing_to_forget(_tx: Tx, _refs: Sequence[UUID]) -> Collection[UUID]:
    """Of a service that keeps nothing about people but what only their keys open."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapplied:
    """How many keys were destroyed again, and of how many the database was blanked again."""

    keys: int
    blanked: int


async def destroy_keys(tx: Tx, vault: Vault, refs: Iterable[UUID]) -> None:
    """Destroy data keys as the last act of what a transaction erases, and note it with the facts."""
    gone = sorted(set(refs))
    if gone:
        await tx.execute(NOTE, gone, tx.now)
    for ref in gone:
        await vault.destroy(ref)


async def destroyed(conn: Conn) -> set[UUID]:
    """Whose keys this database knows to be destroyed: what a backup of the other side has to be held against."""
    return {row["ref"] for row in await conn.fetch(NOTED)}


async def reapply_erasures(
    database: Database,
    keystore: PostgresKeyStore,
    vault: Vault,
    forget: Forget,
    *,
    also: Collection[UUID] = (),
) -> Reapplied:
    """Make database and key store agree on what is destroyed; the service must not have opened yet.

    Several processes may do it at once; stopped at any moment, the next call goes on.

    Args:
        database: the service's own.
        keystore: its key store.
        vault: seals with that key store.
        forget: what the service does to forget somebody.
        also: refs that were erased as others know, where both sides come from a backup that is older than that.
    """
    async with database.read() as conn:
        noted = await destroyed(conn)
    dead = set(await keystore.erased())
    everybody = noted | dead | set(also)
    alive, missing, blanked = sorted(everybody - dead), sorted(everybody - noted), 0
    for ref in alive:
        await vault.destroy(ref)
    for start in range(0, len(missing), _AT_ONCE):
        async with database.begin(actor=ACTOR) as tx:
            await tx.execute(LOCK)
            some = await tx.fetch(STILL_TO_NOTE, missing[start : start + _AT_ONCE])
            refs = [row["ref"] for row in some]
            await destroy_keys(tx, vault, {*refs, *await forget(tx, refs)})
        blanked += len(refs)
    return Reapplied(keys=len(alive), blanked=blanked)
