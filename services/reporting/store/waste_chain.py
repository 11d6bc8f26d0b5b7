"""Pickups of isolation waste, and mask bins."""

PUT_PICKUPS = """
insert into waste_pickup (pickup_id, compound, day, state, due_at, bags, missed)
select pickup_id, compound, day, state, due_at, bags, missed
from unnest($1::uuid[], $2::text[], $3::date[], $4::text[], $5::timestamptz[], $6::int[], $7::text[])
  as row (pickup_id, compound, day, state, due_at, bags, missed)
order by pickup_id
on conflict (pickup_id) do update
  set state = excluded.state, due_at = coalesce(excluded.due_at, waste_pickup.due_at),
      bags = coalesce(excluded.bags, waste_pickup.bags), missed = excluded.missed
"""
PUT_BINS = """
insert into mask_bin (site_id, compound, emptied_at)
select site_id, compound, emptied_at from unnest($1::uuid[], $2::text[], $3::timestamptz[])
  as row (site_id, compound, emptied_at)
order by site_id
on conflict (site_id) do update set emptied_at = greatest(mask_bin.emptied_at, excluded.emptied_at)
"""
WASTE_OF_DAY = """
select compound, count(*)::int as pickups, (count(*) filter (where state = 'done'))::int as done,
       (count(*) filter (where state = 'missed'))::int as missed,
       (count(*) filter (where state = 'due' and due_at <= $2))::int as overdue,
       coalesce(sum(bags), 0)::int as bags
from waste_pickup where day = $1 and state <> 'withdrawn' group by compound
"""
# Not fetched since a day, or fetched at any time and never handed over.
MISSED_SINCE = """
select compound, count(*)::int as pickups_missed from waste_pickup
where state = 'missed' and (day >= $1 or missed = 'not_handed_over') group by compound
"""
