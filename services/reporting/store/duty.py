"""Who stands at the posts, and when nobody did."""

OPEN_GAPS = """
insert into duty_gap (gap_id, compound, checkpoint, cause, began_at)
select gap_id, compound, checkpoint, cause, began_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
  as row (gap_id, compound, checkpoint, cause, began_at)
order by gap_id
on conflict (gap_id) do nothing
"""
CLOSE_GAPS = """
update duty_gap set ended_at = row.ended_at, minutes = row.minutes
from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as row (gap_id, ended_at, minutes)
where duty_gap.gap_id = row.gap_id
"""
START_TURNS = """
insert into duty_turn (turn_id, shift_id, worker_ref, compound, checkpoint, started_at, late_minutes)
select turn_id, shift_id, worker_ref, compound, checkpoint, started_at, late_minutes
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::int[])
  as row (turn_id, shift_id, worker_ref, compound, checkpoint, started_at, late_minutes)
order by turn_id
on conflict (turn_id) do nothing
"""
END_TURNS = """
update duty_turn set ended_at = row.ended_at, ended_by = row.ended_by, minutes = row.minutes
from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[]) as row (turn_id, ended_at, ended_by, minutes)
where duty_turn.turn_id = row.turn_id
"""

# A gap counts for a day with the minutes that lie in it; one that goes on up to now.
DUTY_OF_DAY = """
with gap as (
  select compound, count(*) filter (where ended_at is null)::int as open,
         sum(greatest(0, extract(epoch from
           least(coalesce(ended_at, $3), $2) - greatest(began_at, $1)) / 60))::int as minutes
  from duty_gap where began_at < $2 and (ended_at is null or ended_at > $1)
  group by compound
), turn as (
  select compound, count(*)::int as on_duty from duty_turn where ended_at is null group by compound
)
select compound, coalesce(gap.open, 0) as duty_gaps, coalesce(gap.minutes, 0) as duty_gap_minutes,
       coalesce(turn.on_duty, 0) as on_duty
from gap full join turn using (compound)
"""
GAPS_OF_COMPOUND = """
select checkpoint, cause, began_at, ended_at,
       greatest(0, extract(epoch from least(coalesce(ended_at, $4), $3) - greatest(began_at, $2)) / 60)::int as minutes
from duty_gap where compound = $1 and began_at < $3 and (ended_at is null or ended_at > $2)
order by ended_at nulls first, began_at desc, gap_id limit 50
"""
