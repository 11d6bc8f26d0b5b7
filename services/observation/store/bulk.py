"""Bulk actions and what became of each of their items."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Tx

FIND_BULK = """
select bulk_id, act, content_index, asked_at, asked_by, cancelled_at, waits from bulk_action where bulk_id = $1
"""
LOCK_BULK = "select pg_advisory_xact_lock(hashtextextended('observation.bulk:' || $1::uuid::text, 0))"
ADD_BULK = """
insert into bulk_action (bulk_id, act, order_sealed, content_index, asked_at, asked_by, correlation_id, waits)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
RELEASE = "update bulk_action set waits = false where bulk_id = $1"
PLACES = """
select c.case_id, c.compound, c.grid, p.neighbourhood
from observation_case c left join compound_place p using (compound) where c.case_id = any($1::uuid[])
"""
ADD_ITEMS = """
insert into bulk_item (bulk_id, case_id, nth, status, code, settled_at)
select $1, case_id, nth, case when code is null then 'waiting' else 'skipped' end, code,
  case when code is null then null else $2::timestamptz end
from unnest($3::uuid[], $4::text[]) with ordinality as item (case_id, code, nth)
"""
WAITING = """
select b.bulk_id, b.act, b.order_sealed, b.asked_by, b.correlation_id, i.case_id
from bulk_action b join bulk_item i using (bulk_id)
where i.status = 'waiting' and b.cancelled_at is null and not b.waits
order by b.asked_at, b.bulk_id, i.nth limit $1
"""
TAKE_ITEM = """
update bulk_item i set status = 'done', settled_at = $3
from bulk_action b
where b.bulk_id = i.bulk_id and b.cancelled_at is null and not b.waits
  and i.bulk_id = $1 and i.case_id = $2 and i.status = 'waiting'
returning i.case_id
"""
SKIP_ITEM = """
update bulk_item set status = 'skipped', settled_at = $3, code = $4
where bulk_id = $1 and case_id = $2 and status = 'waiting'
"""
CANCEL = """
update bulk_action set cancelled_at = coalesce(cancelled_at, $2), cancelled_by = coalesce(cancelled_by, $3)
where bulk_id = $1
"""
ITEMS = "select case_id, status, code, settled_at from bulk_item where bulk_id = $1 order by nth"


async def find(conn: Conn, bulk_id: UUID) -> asyncpg.Record | None:
    """Read a bulk action."""
    return await conn.fetchrow(FIND_BULK, bulk_id)


async def lock(tx: Tx, bulk_id: UUID) -> asyncpg.Record | None:
    """Read a bulk action; nobody else begins the same one meanwhile."""
    await tx.execute(LOCK_BULK, bulk_id)
    return await tx.fetchrow(FIND_BULK, bulk_id)


async def add(
    tx: Tx, bulk_id: UUID, act: str, *, order_sealed: bytes, content_index: bytes, asked_by: str, waits: bool
) -> None:
    """Keep what is to be done, now or once a second person lets it."""
    asked = bulk_id, act, order_sealed, content_index, tx.now, asked_by, tx.cause.correlation
    await tx.execute(ADD_BULK, *asked, waits)


async def release(tx: Tx, bulk_id: UUID) -> None:
    """Let what waited for a second person begin."""
    await tx.execute(RELEASE, bulk_id)


async def places(conn: Conn, case_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Tell where cases lie; those that do not exist have no entry."""
    return {row["case_id"]: row for row in await conn.fetch(PLACES, list(case_ids))}


async def add_items(tx: Tx, bulk_id: UUID, items: Sequence[tuple[UUID, str | None]]) -> None:
    """Keep the items in their order; one with a code is skipped from the start."""
    await tx.execute(
        ADD_ITEMS, bulk_id, tx.now, [case_id for case_id, _ in items], [code for _, code in items]
    )


async def waiting(conn: Conn, limit: int) -> list[asyncpg.Record]:
    """Tell the next items, oldest action first, with what is to be done."""
    return await conn.fetch(WAITING, limit)


async def take(tx: Tx, bulk_id: UUID, case_id: UUID) -> bool:
    """Mark an item as done in the transaction that does it; False when it is done, or the action was cancelled."""
    return await tx.fetchval(TAKE_ITEM, bulk_id, case_id, tx.now) is not None


async def skip(tx: Tx, bulk_id: UUID, case_id: UUID, code: str) -> None:
    """Mark an item as skipped, with the reason."""
    await tx.execute(SKIP_ITEM, bulk_id, case_id, tx.now, code)


async def cancel(tx: Tx, bulk_id: UUID, *, by: str) -> None:
    """Do no more of it; a second time changes nothing."""
    await tx.execute(CANCEL, bulk_id, tx.now, by)


async def items(conn: Conn, bulk_id: UUID) -> list[asyncpg.Record]:
    """Tell every item, in order."""
    return await conn.fetch(ITEMS, bulk_id)
