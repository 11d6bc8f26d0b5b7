"""Sites and their rounds by day."""

PUT_SITES = """
insert into site (site_id, compound, kind, rounds_per_day, since, active)
select site_id, compound, kind, rounds_per_day, since, active
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::date[], $6::boolean[])
  as row (site_id, compound, kind, rounds_per_day, since, active)
order by site_id
on conflict (site_id) do update
  set compound = excluded.compound, kind = excluded.kind, rounds_per_day = excluded.rounds_per_day,
      since = excluded.since, active = excluded.active
"""
ADD_ROUNDS = """
insert into site_day (site_id, day, logged, counted, outside_range)
select site_id, day, logged, counted, outside_range
from unnest($1::uuid[], $2::date[], $3::int[], $4::int[], $5::int[])
  as row (site_id, day, logged, counted, outside_range)
order by day, site_id
on conflict (day, site_id) do update
  set logged = site_day.logged + excluded.logged, counted = site_day.counted + excluded.counted,
      outside_range = site_day.outside_range + excluded.outside_range
"""
# What sanitation's day sheets say: a site on duty owes its own number of rounds or the policy's for its kind. A
# surplus never makes up for another site's shortfall: each counts up to what it owes.
ROUNDS_OF_DAY = """
with duty as (
  select s.site_id, s.compound, s.active and s.since <= $1 as on_duty,
         case when s.active and s.since <= $1 then coalesce(s.rounds_per_day, rule.rounds, 0) else 0 end as required
  from site s left join unnest($2::text[], $3::int[]) as rule (kind, rounds) on rule.kind = s.kind
)
select duty.compound, count(*) filter (where duty.on_duty)::int as sites, sum(duty.required)::int as required,
       sum(least(coalesce(d.counted, 0), duty.required))::int as counted,
       sum(coalesce(d.outside_range, 0))::int as outside_range
from duty left join site_day d on d.site_id = duty.site_id and d.day = $1
group by duty.compound
"""
