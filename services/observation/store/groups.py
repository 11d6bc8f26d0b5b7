"""Compounds' observation groups: derived from cases, with what workers confirmed."""

from uuid import UUID

import asyncpg

from services.observation.domain.repeats import other_content
from shared.db.pool import Conn, Tx
from shared.kernel.refusal import Refusal

GROUP = """
select c.case_id, c.person_ref, c.grid, c.opened_at, c.ended_at, last.confirmed_at, last.confirmed_by,
  case when coalesce(last.change, 'left') = 'left' then 'to_join' when c.ended_at is null then 'member'
    else 'to_leave' end as membership,
  k.name_sealed, k.phone_sealed, k.room_sealed
from observation_case c
left join lateral (
  select g.change, g.confirmed_at, g.confirmed_by from group_change g
  where g.case_id = c.case_id order by g.confirmed_at desc, g.change_id desc limit 1) last on true
left join contact_card k on k.person_ref = c.person_ref
where c.compound = $1 and (c.ended_at is null or last.change = 'joined')
  and ($2::uuid is null or c.case_id > $2)
order by c.case_id limit $3
"""
LAST_CHANGE = """
select change from group_change where case_id = $1 order by confirmed_at desc, change_id desc limit 1
"""
FIND_CHANGE = "select case_id, change from group_change where change_id = $1"
ADD_CHANGE = """
insert into group_change (change_id, case_id, change, confirmed_at, confirmed_by) values ($1, $2, $3, $4, $5)
"""

REJECTIONS: dict[str, Refusal] = {
    "group_change_pkey": other_content(),
}


async def group(conn: Conn, compound: str, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Tell who belongs to a compound's group or is still in it."""
    return await conn.fetch(GROUP, compound, after, limit)


async def is_in(conn: Conn, case_id: UUID) -> bool:
    """Whether the last thing confirmed is that the person joined."""
    last: str | None = await conn.fetchval(LAST_CHANGE, case_id)
    return last == "joined"


async def find_change(tx: Tx, change_id: UUID) -> asyncpg.Record | None:
    """Read what a repeat is compared with."""
    return await tx.fetchrow(FIND_CHANGE, change_id)


async def add_change(tx: Tx, change_id: UUID, case_id: UUID, change: str, *, by: str) -> None:
    """Keep that somebody joined or left."""
    await tx.execute(ADD_CHANGE, change_id, case_id, change, tx.now, by)
