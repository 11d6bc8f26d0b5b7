"""What people wrote about sites, rounds, venues, orders and reports goes some days after those are over."""

from datetime import timedelta

from services.sanitation.store import copies
from services.sanitation.store import retention as store
from shared.db.pool import Database
from shared.kernel.days import start_of

NAME = "sanitation.retention"


async def forget_notes(database: Database) -> int:
    """Forget what is kept longer than the policy allows; tells how many texts. Run twice, it acts once.

    Days are whole local days; a policy version that says nothing of notes makes nothing due.
    """
    async with database.begin(actor=NAME) as tx:
        policy = await copies.policy_of(tx, tx.today)
        days = policy.document.retention.note_days if policy else None
        return 0 if days is None else await store.forget_notes(tx, start_of(tx.today - timedelta(days=days)))
