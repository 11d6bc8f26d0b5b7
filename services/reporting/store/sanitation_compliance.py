"""Days of sites that closed short."""

PUT_MISSED = """
insert into round_missed (day, site_id, compound, kind, required, counted, shortfall)
select day, site_id, compound, kind, required, counted, shortfall
from unnest($1::date[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[])
  as row (day, site_id, compound, kind, required, counted, shortfall)
order by day, site_id
on conflict (day, site_id) do update
  set kind = excluded.kind, required = excluded.required, counted = excluded.counted, shortfall = excluded.shortfall
"""
MISSED_OF_DAY = """
select compound, kind, (count(*) filter (where shortfall > 0))::int as sites_short, sum(shortfall)::int as rounds_short,
       (count(*) filter (where shortfall = 0))::int as made_good
from round_missed where day = $1 group by compound, kind
"""
SHORT_ON = """
select compound, (count(*) filter (where shortfall > 0))::int as sites_short, sum(shortfall)::int as rounds_missed
from round_missed where day = $1 group by compound
"""
