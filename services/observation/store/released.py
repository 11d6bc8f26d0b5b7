"""People released, by how many days they were observed."""

from datetime import datetime

from shared.db.pool import Conn

RELEASED = """
select (last_day - day_zero)::int as days, count(*)::int as people
from observation_case
where state = 'completed' and ended_at >= $1 and ended_at < $2
group by 1 order by 1
"""


async def released(conn: Conn, since: datetime, until: datetime) -> dict[int, int]:
    """Tell days from day 0 to the last day -> people released after so many, among releases in a range."""
    return {row["days"]: row["people"] for row in await conn.fetch(RELEASED, since, until)}
