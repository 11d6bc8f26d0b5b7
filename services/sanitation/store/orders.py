"""Orders to put something right, and what was done with each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.orders import Act, Order, Source
from shared.db.pool import Conn, Rejections, Tx
from shared.events.policy_inspections import Inspected
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "rectification_order_once": SameIdOtherContent(
        "该编号已用于另一整改单。This id was used for another order.", field="order_id"
    ),
    "order_act_once": SameIdOtherContent(
        "该编号已用于其他操作。This id was used for something else.", field="act_id"
    ),
}

ORDER = """
select order_id, compound, source, inspection_id, inspected, subject, item, title, basis, key_ref, note_sealed,
       photo_id, content_index, ordered_at, found_by, due_at, state, level, mended_at, mended_by, settled_at,
       settled_by, version,
       array(select distinct by from order_act a where a.order_id = o.order_id and a.kind = 'mended') as menders
from rectification_order o where order_id = $1
"""
ORDER_FOR_UPDATE = f"{ORDER} for update"
OPEN_ALREADY = """
select order_id from rectification_order
where inspected = $1 and subject = $2 and item = $3 and state in ('ordered', 'mended') and source <> 'manual'
"""
ADD_ORDER = """
insert into rectification_order
  (order_id, compound, source, inspection_id, inspected, subject, item, title, basis, key_ref, note_sealed, photo_id,
   content_index, ordered_at, found_by, due_at, state, level, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'ordered', 0, 1)
"""
ADD_ACT = """
insert into order_act (act_id, order_id, kind, at, by, role, note_sealed, photo_id, due_at, content_index)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
ACT = "select order_id, content_index from order_act where act_id = $1"
ACTS = """
select act_id, kind, at, by, role, note_sealed, photo_id, due_at from order_act where order_id = $1 order by nth
"""
SAVE = """
update rectification_order
set state = $2, due_at = $3, level = $4, mended_at = $5, mended_by = $6, settled_at = $7, settled_by = $8,
    version = version + 1
where order_id = $1 returning version
"""
OVERDUE = """
select order_id, compound, source, inspection_id, inspected, subject, item, title, basis, key_ref, note_sealed,
       photo_id, content_index, ordered_at, found_by, due_at, state, level, mended_at, mended_by, settled_at,
       settled_by, version, array[]::text[] as menders
from rectification_order
where state = 'ordered' and due_at <= $2 and level < cardinality($1::int[])
  and due_at + make_interval(hours => ($1::int[])[level + 1]) <= $2
order by due_at, order_id limit $3 for update skip locked
"""
ORDERS = """
select order_id, compound, source, inspection_id, inspected, subject, item, title, basis, ordered_at, found_by, due_at,
       state, level, mended_at, mended_by, settled_at, settled_by
from rectification_order
where compound = any($1::text[])
  and ($2::text is null or state = $2)
  and ($3::boolean is null or $3 = (state in ('ordered', 'mended')))
  and ($4::boolean is null or $4 = (state = 'ordered' and due_at <= $5))
  and ($6::text is null or inspected = $6)
  and ($7::timestamptz is null or (due_at, order_id) > ($7, $8::uuid))
order by due_at, order_id limit $9
"""
EXPORT = """
select c.name, o.compound, o.source, o.inspected, o.subject, o.title, o.basis, o.key_ref, o.note_sealed, o.ordered_at,
       o.found_by, o.due_at, o.state, o.level, o.mended_at, o.mended_by, o.settled_at, o.settled_by,
       (select count(*) from order_act a where a.order_id = o.order_id and a.kind = 'replied')::int as replies,
       exists (select from order_act a where a.order_id = o.order_id and a.photo_id is not null) as shown
from rectification_order o join compound c using (compound)
where o.compound = any($1::text[]) and (not $2 or o.state in ('ordered', 'mended'))
order by o.compound, o.ordered_at, o.order_id
"""
FIGURES = """
select compound, (count(*) filter (where state in ('ordered', 'mended')))::int as open,
       (count(*) filter (where state = 'ordered' and due_at <= $2))::int as overdue,
       (count(*) filter (where state = 'mended'))::int as mended,
       (count(*) filter (where state = 'rectified'))::int as rectified,
       (count(*) filter (where state = 'withdrawn'))::int as withdrawn,
       (count(*) filter (where state = 'handed_to_discipline'))::int as handed_to_discipline
from rectification_order where compound = any($1::text[]) group by compound
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrder:
    """An order with what it is about."""

    order_id: UUID
    compound: CompoundId
    source: Source
    item: str
    title: str
    basis: str
    key_ref: UUID
    ordered_at: datetime
    order: Order
    inspection_id: UUID | None = None
    inspected: Inspected | None = None
    subject: str | None = None
    photo_id: UUID | None = None
    mended_at: datetime | None = None
    mended_by: str | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    version: int = 1
    note: bytes | None = field(default=None, repr=False)
    content_index: bytes | None = field(default=None, repr=False)


def _known(row: asyncpg.Record) -> KnownOrder:
    return KnownOrder(
        order_id=row["order_id"],
        compound=row["compound"],
        source=row["source"],
        inspection_id=row["inspection_id"],
        inspected=row["inspected"],
        subject=row["subject"],
        item=row["item"],
        title=row["title"],
        basis=row["basis"],
        key_ref=row["key_ref"],
        photo_id=row["photo_id"],
        ordered_at=row["ordered_at"],
        mended_at=row["mended_at"],
        mended_by=row["mended_by"],
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        version=row["version"],
        note=row["note_sealed"],
        content_index=row["content_index"],
        order=Order(
            state=row["state"],
            due_at=row["due_at"],
            level=row["level"],
            found_by=row["found_by"],
            mended_by=frozenset(row["menders"]),
        ),
    )


async def order(conn: Conn, order_id: UUID) -> KnownOrder | None:
    """An order as it stands."""
    row = await conn.fetchrow(ORDER, order_id)
    return _known(row) if row else None


async def order_for_update(tx: Tx, order_id: UUID) -> KnownOrder | None:
    """An order, with everyone else waiting."""
    row = await tx.fetchrow(ORDER_FOR_UPDATE, order_id)
    return _known(row) if row else None


async def add_order(tx: Tx, order: KnownOrder) -> None:
    """Write a new order."""
    await tx.execute(
        ADD_ORDER,
        order.order_id,
        order.compound,
        order.source,
        order.inspection_id,
        order.inspected,
        order.subject,
        order.item,
        order.title,
        order.basis,
        order.key_ref,
        order.note,
        order.photo_id,
        order.content_index,
        order.ordered_at,
        order.order.found_by,
        order.order.due_at,
    )


async def open_already(conn: Conn, inspected: Inspected, subject: str, item: str) -> UUID | None:
    """The open order about the same thing, where there is one."""
    found: UUID | None = await conn.fetchval(OPEN_ALREADY, inspected, subject, item)
    return found


async def add_act(
    tx: Tx,
    act_id: UUID,
    order_id: UUID,
    act: Act,
    *,
    role: str,
    note: bytes | None,
    photo_id: UUID | None,
    index: bytes,
) -> None:
    """Write what was done with an order."""
    await tx.execute(
        ADD_ACT, act_id, order_id, act.kind, tx.now, act.by, role, note, photo_id, act.due_at, index
    )


async def act(conn: Conn, act_id: UUID) -> asyncpg.Record | None:
    """Something that was done, by its id."""
    return await conn.fetchrow(ACT, act_id)


async def save(tx: Tx, known: KnownOrder, after: Order, *, by: str) -> int:
    """Write how an order stands after somebody's act; returns its version."""
    mended_at, mended_by = known.mended_at, known.mended_by
    if after.state == "mended" and known.order.state != "mended":
        mended_at, mended_by = tx.now, by
    settled = after.state not in {"ordered", "mended"}
    version: int = await tx.fetchval(
        SAVE,
        known.order_id,
        after.state,
        after.due_at,
        after.level,
        mended_at,
        mended_by,
        tx.now if settled else None,
        by if settled else None,
    )
    return version


async def overdue(tx: Tx, hours: Sequence[int], limit: int) -> list[KnownOrder]:
    """Orders that have a level to go up to, locked."""
    return [_known(row) for row in await tx.fetch(OVERDUE, list(hours), tx.now, limit)]


async def export(conn: Conn, compounds: Sequence[CompoundId], *, only_open: bool) -> list[asyncpg.Record]:
    """Orders as a bulletin lists them: by compound, the oldest first."""
    return await conn.fetch(EXPORT, list(compounds), only_open)
