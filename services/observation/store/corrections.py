"""Which declaration corrects which, and the declarations of a case one by one."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.observation.domain.correcting import CorrectedAlready
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

TO_CORRECT = """
select d.channel, d.taken_at, c.declaration_id as corrected_by
from declaration d left join declaration_correction c on c.corrects = d.declaration_id
where d.declaration_id = $1 and d.case_id = $2
"""
CORRECTION = "select corrects, content_index from declaration_correction where declaration_id = $1"
ADD_CORRECTION = """
insert into declaration_correction (declaration_id, corrects, reason_sealed, content_index) values ($1, $2, $3, $4)
"""
ENTRIES = """
select d.case_id, d.declaration_id, d.day, d.window_name, d.standing, d.channel, d.alarming, d.taken_at, d.received_at,
  d.recorded_by, d.answers_sealed, mine.corrects, mine.reason_sealed, newer.declaration_id as corrected_by
from declaration d
left join declaration_correction mine on mine.declaration_id = d.declaration_id
left join declaration_correction newer on newer.corrects = d.declaration_id
where d.case_id = any($1::uuid[])
order by d.case_id, d.received_at, mine.corrects is not null, d.declaration_id
"""

REJECTIONS: dict[str, Refusal] = {
    "declaration_corrected_once": CorrectedAlready(
        "该记录已被更正，请更正最新的一条。This entry was corrected already; correct the newest one.",
        field="declaration_id",
    ),
}


async def to_correct(tx: Tx, declaration_id: UUID, case_id: UUID) -> asyncpg.Record | None:
    """Read what a correction needs to know of the entry before; None when the case has no such entry."""
    return await tx.fetchrow(TO_CORRECT, declaration_id, case_id)


async def find(tx: Tx, declaration_id: UUID) -> asyncpg.Record | None:
    """Read what an entry corrects, if it corrects one."""
    return await tx.fetchrow(CORRECTION, declaration_id)


async def add(
    tx: Tx, declaration_id: UUID, *, corrects: UUID, reason_sealed: bytes, content_index: bytes
) -> None:
    """Keep that an entry corrects another."""
    await tx.execute(ADD_CORRECTION, declaration_id, corrects, reason_sealed, content_index)


async def entries(conn: Conn, case_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Read every entry of the cases, sealed, in the order in which they were received."""
    return await conn.fetch(ENTRIES, list(case_ids))
