"""What front-line workers did, by pseudonym and day."""

ADD_WORK = """
insert into service_day (worker_ref, day, compound, kind, done)
select worker_ref, day, compound, kind, done from unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::int[])
  as row (worker_ref, day, compound, kind, done)
order by worker_ref, day, compound, kind
on conflict (worker_ref, day, compound, kind) do update set done = service_day.done + excluded.done
"""
# Turns that are over count on the day on which they began, as at the gate; work on the day on which it was done.
# $1, $2: the days as instants; $3, $4: the days; $5: compounds, null for all; $6: one worker.
RECORD = """
with held as (
  select worker_ref, count(*)::int as shifts, sum(minutes)::int as minutes, sum(late_minutes)::int as late_minutes,
    (count(*) filter (where ended_by = 'lapsed'))::int as lapsed
  from duty_turn
  where started_at >= $1 and started_at < $2 and minutes is not null and ($5::text[] is null or compound = any($5))
    and ($6::uuid is null or worker_ref = $6)
  group by worker_ref
), done as (
  select worker_ref,
    coalesce(sum(done) filter (where kind = 'household_visits'), 0)::int as household_visits,
    coalesce(sum(done) filter (where kind = 'observation_visits'), 0)::int as observation_visits,
    coalesce(sum(done) filter (where kind = 'rounds'), 0)::int as rounds,
    coalesce(sum(done) filter (where kind = 'pickups'), 0)::int as pickups,
    coalesce(sum(done) filter (where kind = 'leads_closed'), 0)::int as leads_closed
  from service_day
  where day between $3 and $4 and ($5::text[] is null or compound = any($5))
    and ($6::uuid is null or worker_ref = $6)
  group by worker_ref
)
select worker_ref, coalesce(shifts, 0) as shifts, coalesce(minutes, 0) as minutes,
  coalesce(late_minutes, 0) as late_minutes, coalesce(lapsed, 0) as lapsed,
  coalesce(household_visits, 0) as household_visits, coalesce(observation_visits, 0) as observation_visits,
  coalesce(rounds, 0) as rounds, coalesce(pickups, 0) as pickups, coalesce(leads_closed, 0) as leads_closed
from held full join done using (worker_ref)
where $7::uuid is null or worker_ref > $7
order by worker_ref limit $8
"""
