"""Inspections, orders to put something right, and venues that stay closed."""

ADD_INSPECTIONS = """
insert into inspection (inspection_id, day, compound, inspected, result)
select inspection_id, day, compound, inspected, result
from unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::text[])
  as row (inspection_id, day, compound, inspected, result)
order by inspection_id
on conflict (inspection_id) do nothing
"""
PUT_ORDERS = """
insert into rectification (order_id, compound, item, source, ordered_at, due_at, state, level)
select order_id, compound, item, source, ordered_at, due_at, coalesce(state, 'ordered'), coalesce(level, 0)
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::int[])
  as row (order_id, compound, item, source, ordered_at, due_at, state, level)
order by order_id
on conflict (order_id) do nothing
"""
CHANGE_ORDERS = """
update rectification o
set item = coalesce(row.item, o.item), source = coalesce(row.source, o.source),
    ordered_at = coalesce(row.ordered_at, o.ordered_at), due_at = coalesce(row.due_at, o.due_at),
    state = coalesce(row.state, o.state),
    level = coalesce(row.level, case when row.due_at <> o.due_at then 0 else o.level end)
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::int[])
  as row (order_id, compound, item, source, ordered_at, due_at, state, level)
where o.order_id = row.order_id
"""
PUT_VENUES = """
insert into venue (venue_id, compound, kind, status, changed_at)
select venue_id, compound, kind, status, changed_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
  as row (venue_id, compound, kind, status, changed_at)
order by venue_id
on conflict (venue_id) do update
  set compound = excluded.compound, kind = excluded.kind, status = excluded.status, changed_at = excluded.changed_at
"""
ORDERS_NOW = """
select compound, count(*)::int as orders_open,
       (count(*) filter (where state = 'ordered' and due_at <= $1))::int as orders_overdue,
       (count(*) filter (where state = 'mended'))::int as orders_mended,
       coalesce(max(level) filter (where state = 'ordered'), 0)::int as highest_level
from rectification where state in ('ordered', 'mended') group by compound
"""
VENUES_NOW = """
select compound, (count(*) filter (where status = 'closed'))::int as venues_closed,
       (count(*) filter (where status = 'approved_open'))::int as venues_approved,
       (count(*) filter (where status = 'found_open'))::int as venues_found_open
from venue group by compound
"""
INSPECTIONS_BETWEEN = """
select compound, count(*)::int as inspections, (count(*) filter (where result = 'pass'))::int as passed,
       (count(*) filter (where result = 'flag'))::int as flagged,
       (count(*) filter (where result = 'fail'))::int as failed,
       (count(*) filter (where inspected = 'round'))::int as spot_checks
from inspection where day between $1 and $2 group by compound
"""
ORDERS_OF_COMPOUND = """
select order_id, item, source, ordered_at, due_at, state, level, state = 'ordered' and due_at <= $2 as overdue
from rectification where compound = $1 and state in ('ordered', 'mended')
order by due_at, order_id limit 50
"""
