"""Follows observations: a household under home quarantine has its waste fetched separately, every day of it (R5.2, S4).

The events of one observation come in order on one channel; each moves the case, and begins or ends a stretch.
"""

from dataclasses import replace
from datetime import datetime

from services.sanitation.domain.quarantine import Case, last_day
from services.sanitation.store import pickups as pickups_store
from services.sanitation.store import quarantine as store
from shared.db.pool import Tx
from shared.events.observation import (
    ObservationAwaitsClosure,
    ObservationClosed,
    ObservationCompleted,
    ObservationInterrupted,
    ObservationMeasureChanged,
    ObservationRescheduled,
    ObservationRestarted,
    ObservationResumed,
    ObservationStarted,
)
from shared.events.sanitation import WastePickupWithdrawn


async def follow_start(event: ObservationStarted, *, tx: Tx) -> None:
    """An observation began."""
    if await store.case_for_update(tx, event.case_id) is not None:
        return
    case = Case(
        case_id=event.case_id,
        person_ref=event.person_ref,
        compound=event.compound,
        dwelling_id=event.dwelling_id,
        measure=event.measure,
        paused=False,
        over=False,
        until_day=event.last_day,
    )
    await store.put_case(tx, case)
    if case.at_home:
        await store.begin_spell(tx, case.case_id, event.started_at)


async def follow_measure(event: ObservationMeasureChanged, *, tx: Tx) -> None:
    """The person is observed in another way from now on."""
    case = await store.case_for_update(tx, event.case_id)
    if case is not None:
        await _move(tx, case, replace(case, measure=event.measure), event.changed_at)


async def follow_interruption(event: ObservationInterrupted, *, tx: Tx) -> None:
    """The person is in medical hands."""
    case = await store.case_for_update(tx, event.case_id)
    if case is not None:
        await _move(tx, case, replace(case, paused=True), event.interrupted_at)


async def follow_resumption(event: ObservationResumed | ObservationRestarted, *, tx: Tx) -> None:
    """It goes on, or begins again."""
    case = await store.case_for_update(tx, event.case_id)
    if case is not None and not case.over:
        at = event.resumed_at if isinstance(event, ObservationResumed) else event.restarted_at
        after = replace(case, measure=event.measure, paused=False, until_day=event.last_day)
        await _move(tx, case, after, at)


async def follow_dates(event: ObservationRescheduled | ObservationAwaitsClosure, *, tx: Tx) -> None:
    """Its last day is another one, or is over and an officer decides: until then it goes on."""
    case = await store.case_for_update(tx, event.case_id)
    if case is not None:
        until_day = event.last_day if isinstance(event, ObservationRescheduled) else None
        await store.put_case(tx, replace(case, until_day=until_day))


async def follow_end(event: ObservationCompleted | ObservationClosed, *, tx: Tx) -> None:
    """It is over: nothing is fetched after its last day."""
    case = await store.case_for_update(tx, event.case_id)
    if case is not None:
        at = event.completed_at if isinstance(event, ObservationCompleted) else event.closed_at
        await _move(tx, case, replace(case, over=True), at)


async def _move(tx: Tx, before: Case, after: Case, at: datetime) -> None:
    await store.put_case(tx, after)
    if after.at_home and not before.at_home:
        await store.begin_spell(tx, after.case_id, at)
    elif before.at_home and not after.at_home:
        ended = await store.end_spell(tx, after.case_id, at)
        if ended is not None:
            await _withdraw_after(tx, after, ended)


async def _withdraw_after(tx: Tx, case: Case, ended: datetime) -> None:
    """What was planned before the news came, and nobody has begun, is not wanted any more."""
    for row in await pickups_store.withdraw_after(tx, case.dwelling_id, last_day(ended)):
        event = WastePickupWithdrawn(
            pickup_id=row["pickup_id"],
            compound=row["compound"],
            dwelling_id=case.dwelling_id,
            day=row["day"],
        )
        await tx.publish(event, version=row["version"])
