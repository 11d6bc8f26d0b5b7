"""Bins for discarded masks."""

from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Rejections
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "mask_bin_collection_once": SameIdOtherContent(
        "该编号已用于另一次清运。This id was used for another collection.", field="collection_id"
    ),
}

ADD = """
insert into mask_bin_collection (collection_id, site_id, emptied_at, device_at, bags, agent, logged_at, logged_by)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
COLLECTION = """
select collection_id, site_id, emptied_at, device_at, bags, agent from mask_bin_collection where collection_id = $1
"""
BINS = """
select s.site_id, s.code, s.name, s.since, c.emptied_at, c.bags
from site s
left join lateral (
  select emptied_at, bags from mask_bin_collection where site_id = s.site_id order by emptied_at desc limit 1
) c on true
where s.compound = $1 and s.kind = 'mask_bin' and s.active and s.code > $2
order by s.code limit $3
"""


async def collection(conn: Conn, collection_id: UUID) -> asyncpg.Record | None:
    """A collection."""
    return await conn.fetchrow(COLLECTION, collection_id)
