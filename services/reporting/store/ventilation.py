"""Airings by day."""

ADD_AIRINGS = """
insert into ventilation_day (day, compound, kind, times, minutes)
select day, compound, kind, times, minutes
from unnest($1::date[], $2::text[], $3::text[], $4::int[], $5::int[]) as row (day, compound, kind, times, minutes)
order by day, compound, kind
on conflict (day, compound, kind) do update
  set times = ventilation_day.times + excluded.times, minutes = ventilation_day.minutes + excluded.minutes
"""
AIRINGS_OF_DAY = (
    "select compound, sum(times)::int as airings from ventilation_day where day = $1 group by compound"
)
