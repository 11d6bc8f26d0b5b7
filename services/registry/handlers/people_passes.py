"""Passes that follow from what happens to people: stopped where they live no longer, put back by an undo (P10)."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from services.registry import metrics
from services.registry.handlers import pass_life
from services.registry.store import passes as store
from services.registry.store import people_acts as acts
from shared.db.pool import Tx

StopReason = Literal["moved_away", "deceased"]


async def stop(
    tx: Tx, change_id: UUID, person_ref: UUID, compounds: Collection[str] | None, reason: StopReason
) -> None:
    """Revoke a person's passes of these compounds (None: of every one), and keep how they were for an undo."""
    for one in await store.passes_for_update(tx, person_ref):
        if compounds is not None and one.compound not in compounds:
            continue
        await pass_life.stop(tx, one, reason)
        metrics.PASSES_STOPPED.labels(reason).inc()
        await tx.execute(acts.ADD_PASS_BEFORE, change_id, one.pass_id, one.state, one.reason, one.version + 1)


async def put_back(tx: Tx, change_id: UUID) -> None:
    """Undo what an act did to passes, where nothing else has changed them since.

    One that ran out, or in whose place another one was issued, stays as it is.
    """
    for row in await tx.fetch(acts.PASSES_BEFORE, change_id):
        one = await pass_life.locked(tx, row["pass_id"])
        if one.version != row["version_after"] or one.validity.ends <= tx.now:
            continue
        held = await store.passes_for_update(tx, one.person_ref)
        if any(other.compound == one.compound and other.state == "active" for other in held):
            continue
        await pass_life.put_back(tx, one, was=row["state"], reason=row["reason"])
