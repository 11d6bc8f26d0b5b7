"""What was written about findings goes some days after they were closed, with its keys (Data and law)."""

from datetime import timedelta

from services.reporting.store import finding_custody as store
from services.reporting.store import findings, known, policy
from shared.db.erasures import destroy_keys
from shared.db.pool import Database
from shared.kernel.days import start_of
from shared.kernel.sealed import Vault

NAME = "reporting.retention"
BATCH = 200
"""Findings a transaction."""


async def forget_notes(database: Database, *, vault: Vault) -> int:
    """Forget what is kept longer than the policy allows; tells of how many findings. Run twice, it acts once.

    Days are whole local days; a policy version that says nothing of notes makes nothing due.
    """
    forgotten = 0
    while True:
        async with database.begin(actor=NAME) as tx:
            found = await policy.of_day(tx, tx.today)
            days = found[1].retention.note_days if found else None
            if days is None:
                return forgotten
            await tx.execute(findings.TURN)
            await tx.execute(known.NOW, tx.now)
            rows = await tx.fetch(store.NOTES_OVER, start_of(tx.today - timedelta(days=days)), BATCH)
            keys = [row["key_ref"] for row in rows]
            await tx.execute(store.FORGET_NOTES, keys)
            await tx.execute(store.FORGET_ACTS, keys)
            await destroy_keys(tx, vault, keys)
        forgotten += len(keys)
        if len(keys) < BATCH:
            return forgotten
