"""Airing of sites."""

from datetime import date
from uuid import UUID

import asyncpg

from shared.db.pool import Conn, Rejections
from shared.kernel.ids import CompoundId
from shared.kernel.refusal import SameIdOtherContent

REJECTIONS: Rejections = {
    "ventilation_once": SameIdOtherContent(
        "该编号已用于另一次通风。This id was used for another airing.", field="ventilation_id"
    ),
}

ADD = """
insert into ventilation (ventilation_id, site_id, day, began_at, device_at, minutes, source, explanation_sealed,
                         explanation_index, logged_at, logged_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
VENTILATION = """
select ventilation_id, site_id, day, began_at, device_at, minutes, source, explanation_index
from ventilation where ventilation_id = $1
"""
MINUTES_OF_DAY = """
select v.site_id, array_agg(v.minutes order by v.began_at) as minutes
from ventilation v join site s using (site_id) where s.compound = $1 and v.day = $2 group by v.site_id
"""


async def ventilation(conn: Conn, ventilation_id: UUID) -> asyncpg.Record | None:
    """An airing."""
    return await conn.fetchrow(VENTILATION, ventilation_id)


async def minutes_of_day(conn: Conn, compound: CompoundId, day: date) -> dict[UUID, list[int]]:
    """How long each site of a compound was aired on a day, airing by airing."""
    return {row["site_id"]: row["minutes"] for row in await conn.fetch(MINUTES_OF_DAY, compound, day)}
