"""Declarations and decisions, with what a repeat is answered with."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.observation.domain.calendar import Slot
from services.observation.domain.declaring import Declared, Draft
from services.observation.domain.repeats import other_content
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

FIND_DECLARATION = """
select declaration_id, case_id, day, window_name, standing, alarming, received_at, content_index
from declaration where declaration_id = $1
"""
ADD_DECLARATION = """
insert into declaration (declaration_id, case_id, day, window_name, standing, channel, alarming, taken_at, received_at,
  recorded_by, answers_sealed, content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
DECLARED_WINDOWS = """
select day, window_name, count(*) as declarations, bool_or(alarming) as alarming
from declaration where case_id = $1 group by day, window_name
"""
FIND_DECISION = """
select decision_id, case_id, kind, content_index, decided_at, state_after, last_day_after
from decision where decision_id = $1
"""
ADD_DECISION = """
insert into decision (decision_id, case_id, kind, reason_sealed, content_index, decided_at, decided_by, state_after,
  last_day_after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_SAME_ID = other_content()
REJECTIONS: dict[str, Refusal] = {
    "declaration_pkey": _SAME_ID,
    "decision_pkey": _SAME_ID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """A decision as it was answered."""

    decision_id: UUID
    case_id: UUID
    kind: str
    decided_at: datetime
    state_after: str
    last_day_after: date


async def find(tx: Tx, declaration_id: UUID) -> asyncpg.Record | None:
    """Read a declaration's outcome and content index."""
    return await tx.fetchrow(FIND_DECLARATION, declaration_id)


async def add(
    tx: Tx,
    case_id: UUID,
    draft: Draft,
    declared: Declared,
    *,
    recorded_by: str,
    sealed: bytes,
    content_index: bytes,
) -> None:
    """Keep a declaration."""
    await tx.execute(
        ADD_DECLARATION,
        draft.declaration_id,
        case_id,
        declared.span.day,
        declared.span.window,
        declared.standing.value,
        draft.channel,
        declared.alarming,
        declared.taken_at,
        declared.received_at,
        recorded_by,
        sealed,
        content_index,
    )


async def by_window(conn: Conn, case_id: UUID) -> dict[Slot, tuple[int, bool]]:
    """Tell per window how many declarations there are, and whether one of them is alarming."""
    return {
        (row["day"], row["window_name"]): (row["declarations"], row["alarming"])
        for row in await conn.fetch(DECLARED_WINDOWS, case_id)
    }


async def find_decision(tx: Tx, decision_id: UUID) -> tuple[KeptDecision, bytes] | None:
    """Read a decision's answer and content index."""
    row = await tx.fetchrow(FIND_DECISION, decision_id)
    if row is None:
        return None
    kept = KeptDecision(
        decision_id=row["decision_id"],
        case_id=row["case_id"],
        kind=row["kind"],
        decided_at=row["decided_at"],
        state_after=row["state_after"],
        last_day_after=row["last_day_after"],
    )
    return kept, row["content_index"]


async def add_decision(
    tx: Tx, kept: KeptDecision, *, decided_by: str, sealed: bytes | None, content_index: bytes
) -> None:
    """Keep a decision."""
    await tx.execute(
        ADD_DECISION,
        kept.decision_id,
        kept.case_id,
        kept.kind,
        sealed,
        content_index,
        kept.decided_at,
        decided_by,
        kept.state_after,
        kept.last_day_after,
    )
