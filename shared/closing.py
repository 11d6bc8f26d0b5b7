"""Closing down, as every service does its part: count, close, destroy, tell (0063)."""

from functools import partial

from shared.bus.reactor import Reactor
from shared.db import closing as store
from shared.db.closing import Closing
from shared.db.keystore import PostgresKeyStore
from shared.db.pool import Database, Tx
from shared.events.closing import ANSWERS, ClosingApproved, ClosingPrepared
from shared.kernel.sealed import Vault
from shared.leader import Ticker
from shared.obs.logging import get_logger

log = get_logger(__name__)


def following(service: str, keystore: PostgresKeyStore | None) -> Reactor:
    """How a service hears that it is to count, and to close."""
    reactor = Reactor(f"{service}.closing", after_closing=True)

    @reactor.on(ClosingPrepared)
    async def count(event: ClosingPrepared, /, *, tx: Tx) -> None:
        if keystore is not None and not await store.is_closed(tx):
            found = await store.counts(tx, keystore)
            told = ANSWERS[service](
                closing_id=event.closing_id,
                stage="counted",
                found=found,
                keys_left=found["data_keys"],
                told_at=tx.now,
            )
            await tx.publish(told, version=1)

    @reactor.on(ClosingApproved)
    async def close(event: ClosingApproved, /, *, tx: Tx) -> None:
        if keystore is not None:
            await store.close_down(tx, keystore, event.closing_id, event.approved_at)

    return reactor


def destroying(
    service: str, keystore: PostgresKeyStore | None, vault: Vault | None, closing: Closing
) -> Ticker:
    """What destroys, once it was heard, and tells when it is done."""
    return Ticker(
        name=f"{service}.closing",
        act=partial(destroy_once, service=service, keystore=keystore, vault=vault, closing=closing),
        waited_for=False,
        after_closing=True,
    )


async def destroy_once(
    database: Database,
    *,
    service: str,
    keystore: PostgresKeyStore | None,
    vault: Vault | None,
    closing: Closing,
) -> None:
    """Destroy what a closing says, unless that is done. Run twice, it acts once."""
    async with database.read() as conn:
        noted = await store.noted(conn)
    if noted is None or noted["destroyed_at"] is not None or keystore is None or vault is None:
        return
    await store.destroy(database, keystore, vault, closing)
    left = await keystore.live()
    async with database.begin(actor=store.ACTOR) as tx:
        await store.finish(tx, vault, closing)
        told = ANSWERS[service](
            closing_id=noted["closing_id"],
            stage="destroyed",
            found=noted["found"],
            keys_left=left,
            told_at=tx.now,
        )
        await tx.publish(told, version=2)
    log.warning("closed_down", keys=noted["found"]["data_keys"], left=left)
