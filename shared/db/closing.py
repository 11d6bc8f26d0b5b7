"""The end of the measures in one service: every key goes, and nothing personal is kept again (0063).

Both database and key store note it, as they note who was erased (`shared.db.erasures`): whichever comes back from a
backup is closed down again before the service opens.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.db import erasures
from shared.db.erasures import Forget, nothing_to_forget
from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Conn, Database, Tx
from shared.kernel.sealed import Vault

NOTE = "insert into closing_down (closing_id, approved_at, found) values ($1, $2, $3) on conflict do nothing"
NOTED = "select closing_id, approved_at, found, destroyed_at from closing_down"
IS_CLOSED = "select exists (select from closing_down)"
DONE = "update closing_down set destroyed_at = $1 where destroyed_at is null"
COUNTS = """
select kind, number from closing_counts() where number > 0
union all select 'sessions', count(*) from page_session
"""
BLANK_LOOKUPS = "select closing_blank_lookups($1::bytea[])"
END_SESSIONS = "delete from page_session"
# What an outbox or a dead letter holds of a card opens with the recipient's key, which is no person's.
BLANK_CARDS = """
update outbox set document = jsonb_set(document::jsonb, array['data', $1::text], 'null')::text
where channel like 'cards%' and document::jsonb -> 'data' ->> $1 is not null
"""
DROP_LETTERS = "delete from dead_letter where channel like 'cards%'"

CARD_FIELDS = ("card", "answers")
ACTOR = "closing"
_AT_ONCE = 500


async def nothing_to_end(_tx: Tx) -> None:
    """Of a service without devices and links."""


async def nothing_spared(_conn: Conn) -> Collection[UUID]:
    """Of a service that signs nothing afterwards."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What closing down does in a service besides destroying keys.

    Attributes:
        forget: blanks what is kept of people in the clear, as an erasure does.
        end: ends credentials that are not sessions of pages: devices, personal links.
        spared: keys that live until they have signed that all others are gone.
    """

    forget: Forget = nothing_to_forget
    end: Callable[[Tx], Awaitable[None]] = nothing_to_end
    spared: Callable[[Conn], Awaitable[Collection[UUID]]] = nothing_spared


async def counts(conn: Conn, keystore: PostgresKeyStore) -> dict[str, int]:
    """What there is to destroy: data keys, sessions, and by table the rows with something sealed."""
    rows = {row["kind"]: row["number"] for row in await conn.fetch(COUNTS)}
    return {"data_keys": await keystore.live(), **rows}


async def noted(conn: Conn) -> asyncpg.Record | None:
    """By which closing this database is closed down; None while it is not."""
    return await conn.fetchrow(NOTED)


async def is_closed(conn: Conn) -> bool:
    """Whether nothing personal is kept here any more."""
    return bool(await conn.fetchval(IS_CLOSED))


async def close_down(tx: Tx, keystore: PostgresKeyStore, closing_id: UUID, approved_at: datetime) -> None:
    """Make no key and take nothing personal from now on; what is there is destroyed afterwards."""
    if await noted(tx) is None:
        found: Mapping[str, int] = await counts(tx, keystore)
        await keystore.close_down(closing_id, approved_at)
        await tx.execute(NOTE, closing_id, approved_at, found)


async def destroy(database: Database, keystore: PostgresKeyStore, vault: Vault, closing: Closing) -> None:
    """Destroy every key but those that are spared, blanking what is kept under them. Stopped anywhere, it goes on."""
    async with database.read() as conn:
        spared = set(await closing.spared(conn))
    while refs := await keystore.living(but=spared, limit=_AT_ONCE):
        async with database.begin(actor=ACTOR) as tx:
            await tx.execute(erasures.LOCK)
            gone = sorted({*refs, *await closing.forget(tx, refs)} - spared)
            await tx.execute(erasures.NOTE, gone, tx.now)
            await keystore.destroy_many(gone, database.clock.real_now())
    vault.forget_keys()


async def finish(tx: Tx, vault: Vault, closing: Closing) -> None:
    """End what opens doors, make lookups findable by nobody, and empty cards that were told."""
    await closing.end(tx)
    await tx.execute(END_SESSIONS)
    await tx.fetchval(BLANK_LOOKUPS, vault.index_prefixes)
    for field in CARD_FIELDS:
        await tx.execute(BLANK_CARDS, field)
    await tx.execute(DROP_LETTERS)
    await tx.execute(DONE, tx.now)


async def reapply(database: Database, keystore: PostgresKeyStore, vault: Vault, closing: Closing) -> bool:
    """Close down again what came back from a backup, before the service opens. Tells whether it is closed down."""
    elsewhere = await keystore.closed()
    async with database.begin(actor=ACTOR) as tx:
        here = await noted(tx)
        if here is None and elsewhere is None:
            return False
        if here is None and elsewhere is not None:
            await close_down(tx, keystore, *elsewhere)
    if here is not None:
        await keystore.close_down(here["closing_id"], here["approved_at"])
    await destroy(database, keystore, vault, closing)
    return True
