"""Opening a checkpoint by hand (R2.1, P1)."""

from services.registry.domain.checkpoints import CheckpointIsClosed
from services.registry.domain.errors import CompoundUnknown
from services.registry.domain.people_life import decide_day
from services.registry.domain.premises import Checkpoint, decide_opening
from services.registry.handlers import policy
from services.registry.handlers.checkpoints import counted
from services.registry.handlers.premises_events import open_checkpoints
from services.registry.store import premises as store
from shared.db.pool import Tx
from shared.kernel.refusal import SameIdOtherContent


async def open_checkpoint(place: Checkpoint, *, tx: Tx) -> bool:
    """Open a checkpoint within the limit in force; False when it is open already as stated.

    Raises:
        CompoundUnknown: there is no such compound.
        CheckpointIsClosed: it was closed; it is opened again, not anew.
        SameIdOtherContent: the number belongs to a checkpoint that is described otherwise.
        CheckpointLimitReached: the compound has as many as the rules allow; the rule is named.
        PolicyUnknown: no rules are in force.
        DayInFuture: it is opened on that day, not told of before: gates work at once.
    """
    rules = await policy.in_force(tx, tx.today)
    areas = await store.lock_compounds(tx, [place.compound_id])
    if place.compound_id not in areas:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound_id")
    before, is_open = (await store.checkpoints(tx)).get(place.checkpoint_id, (None, False))
    if before == place and is_open:
        return False
    if before == place:
        raise CheckpointIsClosed(
            "该卡口已关闭。This checkpoint is closed.",
            field="checkpoint_id",
            remedy="请办理重新开放。Open it again: POST …/reopening.",
        )
    if before is not None:
        raise SameIdOtherContent(
            "该卡口编号已用于其他内容。This checkpoint is described otherwise.", field="checkpoint_id"
        )
    decide_day(place.opened_on, tx.today, field="opened_on")
    here = await counted(place.compound_id, tx=tx)
    decide_opening(areas[place.compound_id], here, rules.document.checkpoints)
    await open_checkpoints(tx, [place], rules)
    return True
