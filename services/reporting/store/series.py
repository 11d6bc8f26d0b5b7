"""Figures by day, of all compounds or of some; days without anything are left out."""

CHECKS_BY_DAY = """
select day, sum(checks)::int as checks, sum(entries)::int as entries, sum(exits)::int as exits,
  sum(refused)::int as refused, sum(cannot_verify)::int as cannot_verify, sum(fever)::int as fever,
  sum(offline)::int as checks_offline
from entry_flow where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
VEHICLES_BY_DAY = """
select day, sum(vehicles_in)::int as vehicles_in, sum(vehicles_out)::int as vehicles_out,
  sum(vehicles_held)::int as vehicles_held, sum(vehicles_refused)::int as vehicles_refused
from vehicle_flow where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
CASES_BY_DAY = """
with step as (
  select (started_at at time zone 'Asia/Shanghai')::date as day, compound, 1 as started, 0 as released, 0 as closed
  from observation_case
  union all
  select (ended_at at time zone 'Asia/Shanghai')::date, compound, 0, (state = 'completed')::int, (state = 'closed')::int
  from observation_case where ended_at is not null
)
select day, sum(started)::int as observations_started, sum(released)::int as observations_released,
  sum(closed)::int as observations_closed
from step where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
DECLARATIONS_BY_DAY = """
select w.day, count(*) filter (where w.state in ('submitted', 'late'))::int as declared,
  count(*) filter (where w.state = 'missed')::int as declarations_missed
from declaration_seen w join observation_case c using (case_id)
where w.day between $1 and $2 and ($3::text[] is null or c.compound = any($3)) group by w.day
"""
ROUNDS_BY_DAY = """
select d.day, sum(d.counted)::int as rounds_counted, sum(d.outside_range)::int as rounds_outside_range
from site_day d join site s using (site_id)
where d.day between $1 and $2 and ($3::text[] is null or s.compound = any($3)) group by d.day
"""
SHORT_BY_DAY = """
select day, sum(shortfall)::int as rounds_missed, count(*) filter (where shortfall > 0)::int as sites_short
from round_missed where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
PICKUPS_BY_DAY = """
select day, count(*) filter (where state = 'done')::int as pickups_done,
  count(*) filter (where state = 'missed')::int as pickups_missed
from waste_pickup where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
# A gap counts for each day with the minutes that lie in it; one that goes on, up to now ($4).
GAPS_BY_DAY = """
with day as (
  select day::date, day::timestamp at time zone 'Asia/Shanghai' as begins,
    (day + interval '1 day')::timestamp at time zone 'Asia/Shanghai' as ends
  from generate_series($1::date::timestamp, $2::date::timestamp, interval '1 day') day
)
select d.day,
  sum(extract(epoch from least(coalesce(g.ended_at, $4), d.ends) - greatest(g.began_at, d.begins)) / 60)::int
    as duty_gap_minutes
from day d join duty_gap g
  on g.began_at < least(d.ends, $4::timestamptz) and coalesce(g.ended_at, $4) > d.begins
where $3::text[] is null or g.compound = any($3) group by d.day
"""
LEADS_BY_DAY = """
with step as (
  select (received_at at time zone 'Asia/Shanghai')::date as day, compound, 1 as received, 0 as closed
  from lead where received_at is not null
  union all
  select (closed_at at time zone 'Asia/Shanghai')::date, compound, 0, 1 from lead where closed_at is not null
)
select day, sum(received)::int as leads_received, sum(closed)::int as leads_closed
from step where day between $1 and $2 and ($3::text[] is null or compound = any($3)) group by day
"""
