"""Who lives where, by pseudonym, and how many."""

# All parts see the tables as they were before the statement: `before` is where each person was counted. Nobody
# else writes a person between the two: positions are compared and set, so of two runners one is rolled back.
PUT_PEOPLE = """
with incoming as (
  select person_ref, compound, dwelling_id, relation, resident
  from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::boolean[])
    as row (person_ref, compound, dwelling_id, relation, resident)
), before as (
  select p.compound, p.resident from person_residence p join incoming using (person_ref)
), written as (
  insert into person_residence (person_ref, compound, dwelling_id, relation, resident)
  select person_ref, compound, dwelling_id, relation, resident from incoming order by person_ref
  on conflict (person_ref) do update
    set compound = excluded.compound, dwelling_id = excluded.dwelling_id, relation = excluded.relation,
        resident = excluded.resident
), moved as (
  select compound, 1 as people, resident::int as residents from incoming
  union all
  select compound, -1, -resident::int from before
)
insert into compound_population (compound, people, residents)
select compound, sum(people), sum(residents) from moved group by compound order by compound
on conflict (compound) do update
  set people = compound_population.people + excluded.people,
      residents = compound_population.residents + excluded.residents
"""
# Who died or left the town; who is not there is not counted down.
DROP_PEOPLE = """
with gone as (
  delete from person_residence where person_ref = any($1::uuid[]) returning compound, resident
)
insert into compound_population (compound, people, residents)
select compound, -count(*), -sum(resident::int) from gone group by compound order by compound
on conflict (compound) do update
  set people = compound_population.people + excluded.people,
      residents = compound_population.residents + excluded.residents
"""
# The same for dwellings: one counts where somebody lives.
PUT_DWELLINGS = """
with incoming as (
  select dwelling_id, compound, grid, occupancy, members
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[])
    as row (dwelling_id, compound, grid, occupancy, members)
), before as (
  select d.compound, d.members from dwelling d join incoming using (dwelling_id)
), written as (
  insert into dwelling (dwelling_id, compound, grid, occupancy, members)
  select dwelling_id, compound, grid, occupancy, members from incoming order by dwelling_id
  on conflict (dwelling_id) do update
    set compound = excluded.compound, grid = excluded.grid, occupancy = excluded.occupancy,
        members = excluded.members
), moved as (
  select compound, (members > 0)::int as households from incoming
  union all
  select compound, -(members > 0)::int from before
)
insert into compound_population (compound, households)
select compound, sum(households) from moved group by compound order by compound
on conflict (compound) do update set households = compound_population.households + excluded.households
"""
# However people move in batches, the rows are the same.
FORGET_EMPTY = "delete from compound_population where people = 0 and residents = 0 and households = 0"
# Of several records of one person one counts; the view knows which, also of those that lie elsewhere.
POPULATION = """
select p.compound, p.people - coalesce(e.people, 0) as people, p.residents - coalesce(e.residents, 0) as residents,
  p.households
from compound_population p left join counted_elsewhere e using (compound)
"""
