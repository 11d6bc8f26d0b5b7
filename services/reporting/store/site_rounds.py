"""Sites and their rounds by day."""

PUT_SITES = """
insert into site (site_id, compound, kind, rounds_per_day, since, active, on_duty_from)
select site_id, compound, kind, rounds_per_day, since, active, on_duty_from
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::date[], $6::boolean[], $7::timestamptz[])
  as row (site_id, compound, kind, rounds_per_day, since, active, on_duty_from)
order by site_id
on conflict (site_id) do update
  set compound = excluded.compound, kind = excluded.kind, rounds_per_day = excluded.rounds_per_day,
      since = excluded.since, active = excluded.active, on_duty_from = excluded.on_duty_from
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
# What sanitation's day sheets say: a site on duty owes its own number of rounds or the policy's for its kind; where its
# duty began in the middle of the day, those that still fit until midnight ($4), each with a whole spacing; of a day
# before that, nothing. A surplus never makes up for another site's shortfall: each counts up to what it owes.
ROUNDS_OF_DAY = """
with exempt as (
  select distinct site_id from site_exemption where from_day <= $1 and (last_day is null or last_day >= $1)
), asked as materialized (
  select s.site_id, s.compound, coalesce(s.rounds_per_day, rule.rounds, 0) as rounds,
         s.active and s.since <= $1 and x.site_id is null
           and coalesce(s.on_duty_from < $4::timestamptz, true) as on_duty,
         case when s.on_duty_from >= $4::timestamptz - interval '1 day' and rule.spacing > 0
           then floor(extract(epoch from $4 - s.on_duty_from) / 60 / rule.spacing)::int end as fitting
  from site s left join exempt x using (site_id)
    left join unnest($2::text[], $3::int[], $5::int[]) as rule (kind, rounds, spacing) on rule.kind = s.kind
), duty as materialized (
  select site_id, compound, on_duty, case when on_duty then least(rounds, fitting) else 0 end as required from asked
)
select duty.compound, count(*) filter (where duty.on_duty)::int as sites, sum(duty.required)::int as rounds_required,
       sum(least(coalesce(d.counted, 0), duty.required))::int as rounds_counted,
       sum(coalesce(d.outside_range, 0))::int as rounds_outside_range
from duty left join site_day d on d.site_id = duty.site_id and d.day = $1
group by duty.compound
"""
