"""What was reported at places."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.reports import Problem
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "site_report_once": SameIdOtherContent(
        "该编号已用于另一次反映。This id was used for another report.", field="report_id"
    ),
}

REPORT = "select report_id, content_index, reported_at from site_report where report_id = $1"
REPORT_FOR_UPDATE = """
select r.report_id, r.compound, r.site_id, s.code, r.problem, r.state, r.key_ref, r.order_id, r.reported_at
from site_report r join site s using (site_id) where r.report_id = $1 for update of r
"""
ADD_REPORT = """
insert into site_report (report_id, site_id, compound, problem, key_ref, text_sealed, content_index, reported_at, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'open')
"""
DECIDE = """
update site_report set state = $2, note_sealed = $3, decided_at = $4, decided_by = $5, order_id = $6
where report_id = $1
"""
REPORTS = """
select r.report_id, r.compound, s.code, s.name, r.problem, r.key_ref, r.text_sealed, r.note_sealed, r.reported_at,
       r.state, r.decided_at, r.decided_by, r.order_id
from site_report r join site s using (site_id)
where r.compound = $1 and ($2::text is null or r.state = $2)
  and ($3::timestamptz is null or (r.reported_at, r.report_id) > ($3, $4::uuid))
order by r.reported_at, r.report_id limit $5
"""


async def report(conn: Conn, report_id: UUID) -> asyncpg.Record | None:
    """A report by its id."""
    return await conn.fetchrow(REPORT, report_id)


async def report_for_update(tx: Tx, report_id: UUID) -> asyncpg.Record | None:
    """The same with its place, with everyone else waiting."""
    return await tx.fetchrow(REPORT_FOR_UPDATE, report_id)


async def add_report(
    tx: Tx,
    report_id: UUID,
    *,
    site_id: UUID,
    compound: CompoundId,
    problem: Problem,
    key_ref: UUID,
    text: bytes | None,
    index: bytes,
) -> None:
    """Write a report."""
    await tx.execute(ADD_REPORT, report_id, site_id, compound, problem, key_ref, text, index, tx.now)


async def reports_of(
    conn: Conn, compound: CompoundId, *, state: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[asyncpg.Record]:
    """A compound's reports, the oldest first."""
    reported_at, report_id = after or (None, None)
    return await conn.fetch(REPORTS, compound, state, reported_at, report_id, limit)
