"""What a worker did, by day."""

from datetime import date, datetime
from typing import Any

from shared.db.pool import Conn
from shared.kernel.days import end_of, start_of
from shared.kernel.ids import CompoundId

LOGS_OF_DAY = """
select (select count(*)::int from round_log l join site s using (site_id)
        where l.logged_by = $2 and l.day = $3 and s.compound = $1) as rounds,
       (select count(*)::int from ventilation v join site s using (site_id)
        where v.logged_by = $2 and v.day = $3 and s.compound = $1) as airings,
       (select count(*)::int from pickup_act a join waste_pickup p using (pickup_id)
        where a.recorded_by = $2 and a.at >= $4 and a.at < $5 and p.compound = $1) as pickup_acts,
       (select count(*)::int from mask_bin_collection c join site s using (site_id)
        where c.logged_by = $2 and c.emptied_at >= $4 and c.emptied_at < $5 and s.compound = $1) as mask_bins
"""
DAYS_OF_WORKER = """
select day, sum(rounds)::int as rounds, sum(rounds_counted)::int as rounds_counted,
       sum(rounds_late)::int as rounds_late, sum(airings)::int as airings,
       sum(pickup_steps)::int as pickup_steps, sum(mask_bins)::int as mask_bins
from (
  select day, 1 as rounds, counts::int as rounds_counted, (source = 'late_entry')::int as rounds_late, 0 as airings,
         0 as pickup_steps, 0 as mask_bins
  from round_log where logged_by = $1 and day between $2 and $3
  union all
  select day, 0, 0, 0, 1, 0, 0 from ventilation where logged_by = $1 and day between $2 and $3
  union all
  select (at at time zone 'Asia/Shanghai')::date, 0, 0, 0, 0, 1, 0
  from pickup_act where recorded_by = $1 and at >= $4 and at < $5
  union all
  select (emptied_at at time zone 'Asia/Shanghai')::date, 0, 0, 0, 0, 0, 1
  from mask_bin_collection where logged_by = $1 and emptied_at >= $4 and emptied_at < $5
) as done
group by day
"""


async def logs_of_day(conn: Conn, compound: CompoundId, worker: str, day: date) -> dict[str, int]:
    """How much of each kind a worker logged in a compound on a day."""
    row = await conn.fetchrow(LOGS_OF_DAY, compound, worker, day, *_span(day, day))
    return dict(row) if row else {}


async def days_of_worker(conn: Conn, worker: str, first: date, last: date) -> dict[date, dict[str, Any]]:
    """How much of each kind a worker did on each day on which there was anything."""
    rows = [dict(row) for row in await conn.fetch(DAYS_OF_WORKER, worker, first, last, *_span(first, last))]
    return {row.pop("day"): row for row in rows}


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    return start_of(first), end_of(last)
