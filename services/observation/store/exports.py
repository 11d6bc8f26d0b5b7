"""Cases for a table: those in reach that had a day in a range."""

from datetime import date, datetime

import asyncpg

from services.observation.store.desk import Reach
from shared.db.pool import Conn

TO_EXPORT = """
select c.case_id, c.person_ref, k.name_sealed, k.phone_sealed, k.room_sealed
from observation_case c
left join compound_place p using (compound)
left join contact_card k on k.person_ref = c.person_ref
where ($1::boolean or c.compound = any($2::text[]) or p.neighbourhood = any($3::text[]) or c.grid = any($4::text[]))
  and ($5::text is null or c.compound = $5)
  and ($6::text is null or c.grid = $6)
  and least(c.anchor_date, c.day_zero) <= $7::date and (c.ended_at is null or c.ended_at >= $8::timestamptz)
order by c.case_id limit $9
"""
ONE_TO_EXPORT = """
select c.case_id, c.person_ref, k.name_sealed, k.phone_sealed, k.room_sealed
from observation_case c left join contact_card k on k.person_ref = c.person_ref
where c.case_id = $1
"""


async def to_export(
    conn: Conn, reach: Reach, *, last: date, ended_since: datetime, limit: int
) -> list[asyncpg.Record]:
    """Tell the cases of a table with their sealed contacts."""
    return await conn.fetch(TO_EXPORT, *reach.values(), last, ended_since, limit)


async def one_to_export(conn: Conn, case_id: object) -> list[asyncpg.Record]:
    """Tell one case with its sealed contact."""
    return await conn.fetch(ONE_TO_EXPORT, case_id)
