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
PUT_DWELLINGS = """
insert into survey_dwelling (round_id, dwelling_id, compound, outcome, final, conflict)
select round_id, dwelling_id, compound, outcome, final, conflict
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
  as row (round_id, dwelling_id, compound, outcome, final, conflict)
order by round_id, dwelling_id
on conflict (round_id, dwelling_id) do update set compound = excluded.compound, outcome = excluded.outcome,
  final = excluded.final, conflict = excluded.conflict
"""
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
  count(*) filter (where s.final)::int as survey_final, count(*) filter (where s.conflict)::int as survey_conflicts
from newest n left join listed l using (compound)
  left join survey_dwelling s on s.round_id = n.round_id and s.compound = n.compound
group by n.compound, n.closed, n.dwellings, l.dwellings
"""
