"""What intakes say of trips and health goes by itself some days after the release; no figure changes (Data and law).

Who somebody is stays as long as a dwelling, a pass or a case needs it: that is `erasure`.
"""

from datetime import timedelta

from services.registry.handlers.own_keys import destroy_things
from services.registry.store import erasure
from services.registry.store import policy as policies
from services.registry.store import retention as store
from services.registry.store import retention_texts as texts
from shared.db.pool import Database
from shared.kernel.sealed import Vault

NAME = "registry.retention"
BATCH = 200
"""Intakes a transaction."""


async def forget_due(database: Database, *, vault: Vault) -> None:
    """Forget what is kept longer than the policy allows. Run twice, it acts once.

    Answers at a gate tell of trip and health in one sealed text: they go with whichever goes first.
    """
    while True:
        async with database.begin(actor=NAME) as tx:
            version = await policies.policy_at(tx, tx.today)
            if version is None:
                return
            rules = version.document.retention
            trips, health = (
                tx.now - timedelta(days=rules.trip_days),
                tx.now - timedelta(days=rules.health_days),
            )
            forgotten = await store.forget_trips(tx, trips, BATCH)
            forgotten += await store.forget_health(tx, health, BATCH)
            keys = await store.take_answers(tx, max(trips, health), BATCH)
            await destroy_things(tx, vault, keys)
        if not forgotten and not keys:
            return


async def forget_texts(database: Database, *, vault: Vault) -> None:
    """The same for leads, lists, forms, applications and contacts, by the days that the policy names for each."""
    for kind in texts.OVER:
        while True:
            async with database.begin(actor=NAME) as tx:
                version = await policies.policy_at(tx, tx.today)
                days = getattr(version.document.retention, kind) if version else None
                if days is None:
                    break
                keys = await texts.keys_over(tx, kind, tx.now - timedelta(days=days), BATCH)
                await erasure.blank_by_keys(tx, keys)
                await destroy_things(tx, vault, keys)
            if not keys:
                break


async def forget_said(database: Database, *, vault: Vault) -> None:
    """Forget whatever else has its days: what was told, and who served."""
    await forget_texts(database, vault=vault)
    await forget_workers(database)


async def forget_workers(database: Database) -> None:
    """The same for names and phones of workers, by the policy's days after they served last; their posts stay."""
    while True:
        async with database.begin(actor=NAME) as tx:
            version = await policies.policy_at(tx, tx.today)
            days = version.document.retention.worker_days if version else None
            if days is None or not await texts.forget_workers(tx, tx.now - timedelta(days=days), BATCH):
                return
