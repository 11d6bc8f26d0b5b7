"""What moved a case's ends or its measure, and intakes of people who were under observation already."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.observation.domain.calendar import Slot
from services.observation.domain.case import Case, Rescheduling
from shared.db.pool import Conn, Tx

ADD_RESCHEDULING = """
insert into rescheduling (case_id, number, kind, at, day_zero, basis, extra_days, decision_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
ADD_MEASURE = """
insert into measure_change (case_id, case_version, at, from_measure, from_category, to_measure, to_category, approver,
  technical_means, place_sealed, decision_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
MEASURES = """
select at, from_measure, from_category, to_measure, to_category, approver, technical_means, decision_id
from measure_change where case_id = $1 order by case_version
"""
MARK_VOID = """
update missed_window m set void = (m.day, m.window_name) in (
  select day, window_name from unnest($2::date[], $3::text[]) as void (day, window_name))
where m.case_id = $1
"""
NOTE_INTAKE = """
insert into intake_seen (intake_id, case_id, outcome, seen_at) values ($1, $2, $3, $4)
on conflict (intake_id) do nothing returning intake_id
"""


async def save_rescheduling(
    tx: Tx, case_id: UUID, change: Rescheduling, decision_id: UUID | None = None
) -> None:
    """Keep what moved day 0 or the last day."""
    await tx.execute(
        ADD_RESCHEDULING,
        case_id,
        change.number,
        change.kind,
        change.at,
        change.day_zero,
        change.basis,
        change.extra_days,
        decision_id,
    )


async def save_measure(
    tx: Tx,
    before: Case,
    after: Case,
    *,
    decision_id: UUID | None = None,
    approver: str | None = None,
    technical_means: str | None = None,
    place_sealed: bytes | None = None,
) -> None:
    """Keep that a person is observed in another way, with what was before."""
    await tx.execute(
        ADD_MEASURE,
        after.case_id,
        after.version,
        tx.now,
        before.measure,
        before.category,
        after.measure,
        after.category,
        approver,
        technical_means,
        place_sealed,
        decision_id,
    )


async def mark_void(tx: Tx, case_id: UUID, void: Sequence[Slot]) -> None:
    """Keep which windows that were told as missed a corrected day 0 leaves outside the period; no others are."""
    await tx.execute(MARK_VOID, case_id, [day for day, _ in void], [window for _, window in void])


async def measures(conn: Conn, case_id: UUID) -> list[asyncpg.Record]:
    """Tell how a person's measure changed, in order."""
    return await conn.fetch(MEASURES, case_id)


async def note_intake(tx: Tx, intake_id: UUID, case_id: UUID, outcome: str) -> bool:
    """Keep that an intake was of somebody under observation; False if that was known."""
    return await tx.fetchval(NOTE_INTAKE, intake_id, case_id, outcome, tx.now) is not None
