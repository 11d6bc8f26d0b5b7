"""The call list: sealed names and phones, calls and their outcomes (R4.5)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.registry.domain.call_list import OnCallListAlready
from shared.db.pool import Conn, Rejections, Tx

LOCK_ENTRY_ID = (
    "select pg_advisory_xact_lock(hashtextextended('fangkong.registry.call_list:' || $1::text, 0))"
)

ENTRY = """
select e.entry_id, e.compound_id, c.neighbourhood_id, e.grid_id, e.name_sealed, e.phone_sealed, e.content_index,
  e.present_code, e.registered_origin_code, e.planned_return, e.state, e.next_call_on, e.last_outcome, e.calls,
  e.intake_id, e.arrived_at, e.created_at, e.version
from call_entry e join compound c using (compound_id) where e.entry_id = $1
"""
ENTRY_LOCKED = """
select e.entry_id, e.compound_id, c.neighbourhood_id, e.grid_id, e.name_sealed, e.phone_sealed, e.content_index,
  e.present_code, e.registered_origin_code, e.planned_return, e.state, e.next_call_on, e.last_outcome, e.calls,
  e.intake_id, e.arrived_at, e.created_at, e.version
from call_entry e join compound c using (compound_id) where e.entry_id = $1 for update of e
"""
ENTRIES = """
select e.entry_id, e.compound_id, e.grid_id, e.name_sealed, e.phone_sealed, e.present_code,
  e.registered_origin_code, e.planned_return, e.state, e.next_call_on, e.last_outcome, e.calls, e.intake_id,
  e.arrived_at, e.created_at, e.version
from call_entry e
where e.compound_id = $1 and ($2::text[] is null or e.grid_id = any($2)) and e.state = $3
  and ($4::date is null or e.next_call_on <= $4) and (e.created_at, e.entry_id) > ($5, $6)
order by e.created_at, e.entry_id limit $7
"""
ADD_ENTRY = """
insert into call_entry (entry_id, compound_id, grid_id, name_sealed, phone_sealed, name_index, phone_index,
  content_index, present_code, registered_origin_code, planned_return, next_call_on, created_by, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
NOTE_CALL = """
update call_entry set next_call_on = $2, last_outcome = $3, planned_return = coalesce($4, planned_return),
  calls = calls + 1, version = version + 1
where entry_id = $1
"""
ADD_ATTEMPT = """
insert into call_attempt (call_id, entry_id, outcome, next_call_on, returns_on, note_sealed, content_index, called_by,
  called_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ATTEMPT = "select entry_id, content_index from call_attempt where call_id = $1"
ATTEMPTS = """
select call_id, outcome, next_call_on, returns_on, note_sealed, called_by, called_at
from call_attempt where entry_id = $1 order by called_at, call_id
"""
LEAVE = """
update call_entry set state = 'arrived', intake_id = $2, arrived_at = $3, next_call_on = null, version = version + 1
where entry_id = $1
"""
GRID_OF = "select exists (select from grid where grid_id = $1 and compound_id = $2)"
FIGURES = """
select count(*) as total, count(*) filter (where state = 'away') as away,
  count(*) filter (where state = 'arrived') as arrived,
  count(*) filter (where state = 'away' and next_call_on <= $2) as due,
  count(*) filter (where state = 'away' and last_outcome is null) as not_called,
  count(*) filter (where state = 'away' and last_outcome = 'postponed') as postponed,
  count(*) filter (where state = 'away' and last_outcome = 'unreachable') as unreachable,
  count(*) filter (where state = 'away' and last_outcome = 'refused') as refused,
  count(*) filter (where state = 'away' and last_outcome = 'will_return_on') as will_return,
  count(*) filter (where state = 'away' and last_outcome = 'wrong_number') as wrong_number,
  count(*) filter (where state = 'away' and last_outcome = 'arrived') as said_to_be_here
from call_entry where $1::text is null or compound_id = $1
"""

REJECTIONS: Rejections = {
    "call_entry_once": OnCallListAlready(
        "此人已在电话名单上。This name and phone are on the call list already.", field="phone"
    ),
}


async def entry(conn: Conn, entry_id: UUID) -> asyncpg.Record | None:
    """An entry."""
    return await conn.fetchrow(ENTRY, entry_id)


async def locked_entry(tx: Tx, entry_id: UUID) -> asyncpg.Record | None:
    """An entry, locked."""
    return await tx.fetchrow(ENTRY_LOCKED, entry_id)


async def lock_id(tx: Tx, entry_id: UUID) -> None:
    """Let only one ask for this id at a time."""
    await tx.execute(LOCK_ENTRY_ID, str(entry_id))


async def entries(
    conn: Conn,
    compound: str,
    *,
    grids: Sequence[str] | None,
    state: str,
    due_on: date | None,
    after: tuple[datetime, UUID],
    limit: int,
) -> list[asyncpg.Record]:
    """A compound's entries in the order of their recording; with `due_on` only those to be called by then."""
    return await conn.fetch(
        ENTRIES, compound, None if grids is None else list(grids), state, due_on, *after, limit
    )


async def add_entry(tx: Tx, *values: object) -> None:
    """Put somebody on the list, in the order of ADD_ENTRY. Once: violates `call_entry_once` otherwise."""
    await tx.execute(ADD_ENTRY, *values)


async def attempt(conn: Conn, call_id: UUID) -> asyncpg.Record | None:
    """A call as it was recorded."""
    return await conn.fetchrow(ATTEMPT, call_id)


async def attempts(conn: Conn, entry_id: UUID) -> list[asyncpg.Record]:
    """All calls of an entry, oldest first."""
    return await conn.fetch(ATTEMPTS, entry_id)


async def note_call(
    tx: Tx,
    call_id: UUID,
    entry_id: UUID,
    outcome: str,
    *,
    next_call_on: date | None,
    returns_on: date | None,
    note_sealed: bytes | None,
    content_index: bytes,
) -> None:
    """Write down a call and what follows from it."""
    await tx.execute(
        ADD_ATTEMPT,
        call_id,
        entry_id,
        outcome,
        next_call_on,
        returns_on,
        note_sealed,
        content_index,
        tx.actor or "",
        tx.now,
    )
    await tx.execute(NOTE_CALL, entry_id, next_call_on, outcome, returns_on)


async def leave(tx: Tx, entry_id: UUID, intake_id: UUID) -> None:
    """Take somebody off the list who arrived."""
    await tx.execute(LEAVE, entry_id, intake_id, tx.now)


async def grid_is_of(conn: Conn, grid: str, compound: str) -> bool:
    """Whether the compound has this grid."""
    return bool(await conn.fetchval(GRID_OF, grid, compound))


async def figures(conn: Conn, compound: str | None, today: date) -> Mapping[str, int]:
    """How many people are on the list and what they said; of the town without a compound."""
    row = await conn.fetchrow(FIGURES, compound, today)
    return dict(row) if row else {}
