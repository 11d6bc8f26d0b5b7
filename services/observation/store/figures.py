"""Counts for the gauges: never of anybody in particular."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import median

from shared.db.pool import Conn

DUE = """
select compound, count(*) as people from observation_case
where state = 'under_observation' and day_zero < $1 and last_day >= $1 and opened_at < $2
group by compound
"""
# Days without a declaration have a row as well: nothing is what was usual then.
DECLARED = """
select asked.day, count(distinct d.case_id)::int as people
from unnest($1::date[], $2::timestamptz[]) as asked (day, before)
left join declaration d on d.day = asked.day and d.window_name = $3 and d.standing = 'in_time'
  and d.received_at <= asked.before
group by asked.day order by asked.day desc
"""
STREAKS = """
select compound, case when streak > 3 then 'gt3' else streak::text end as streak, count(*) as people
from case_on_desk where state = 'under_observation' and streak >= 1 group by 1, 2
"""
MESSAGES = "select channel, state, count(*) as messages from message group by channel, state"


async def due(conn: Conn, day: date, opens: datetime) -> list[tuple[str, int]]:
    """Count by compound the people of whom a declaration is due in a window of a day that opens then."""
    return [(row["compound"], row["people"]) for row in await conn.fetch(DUE, day, opens)]


async def declared(
    conn: Conn, window: str, opens: Sequence[tuple[date, datetime]], *, into: timedelta
) -> tuple[int, float]:
    """Count who had declared so long after a window opened: on the first of some days, and usually on the others."""
    days = [day for day, _ in opens]
    rows = await conn.fetch(DECLARED, days, [at + into for _, at in opens], window)
    people = {row["day"]: row["people"] for row in rows}
    return people[days[0]], median(people[day] for day in days[1:])


async def streaks(conn: Conn) -> list[tuple[str, str, int]]:
    """Count people by compound and by how many windows in a row they missed: 1, 2, 3, gt3."""
    return [(row["compound"], row["streak"], row["people"]) for row in await conn.fetch(STREAKS)]


async def messages(conn: Conn) -> list[tuple[str, str, int]]:
    """Count messages by channel and state."""
    return [(row["channel"], row["state"], row["messages"]) for row in await conn.fetch(MESSAGES)]
