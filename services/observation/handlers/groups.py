"""Joining and leaving a compound's observation group, as a worker confirms it (R2.5)."""

from uuid import UUID

from services.observation.domain.groups import GroupChange, check_change
from services.observation.handlers import observing
from services.observation.store import groups
from shared.db.pool import Tx


async def confirm(change_id: UUID, change: GroupChange, *, case_id: UUID, by: str, tx: Tx) -> bool:
    """Keep that somebody joined or left, once per id; tells whether it is new.

    Raises:
        CaseUnknown, NothingToConfirm, SameIdOtherContent.
    """
    case = await observing.locked(tx, case_id)
    kept = await groups.find_change(tx, change_id)
    if kept is not None:
        if (kept["case_id"], kept["change"]) != (case_id, change):
            raise groups.REJECTIONS["group_change_pkey"]
        return False
    check_change(change, in_force=case.ended_at is None, is_in=await groups.is_in(tx, case_id))
    await groups.add_change(tx, change_id, case_id, change, by=by)
    return True
