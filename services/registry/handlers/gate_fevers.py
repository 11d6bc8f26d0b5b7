"""Fevers that gates saw: each is kept by its check, so that a mistyped one is taken back and no other (G2)."""

from services.registry.handlers import pass_life
from services.registry.store import passes as store
from services.registry.store import returnees as returnee_store
from shared.db.pool import Tx
from shared.events.gate import FeverSeen, FeverWithdrawn


async def follow_fever(event: FeverSeen, *, tx: Tx) -> None:
    """The person's passes stop everywhere, unless a later clearance is known already."""
    await returnee_store.lock_person(tx, event.person_ref)
    await tx.execute(store.KEEP_GATE_FEVER, event.check_id, event.person_ref, event.checked_at)
    if any(hold.kind == "fever" and hold.stands for hold in await store.holds(tx, event.person_ref)):
        await pass_life.suspend_all(tx, event.person_ref, "fever")


async def follow_withdrawal(event: FeverWithdrawn, *, tx: Tx) -> None:
    """The reading was mistyped: passes against which nothing else stands admit again."""
    await returnee_store.lock_person(tx, event.person_ref)
    await tx.execute(store.WITHDRAW_GATE_FEVER, event.corrects)
    await pass_life.reconsider(tx, event.person_ref, "fever_withdrawn")
