"""What the registry says of people who came back: a case opens once, and follows a corrected intake (R2.7, O1, O3)."""

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case
from services.observation.domain.deciding import exposed_again
from services.observation.domain.intake_correction import (
    as_long_as_corrected,
    day_zero_corrected,
    measure_corrected,
)
from services.observation.domain.opening import decide_opening
from services.observation.domain.settling import decide_settling
from services.observation.handlers import risks
from services.observation.handlers.observing import keep_change, open_case
from services.observation.store import cases, changes, copies
from services.observation.store import risks as risk_lists
from shared.db.pool import Tx
from shared.events.registry.returnees import ReturneeRegistered
from shared.kernel.ids import uuid7


async def open_for_returnee(returnee: ReturneeRegistered, *, tx: Tx) -> Case | None:
    """Start a returnee's observation once; keep the returnee waiting while no policy is known (R2.7, O1, O10)."""
    calendar = await copies.calendar(tx)
    if calendar is None or calendar.effective_from > tx.today:
        await copies.wait_for_policy(tx, returnee)
        return None
    case = decide_opening(
        returnee,
        in_force=await cases.in_force(tx, returnee.person_ref, returnee.intake_id),
        case_id=uuid7(),
        calendar=calendar,
        now=tx.now,
    )
    if case is not None:
        opened = await open_case(case, calendar, intake_id=returnee.intake_id, tx=tx)
        await risks.hold_late(opened, returnee, calendar.on(tx.today).document.observation, tx=tx)
        return opened
    if returnee.corrects is None:
        await _seen_again(returnee, calendar, tx=tx)
    else:
        await _follow_correction(returnee, calendar, tx=tx)
    return None


async def open_waiting(tx: Tx, *, limit: int) -> int:
    """Start observations that waited for a policy; tells how many were looked at."""
    calendar = await copies.calendar(tx)
    if calendar is None or calendar.effective_from > tx.today:
        return 0
    waiting = await copies.take_waiting(tx, limit)
    for returnee in waiting:
        await open_for_returnee(returnee, tx=tx)
    return len(waiting)


async def _seen_again(returnee: ReturneeRegistered, calendar: Calendar, *, tx: Tx) -> None:
    """Act once on another intake of somebody under observation: a later exposure extends, nothing shortens (O10)."""
    case = await cases.lock_in_force(tx, returnee.person_ref)
    if case is None:  # this very intake opened a case, which is over
        return
    settled, facts = decide_settling(case, calendar, until=tx.now)
    after = settled
    if not settled.is_over and returnee.anchor_date <= tx.today:
        after = exposed_again(settled, returnee.anchor_date, tx.now)
    outcome = "duplicate" if after is settled else "re_exposure"
    if not await changes.note_intake(tx, returnee.intake_id, case.case_id, outcome):
        return
    await keep_change(tx, (case, settled, facts), after, calendar)


async def _follow_correction(returnee: ReturneeRegistered, calendar: Calendar, *, tx: Tx) -> None:
    """Let a case stand on the corrected intake, where it still stood on the intake as it was (O3)."""
    case = await cases.lock_in_force(tx, returnee.person_ref)
    if case is None or case.person_ref != returnee.person_ref:
        ended = await cases.lock_merged_of_intake(tx, returnee.intake_id)
        if ended is not None and case is not None:
            await _follow_merged(case, ended, returnee, calendar, tx=tx)
        if ended is not None or case is None:
            return
    settled, facts = decide_settling(case, calendar, until=tx.now)
    moved = settled if settled.is_over else day_zero_corrected(settled, returnee, tx.now)
    kept = await keep_change(tx, (case, settled, facts), moved, calendar)
    judged = await _follow_measure(kept, returnee, calendar, tx=tx)
    if not judged.is_over and await risk_lists.follow_origin(tx, judged.case_id, returnee.origin_code):
        await risks.hold_late(judged, returnee, calendar.on(tx.today).document.observation, tx=tx)


async def _follow_merged(
    case: Case, ended: Case, returnee: ReturneeRegistered, calendar: Calendar, *, tx: Tx
) -> None:
    """The intake's case was merged into another one of the same person: that one follows (P10)."""
    settled, facts = decide_settling(case, calendar, until=tx.now)
    longer = settled if settled.is_over else as_long_as_corrected(settled, ended, returnee, tx.now)
    kept = await keep_change(tx, (case, settled, facts), longer, calendar)
    await _follow_measure(kept, returnee, calendar, tx=tx)


async def _follow_measure(case: Case, returnee: ReturneeRegistered, calendar: Calendar, *, tx: Tx) -> Case:
    if case.is_over:
        return case
    after = measure_corrected(case, returnee)
    if after is not case:
        await keep_change(tx, (case, case, ()), after, calendar)
        await changes.save_measure(tx, case, after)
    return after
