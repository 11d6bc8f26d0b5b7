"""What intakes say of trips and health goes by itself some days after the release; no figure changes (Data and law).

Who somebody is stays as long as a dwelling, a pass or a case needs it: that is `erasure`.
"""

from datetime import timedelta

from services.registry.store import policy as policies
from services.registry.store import retention as store
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
            for key_ref in keys:
                await vault.destroy(key_ref)
        if not forgotten and not keys:
            return
