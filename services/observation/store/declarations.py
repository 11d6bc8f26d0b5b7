"""Declarations and decisions, with what a repeat is answered with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.observation.domain.calendar import Slot
from services.observation.domain.declaring import Channel, Standing
from services.observation.domain.repeats import other_content
from shared.db.pool import Conn, Tx
from shared.events.observation import WindowName
from shared.kernel.refusal import Refusal

FIND_DECLARATIONS = """
select declaration_id, case_id, day, window_name, standing, alarming, received_at, content_index
from declaration where declaration_id = any($1::uuid[])
"""
ADD_DECLARATIONS = """
insert into declaration (declaration_id, case_id, day, window_name, standing, channel, alarming, taken_at, received_at,
  recorded_by, answers_sealed, content_index)
select declaration_id, case_id, day, window_name, standing, channel, alarming, taken_at, received_at,
  recorded_by, answers_sealed, content_index
from unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::timestamptz[],
  $9::timestamptz[], $10::text[], $11::bytea[], $12::bytea[])
  as d (declaration_id, case_id, day, window_name, standing, channel, alarming, taken_at, received_at, recorded_by,
    answers_sealed, content_index)
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
class KeptDeclaration:
    """A declaration as it was answered, with the index of what was said."""

    declaration_id: UUID
    case_id: UUID
    day: date
    window: WindowName
    standing: Standing
    alarming: bool
    received_at: datetime
    content_index: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeclaration:
    """A declaration to keep."""

    kept: KeptDeclaration
    channel: Channel
    taken_at: datetime
    recorded_by: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """A decision as it was answered."""

    decision_id: UUID
    case_id: UUID
    kind: str
    decided_at: datetime
    state_after: str
    last_day_after: date


async def find_all(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, KeptDeclaration]:
    """Read which of the ids are declarations already, with what each was answered."""
    return {
        row["declaration_id"]: KeptDeclaration(
            declaration_id=row["declaration_id"],
            case_id=row["case_id"],
            day=row["day"],
            window=row["window_name"],
            standing=Standing(row["standing"]),
            alarming=row["alarming"],
            received_at=row["received_at"],
            content_index=row["content_index"],
        )
        for row in await tx.fetch(FIND_DECLARATIONS, list(ids))
    }


async def add(tx: Tx, declared: Sequence[NewDeclaration]) -> None:
    """Keep declarations."""
    kept = [one.kept for one in declared]
    await tx.execute(
        ADD_DECLARATIONS,
        [one.declaration_id for one in kept],
        [one.case_id for one in kept],
        [one.day for one in kept],
        [one.window for one in kept],
        [one.standing.value for one in kept],
        [one.channel for one in declared],
        [one.alarming for one in kept],
        [one.taken_at for one in declared],
        [one.received_at for one in kept],
        [one.recorded_by for one in declared],
        [one.sealed for one in declared],
        [one.content_index for one in kept],
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
