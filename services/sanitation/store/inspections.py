"""Inspections and their items."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.inspections import AlreadyChecked
from shared.db.pool import Conn, Rejections, Tx
from shared.events.policy_inspections import Inspected
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "inspection_once": SameIdOtherContent(
        "该编号已用于另一次检查。This id was used for another inspection.", field="inspection_id"
    ),
    "inspection_round_once": AlreadyChecked(
        "该次消杀已抽查。This round was checked already.", field="round_id"
    ),
}

INSPECTION = """
select inspection_id, compound, inspected, subject, found, result, key_ref, note_sealed, photo_id, content_index,
       inspected_at, device_at, inspected_by, recorded_at, policy_version
from inspection where inspection_id = $1
"""
ADD_INSPECTION = """
insert into inspection
  (inspection_id, compound, inspected, subject, found, result, key_ref, note_sealed, photo_id, content_index,
   inspected_at, device_at, inspected_by, recorded_at, policy_version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
ADD_ITEMS = """
insert into inspection_item (inspection_id, nth, code, verdict, note_sealed, photo_id)
select $1, row.nth, row.code, row.verdict, row.note_sealed, row.photo_id
from unnest($2::int[], $3::text[], $4::text[], $5::bytea[], $6::uuid[])
  as row (nth, code, verdict, note_sealed, photo_id)
"""
ITEMS = """
select code, verdict, note_sealed, photo_id from inspection_item where inspection_id = $1 order by nth
"""
ORDERS = """
select order_id from rectification_order where inspection_id = $1 order by order_id
"""
INSPECTIONS = """
select inspection_id, compound, inspected, subject, found, result, inspected_at, inspected_by,
       array(select code from inspection_item i where i.inspection_id = n.inspection_id and i.verdict = 'fail'
             order by nth) as failed,
       array(select code from inspection_item i where i.inspection_id = n.inspection_id and i.verdict = 'flag'
             order by nth) as flagged
from inspection n
where compound = $1 and ($2::text is null or inspected = $2) and ($3::text is null or result = $3)
  and ($4::timestamptz is null or (inspected_at, inspection_id) < ($4, $5::uuid))
order by inspected_at desc, inspection_id desc limit $6
"""
ROUND_LOGGED = """
select l.round_id, s.code, s.compound, l.logged_by, l.done_at
from round_log l join site s using (site_id) where l.round_id = $1
"""
CHECKS_OF_DAY = """
select count(*)::int as rounds, count(n.inspection_id)::int as checked,
       (count(*) filter (where n.result = 'fail'))::int as contradicted
from round_log l join site s using (site_id)
left join inspection n on n.inspected = 'round' and n.subject = l.round_id::text
where s.compound = $1 and l.day = $2
"""
NEXT_CHECKS = """
select l.round_id, s.code as site_code, s.name, l.done_at
from round_log l join site s using (site_id)
where s.compound = $1 and l.day = $2
  and not exists (select from inspection n where n.inspected = 'round' and n.subject = l.round_id::text)
order by md5(l.round_id::text), l.round_id limit $3
"""
COPY_CHECKPOINTS = """
insert into checkpoint (checkpoint, compound, version)
select checkpoint, compound, version from unnest($1::text[], $2::text[], $3::bigint[])
  as row (checkpoint, compound, version)
order by checkpoint
on conflict (checkpoint) do update set compound = excluded.compound, version = excluded.version
  where checkpoint.version < excluded.version
"""
CHECKPOINT = "select compound from checkpoint where checkpoint = $1"
CHECKPOINTS_OF = "select checkpoint from checkpoint where compound = $1 order by checkpoint"


async def add_inspection(
    tx: Tx,
    inspection_id: UUID,
    *,
    compound: CompoundId,
    inspected: Inspected,
    subject: str,
    found: str | None,
    result: str,
    key_ref: UUID,
    note: bytes | None,
    photo_id: UUID | None,
    index: bytes,
    inspected_at: datetime,
    device_at: datetime,
    policy_version: int,
) -> None:
    """Write an inspection by the actor."""
    await tx.execute(
        ADD_INSPECTION,
        inspection_id,
        compound,
        inspected,
        subject,
        found,
        result,
        key_ref,
        note,
        photo_id,
        index,
        inspected_at,
        device_at,
        tx.actor,
        tx.now,
        policy_version,
    )


async def add_items(
    tx: Tx, inspection_id: UUID, items: Sequence[tuple[str, str, bytes | None, UUID | None]]
) -> None:
    """Write the items of an inspection: code, verdict, sealed note, photo."""
    if items:
        codes, verdicts, notes, photos = (list(column) for column in zip(*items, strict=True))
        await tx.execute(ADD_ITEMS, inspection_id, list(range(len(items))), codes, verdicts, notes, photos)


async def inspection(conn: Conn, inspection_id: UUID) -> asyncpg.Record | None:
    """An inspection without its items."""
    return await conn.fetchrow(INSPECTION, inspection_id)


async def orders_of(conn: Conn, inspection_id: UUID) -> list[UUID]:
    """The orders that an inspection led to."""
    return [row["order_id"] for row in await conn.fetch(ORDERS, inspection_id)]


async def checkpoint_compound(conn: Conn, checkpoint: str) -> CompoundId | None:
    """The compound of a checkpoint that the registry has told of."""
    found: CompoundId | None = await conn.fetchval(CHECKPOINT, checkpoint)
    return found
