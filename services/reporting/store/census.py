"""Cases as the census knows them, their movements, and what was in force at any instant."""

CASES = """
select case_id, person_ref, compound, measure, open, movements from census_case where case_id = any($1::uuid[])
"""
PUT_CASES = """
insert into census_case (case_id, person_ref, compound, measure, open, movements)
select case_id, person_ref, compound, measure, open, movements
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::int[])
  as row (case_id, person_ref, compound, measure, open, movements)
order by case_id
on conflict (case_id) do update
  set person_ref = excluded.person_ref, compound = excluded.compound, measure = excluded.measure,
      open = excluded.open, movements = excluded.movements
"""
ADD_MOVEMENTS = """
insert into census_movement
  (case_id, number, compound, measure, kind, delta, ending, recorded_at, happened_at)
select case_id, number, compound, measure, kind, delta, ending, recorded_at, happened_at
from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::timestamptz[],
            $9::timestamptz[])
  as row (case_id, number, compound, measure, kind, delta, ending, recorded_at, happened_at)
order by case_id, number
"""
# Between two cut-offs, $1 included and $2 not. `in_force` is summed by itself, not from its parts: so the law that
# binds them can be looked at. `ever` is how many came under the measure at any time.
FLOWS = """
select compound, measure,
  coalesce(sum(delta) filter (where recorded_at < $1), 0)::int as last,
  (count(*) filter (where kind = 'new' and recorded_at >= $1))::int as new,
  (count(*) filter (where kind = 'moved_in' and recorded_at >= $1))::int as moved_in,
  (count(*) filter (where kind = 'moved_out' and recorded_at >= $1))::int as moved_out,
  (count(*) filter (where kind = 'released' and recorded_at >= $1))::int as released,
  (count(*) filter (where kind = 'transferred' and recorded_at >= $1))::int as transferred,
  (count(*) filter (where kind = 'closed' and recorded_at >= $1))::int as closed,
  (count(*) filter (where kind = 'merged' and recorded_at >= $1))::int as merged,
  sum(delta)::int as in_force,
  (count(*) filter (where kind in ('new', 'moved_in')))::int as ever,
  (count(*) filter (where kind = 'released'))::int as released_ever,
  (count(*) filter (where kind = 'new'))::int as started_ever
from census_movement where recorded_at < $2
group by compound, measure order by compound, measure
"""
