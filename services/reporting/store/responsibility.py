"""Who answers for what, by pseudonym."""

PUT_RESPONSIBILITY = """
insert into responsibility (assignment_id, worker_ref, role, measure, compound, grid, from_day, until_day)
select assignment_id, worker_ref, role, measure, compound, grid, from_day, until_day
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[])
  as row (assignment_id, worker_ref, role, measure, compound, grid, from_day, until_day)
order by assignment_id
on conflict (assignment_id) do update
  set worker_ref = excluded.worker_ref, role = excluded.role, measure = excluded.measure, compound = excluded.compound,
      grid = excluded.grid, from_day = excluded.from_day, until_day = excluded.until_day
"""
ANSWERING_ON = """
select compound, grid, measure, role, worker_ref, from_day, until_day from responsibility
where from_day <= $1 and (until_day is null or until_day >= $1)
order by compound nulls first, grid nulls first, measure, from_day, worker_ref
"""
