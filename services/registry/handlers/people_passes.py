"""Passes that follow from what happens to people: stopped where they live no longer, put back by an undo (P4, P10)."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

from services.registry import metrics
from services.registry.handlers import pass_life, vehicles
from services.registry.store import passes as store
from services.registry.store import people_acts as acts
from services.registry.store import vehicles as vehicle_store
from shared.db.pool import Tx

StopReason = Literal["moved_away", "deceased"]


async def stop(
    tx: Tx, change_id: UUID, person: Sequence[UUID], compounds: Collection[str] | None, reason: StopReason
) -> None:
    """Revoke a person's passes of these compounds (None: of every one), and keep how they were for an undo.

    Those of their vehicles too. `person`: every pseudonym of the person.
    """
    for one in await store.passes_for_update(tx, person[0]):
        if compounds is None or one.compound in compounds:
            await pass_life.stop(tx, one, reason)
            metrics.PASSES_STOPPED.labels(reason).inc()
            kept = one.state, one.reason, one.version + 1
            await tx.execute(acts.ADD_PASS_BEFORE, change_id, one.pass_id, *kept)
    for vehicle_ref in await vehicle_store.lock_of_owners(tx, person):
        for given in await vehicle_store.active_of(tx, vehicle_ref):
            if compounds is None or given.compound in compounds:
                await vehicles.stop(tx, given, reason)
                after = given.version + 1
                await tx.execute(acts.ADD_VEHICLE_PASS_BEFORE, change_id, given.vehicle_pass_id, after)


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
    for row in await tx.fetch(acts.VEHICLE_PASSES_BEFORE, change_id):
        given, _ = await vehicles.locked_pass(tx, row["vehicle_pass_id"])
        if given.version != row["version_after"] or given.validity.ends <= tx.now:
            continue
        admitting = await vehicle_store.active_of(tx, given.vehicle_ref)
        if all(other.compound != given.compound for other in admitting):
            await vehicles.admit_again(tx, given)
