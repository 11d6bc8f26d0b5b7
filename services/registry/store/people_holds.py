"""What was settled by command of what stood against people (G2)."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.registry.domain.passes import HoldKind
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "hold_settlement_pkey": SameIdOtherContent(
        "该编号已用于另一次核销。This id was used for another settlement.", field="settlement_id"
    )
}

ONE = "select content_index from hold_settlement where settlement_id = $1"
ADD = """
insert into hold_settlement (settlement_id, person_ref, kind, reason, note_sealed, content_index, settled_by,
  settled_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
OF_PEOPLE = """
select settlement_id, person_ref, kind, reason, note_sealed, settled_by, settled_at from hold_settlement
where person_ref = any($1::uuid[]) order by settled_at, settlement_id
"""


async def content_of(conn: Conn, settlement_id: UUID) -> bytes | None:
    """What was asked under this id, as its lookup value."""
    found: bytes | None = await conn.fetchval(ONE, settlement_id)
    return found


async def add(
    tx: Tx,
    settlement_id: UUID,
    person_ref: UUID,
    kind: HoldKind,
    *,
    reason: str,
    note: bytes | None,
    content: bytes,
) -> None:
    """Keep who settled it, when and why; the note is sealed."""
    await tx.execute(ADD, settlement_id, person_ref, kind, reason, note, content, tx.actor or "", tx.now)


async def of_people(conn: Conn, refs: Sequence[UUID]) -> list[asyncpg.Record]:
    """Settlements of these pseudonyms, the oldest first."""
    return await conn.fetch(OF_PEOPLE, list(refs))
