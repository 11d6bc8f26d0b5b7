"""What a report day adds up from the read models: by the hour, at its cut-off, or by natural day."""

# From an hour of a day ($1, $2) up to an hour of another ($3, $4), which does not belong to it.
ENTRIES_BETWEEN = """
select compound, sum(entries)::int as entries, sum(exits)::int as exits, sum(refused)::int as turned_back,
       sum(fever)::int as gate_fevers
from entry_flow where (day, hour) >= ($1::date, $2::int) and (day, hour) < ($3::date, $4::int) group by compound
"""
VEHICLES_BETWEEN = """
select compound, sum(vehicles_in + vehicles_out)::int as vehicles
from vehicle_flow where (day, hour) >= ($1::date, $2::int) and (day, hour) < ($3::date, $4::int) group by compound
"""
ON_DUTY_AT = """
with gate as (
  select compound, count(*)::int as posts from checkpoint where has_posts group by compound
), turn as (
  select compound, count(*)::int as on_duty, count(distinct checkpoint)::int as manned
  from duty_turn where started_at < $1 and (ended_at is null or ended_at >= $1) group by compound
)
select compound, coalesce(gate.posts, 0) as posts, coalesce(turn.on_duty, 0) as on_duty,
       coalesce(turn.manned, 0) as manned
from gate full join turn using (compound)
"""
# As it was at the cut-off ($3): what was declared after it was not there yet, and is made up for on the next day.
WINDOWS_AT = """
select c.compound, w.part, count(*)::int as due,
       (count(*) filter (where w.state = 'submitted' or w.declared_at < $3))::int as done
from declaration_seen w join observation_case c using (case_id)
  join unnest($1::date[], $2::text[]) as asked (day, part) using (day, part)
where w.state <> 'void'
group by c.compound, w.part
"""
MADE_UP_BETWEEN = """
select c.compound, count(*)::int as late
from declaration_window w join observation_case c using (case_id)
where w.state = 'late' and w.declared_at >= $1 and w.declared_at < $2
group by c.compound
"""
WASTE_OF_DAY = """
select compound, count(*)::int as due, (count(*) filter (where state = 'done'))::int as done
from waste_pickup where day = $1 and state <> 'withdrawn' group by compound
"""
NOTICES_BETWEEN = """
select compound, count(*)::int as new from notice_posting where posted_at >= $1 and posted_at < $2 group by compound
"""
LEADS_BETWEEN = """
select compound,
  (count(*) filter (where received_at >= $1 and received_at < $2))::int as new,
  (count(*) filter (where received_at < $2))::int as total,
  (count(*) filter (where valid and not duplicate and closed_at >= $1 and closed_at < $2))::int as valid_new,
  (count(*) filter (where valid and not duplicate and closed_at < $2))::int as valid_total
from lead group by compound
"""
ORDERS_BETWEEN = """
select compound, count(*)::int as new from rectification where ordered_at >= $1 and ordered_at < $2 group by compound
"""
