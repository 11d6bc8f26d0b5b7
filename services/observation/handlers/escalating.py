"""The ladder: what follows on missed windows, derived from state, each step once and in order (O4)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.observation.domain.calendar import Calendar
from services.observation.domain.case import Case
from services.observation.domain.ladder import Missed, Step, StepDue, steps_to_fire
from services.observation.handlers import messages
from services.observation.handlers.messages import Fired
from services.observation.handlers.webhook import Outlets
from services.observation.store import cases, copies, escalations
from shared.db.pool import Tx
from shared.events.observation import FollowUpEscalated
from shared.kernel.days import local_day
from shared.kernel.sealed import Vault


async def fire_due(tx: Tx, *, limit: int, vault: Vault, outlets: Outlets) -> int:
    """Fire what is due for some cases; tells for how many windows. Of a service that was down nothing is lost.

    Each step writes its message in the same transaction. Windows are taken in the order in which they closed. Where
    policy names no ladder, the windows stay as they are.
    """
    case_ids = await escalations.cases_due(tx, tx.now, limit)
    calendar = await copies.calendar(tx)
    if not case_ids or calendar is None:
        return 0
    locked = {case.case_id: case for case in await cases.lock_many(tx, case_ids)}
    windows = await escalations.missed_due(tx, case_ids, tx.now)  # read again under the locks
    fired: list[tuple[UUID, Missed, Step, datetime]] = []
    told: list[Fired] = []
    looked = []
    for case_id, missed in windows:
        case = locked[case_id]
        due, next_at = _of_window(case, missed, calendar, tx=tx)
        looked.append((case_id, missed, next_at))
        for step in due:
            case = replace(case, version=case.version + 1)
            fired.append((case_id, missed, step.step, step.due_at))
            told.append(Fired(case=case, missed=missed, step=step.step))
            await tx.publish(_told(case, missed, step, tx=tx), version=case.version)
        locked[case_id] = case
    await escalations.look_next(tx, looked)
    await escalations.keep_fired(tx, fired)
    await messages.write(told, calendar, tx=tx, vault=vault, outlets=outlets)
    await cases.save_versions(tx, list(locked.values()))
    return len(windows)


def _of_window(
    case: Case, missed: Missed, calendar: Calendar, *, tx: Tx
) -> tuple[tuple[StepDue, ...], datetime | None]:
    document = calendar.on(local_day(missed.closed_at)).document
    if document.follow_up is None:
        return (), None
    return steps_to_fire(case, missed, document.follow_up, document.observation, now=tx.now)


def _told(case: Case, missed: Missed, step: StepDue, *, tx: Tx) -> FollowUpEscalated:
    day, window = missed.slot
    return FollowUpEscalated(
        case_id=case.case_id,
        person_ref=case.person_ref,
        compound=case.compound,
        grid=case.grid,
        day=day,
        window=window,
        step=step.step,
        fired_at=tx.now,
    )
