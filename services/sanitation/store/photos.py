"""Photos: what is known of each, and its sealed parts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.sanitation.domain.photos import PhotoUnknown
from shared.db.pool import Conn, Rejections, Tx
from shared.kernel.ids import CompoundId

REJECTIONS: Rejections = {
    "round_log_photo_known": PhotoUnknown(
        "没有这张照片，请先上传。There is no such photo; send it first.", field="photo_id"
    ),
}

PHOTO = """
select photo_id, compound, key_ref, content_index, width, height, bytes, added_at, added_by, used_at, dropped_at
from photo where photo_id = $1
"""
ADD_PHOTO = """
insert into photo (photo_id, compound, key_ref, content_index, width, height, bytes, added_at, added_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (photo_id) do nothing returning photo_id
"""
ADD_PARTS = """
insert into photo_part (photo_id, nth, part)
select $1, row.nth - 1, row.part from unnest($2::bytea[]) with ordinality as row (part, nth)
"""
PARTS = "select part from photo_part where photo_id = $1 order by nth"
USE_PHOTO = """
update photo set used_at = $3
where photo_id = $1 and compound = $2 and used_at is null and dropped_at is null
returning photo_id
"""
# Photos that prove nothing after some hours, and those that were kept long enough.
DROP_PHOTOS = """
update photo set dropped_at = $1
where photo_id in (
    select photo_id from photo where dropped_at is null and added_at < $3
    union
    select photo_id from photo where dropped_at is null and used_at is null and added_at < $2
    limit $4)
  and dropped_at is null and (added_at < $3 or used_at is null)
returning photo_id, key_ref
"""
DROP_PARTS = "delete from photo_part where photo_id = any($1::uuid[])"


async def photo(conn: Conn, photo_id: UUID) -> asyncpg.Record | None:
    """What is known of a photo."""
    return await conn.fetchrow(PHOTO, photo_id)


async def add_photo(
    tx: Tx,
    photo_id: UUID,
    *,
    compound: CompoundId,
    key_ref: UUID,
    index: bytes,
    size: tuple[int, int, int],
    parts: Sequence[bytes],
) -> bool:
    """Write a photo with its width, height and bytes; false where its id is in use."""
    if await tx.fetchval(ADD_PHOTO, photo_id, compound, key_ref, index, *size, tx.now, tx.actor) is None:
        return False
    await tx.execute(ADD_PARTS, photo_id, list(parts))
    return True


async def parts(conn: Conn, photo_id: UUID) -> list[bytes]:
    """The sealed parts of a photo, in order."""
    return [row["part"] for row in await conn.fetch(PARTS, photo_id)]


async def use_photo(tx: Tx, photo_id: UUID, compound: CompoundId) -> bool:
    """Mark a compound's photo as a proof; false where it is not there, or proves something else."""
    return await tx.fetchval(USE_PHOTO, photo_id, compound, tx.now) is not None


async def drop_photos(tx: Tx, *, unused_before: datetime, before: datetime, limit: int) -> list[UUID]:
    """Let go of photos that nothing needs any more; tells the keys that opened them."""
    rows = await tx.fetch(DROP_PHOTOS, tx.now, unused_before, before, limit)
    await tx.execute(DROP_PARTS, [row["photo_id"] for row in rows])
    return [row["key_ref"] for row in rows]
