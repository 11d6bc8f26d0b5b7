"""Vehicles by compound and hour."""

ADD_FLOW = """
insert into vehicle_flow (day, compound, hour, vehicles_in, vehicles_out, vehicles_held, vehicles_refused)
select day, compound, hour, vehicles_in, vehicles_out, vehicles_held, vehicles_refused
from unnest($1::date[], $2::text[], $3::smallint[], $4::int[], $5::int[], $6::int[], $7::int[])
  as row (day, compound, hour, vehicles_in, vehicles_out, vehicles_held, vehicles_refused)
order by day, compound, hour
on conflict (day, compound, hour) do update
  set vehicles_in = vehicle_flow.vehicles_in + excluded.vehicles_in,
      vehicles_out = vehicle_flow.vehicles_out + excluded.vehicles_out,
      vehicles_held = vehicle_flow.vehicles_held + excluded.vehicles_held,
      vehicles_refused = vehicle_flow.vehicles_refused + excluded.vehicles_refused
"""
FLOW_OF_DAY = """
select compound, sum(vehicles_in)::int as vehicles_in, sum(vehicles_out)::int as vehicles_out,
       sum(vehicles_held)::int as vehicles_held, sum(vehicles_refused)::int as vehicles_refused
from vehicle_flow where day = $1 group by compound
"""
FLOW_OF_COMPOUND = """
select hour, vehicles_in, vehicles_out, vehicles_held, vehicles_refused
from vehicle_flow where day = $1 and compound = $2 order by hour
"""
