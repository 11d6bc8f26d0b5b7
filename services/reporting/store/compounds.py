"""The compounds that the registry has told of."""

PUT_COMPOUNDS = """
insert into compound (compound, name, neighbourhood, neighbourhood_name, mode, area_m2)
select compound, name, neighbourhood, neighbourhood_name, mode, area_m2
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
  as row (compound, name, neighbourhood, neighbourhood_name, mode, area_m2)
order by compound
on conflict (compound) do update
  set name = excluded.name, neighbourhood = excluded.neighbourhood,
      neighbourhood_name = excluded.neighbourhood_name, mode = excluded.mode, area_m2 = excluded.area_m2
"""
COMPOUNDS = "select compound, name, neighbourhood, neighbourhood_name, mode from compound order by compound"
