"""Survey rounds: whom they ask, and how each dwelling stands."""

PUT_ROUNDS = """
insert into survey_round (round_id, number, closed)
select round_id, number, closed from unnest($1::uuid[], $2::int[], $3::boolean[]) as row (round_id, number, closed)
order by round_id
on conflict (round_id) do update set number = excluded.number, closed = excluded.closed
"""
PUT_COMPOUNDS = """
insert into survey_compound (round_id, compound, dwellings)
select round_id, compound, dwellings from unnest($1::uuid[], $2::text[], $3::int[])
  as row (round_id, compound, dwellings)
order by round_id, compound
on conflict (round_id, compound) do update set dwellings = excluded.dwellings
"""
# As of people: what a compound gains and loses is worked out in the statement that writes the dwelling.
PUT_DWELLINGS = """
with incoming as (
  select round_id, dwelling_id, compound, outcome, final, conflict
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
    as row (round_id, dwelling_id, compound, outcome, final, conflict)
), before as (
  select s.round_id, s.compound, s.final, s.conflict
  from survey_dwelling s join incoming using (round_id, dwelling_id)
), written as (
  insert into survey_dwelling (round_id, dwelling_id, compound, outcome, final, conflict)
  select round_id, dwelling_id, compound, outcome, final, conflict from incoming order by round_id, dwelling_id
  on conflict (round_id, dwelling_id) do update set compound = excluded.compound, outcome = excluded.outcome,
    final = excluded.final, conflict = excluded.conflict
), moved as (
  select round_id, compound, final::int as final, conflict::int as conflicts from incoming
  union all
  select round_id, compound, -final::int, -conflict::int from before
)
insert into survey_progress (round_id, compound, final, conflicts)
select round_id, compound, sum(final), sum(conflicts) from moved
group by round_id, compound having sum(final) <> 0 or sum(conflicts) <> 0 order by round_id, compound
on conflict (round_id, compound) do update
  set final = survey_progress.final + excluded.final, conflicts = survey_progress.conflicts + excluded.conflicts
"""
# However the results came in batches, the rows are the same.
FORGET_NO_PROGRESS = "delete from survey_progress where final = 0 and conflicts = 0"
# While a round is open, the address list is its denominator: what is added joins, what is taken off leaves.
COVERAGE = """
with newest as (
  select distinct on (c.compound) c.compound, c.round_id, c.dwellings, r.closed
  from survey_compound c join survey_round r using (round_id)
  order by c.compound, r.number desc
), listed as (
  select compound, sum(dwellings)::int as dwellings from grid_addresses group by compound
)
select n.compound,
  case when n.closed then n.dwellings else coalesce(l.dwellings, n.dwellings) end as survey_dwellings,
  coalesce(p.final, 0) as survey_final, coalesce(p.conflicts, 0) as survey_conflicts
from newest n left join listed l using (compound)
  left join survey_progress p on p.round_id = n.round_id and p.compound = n.compound
"""
