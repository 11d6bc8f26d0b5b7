"""Dwellings of the address list, by grid."""

PUT_ADDRESSES = """
insert into grid_addresses (grid, compound, dwellings)
select grid, compound, dwellings from unnest($1::text[], $2::text[], $3::int[]) as row (grid, compound, dwellings)
order by grid
on conflict (grid) do update set compound = excluded.compound, dwellings = excluded.dwellings
"""
ADDRESSES = "select compound, sum(dwellings)::int as dwellings from grid_addresses group by compound"
