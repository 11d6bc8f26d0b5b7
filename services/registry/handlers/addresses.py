"""Addresses over time: off the list with a reason, and back; open survey rounds follow (R4.1, R4.3)."""

from collections.abc import Sequence
from uuid import UUID

from services.registry.domain.addresses import (
    DwellingRemoved,
    RemovalReason,
    RemovalUnknown,
    decide_removal,
)
from services.registry.domain.errors import DwellingUnknown
from services.registry.handlers import premises_events
from services.registry.store import addresses as store
from services.registry.store import history, surveys
from shared.db.pool import Tx
from shared.events.registry.surveys import HouseholdSurveyed
from shared.kernel.refusal import SameIdOtherContent


async def remove(
    compound_id: str, dwelling_id: UUID, removal_id: UUID, reason: RemovalReason, *, tx: Tx
) -> bool:
    """Take an address off the list; False when this very removal was done before.

    Surveys, lists and counts do without it from now on; what was lived and answered there is kept.

    Raises:
        DwellingUnknown, DwellingRemoved, DwellingInUse: as their names say.
        SameIdOtherContent: the id was used for another removal.
    """
    row = await store.lock(tx, dwelling_id)
    if row is None or row["compound_id"] != compound_id:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    if (known := await tx.fetchrow(store.REMOVAL, removal_id)) is not None:
        if (known["dwelling_id"], known["reason"]) != (dwelling_id, reason.value):
            raise SameIdOtherContent(
                "该编号已用于另一次注销。This id was used for another removal.", field="removal_id"
            )
        return False
    if row["removed_at"] is not None:
        standing = await tx.fetchrow(store.STANDING_REMOVAL, dwelling_id)
        raise DwellingRemoved(
            "该地址已注销。The address is off the list already.", reason=standing and standing["reason"]
        )
    decide_removal(await store.in_use(tx, dwelling_id))
    await history.keep_dwellings(tx, [dwelling_id])
    await store.remove(tx, dwelling_id, removal_id, reason.value)
    await _follow(tx, dwelling_id, row["grid_id"], listed=False)
    return True


async def restore(compound_id: str, dwelling_id: UUID, *, tx: Tx) -> None:
    """Take a removal back: the address is on the list as it was, and open rounds ask it.

    Raises:
        DwellingUnknown, RemovalUnknown: as their names say.
        AddressTaken: the list has got the same address meanwhile, by its constraint.
    """
    row = await store.lock(tx, dwelling_id)
    if row is None or row["compound_id"] != compound_id:
        raise DwellingUnknown("没有这套房屋。There is no such dwelling.", field="dwelling_id")
    if row["removed_at"] is None:
        raise RemovalUnknown("该地址没有注销。The address is on the list.", field="dwelling_id")
    await history.keep_dwellings(tx, [dwelling_id])
    await store.restore(tx, dwelling_id)
    await surveys.add_to_open_rounds(tx, [dwelling_id], tx.now)
    await _follow(tx, dwelling_id, row["grid_id"], listed=True)


async def tell_surveyed(tx: Tx, dwellings: Sequence[UUID]) -> None:
    """Tell open rounds' results at dwellings again, as they stand: with the grid that answers for them now."""
    for row in await tx.fetch(store.SURVEYED, sorted(dwellings)):
        await tx.publish(
            HouseholdSurveyed(
                round_id=row["round_id"],
                dwelling_id=row["dwelling_id"],
                compound=row["compound_id"],
                grid=row["grid_id"],
                outcome=row["outcome"],
                final=row["final"],
                attempts=row["attempts"],
                people=row["people"],
                conflict=row["conflict"],
                surveyed_at=row["surveyed_at"],
                listed=row["listed"],
            ),
            version=row["version"],
        )


async def follow_grid(tx: Tx, dwellings: Sequence[UUID]) -> None:
    """Let open rounds say by which grid's workers a dwelling is asked now, and intakes who looks after them."""
    moved = sorted(dwellings)
    await tx.execute(store.BUMP_TARGETS, moved)
    await tx.execute(store.FOLLOW_INTAKES, moved)
    await tx.execute(store.FOLLOW_TASKS, moved)
    await tell_surveyed(tx, dwellings)


async def _follow(tx: Tx, dwelling_id: UUID, grid: str, *, listed: bool) -> None:
    await tx.execute(store.UNLIST_TARGETS, [dwelling_id], listed)
    await tell_surveyed(tx, [dwelling_id])
    await premises_events.tell_addresses(tx, [grid])
