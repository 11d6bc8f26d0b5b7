"""Entry passes as they stand, and how many are good at a moment."""

# As of people: all parts see the rows as they were before the statement, and nobody else writes between the two. An
# instant on the hour or at midnight, where most passes begin and end, belongs to the hour and day that it closes.
PUT_PASSES = """
with incoming as (
  select pass_id, compound, kind, state, valid_from, valid_until
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
    as row (pass_id, compound, kind, state, valid_from, valid_until)
), before as (
  select p.compound, p.state, p.valid_from, p.valid_until from entry_pass p join incoming using (pass_id)
), written as (
  insert into entry_pass (pass_id, compound, kind, state, valid_from, valid_until)
  select pass_id, compound, kind, state, valid_from, valid_until from incoming order by pass_id
  on conflict (pass_id) do update
    set compound = excluded.compound, kind = excluded.kind, state = excluded.state,
        valid_from = excluded.valid_from, valid_until = excluded.valid_until
), turned as (
  select compound, state, valid_from, valid_until, 1 as passes from incoming
  union all
  select compound, state, valid_from, valid_until, -1 from before
), point as (
  select compound, valid_from as at, passes as change from turned where state = 'active' and valid_from < valid_until
  union all
  select compound, valid_until, -passes from turned where state = 'active' and valid_from < valid_until
)
insert into pass_change (grain, upto, compound, change)
select grain.name,
  date_bin(grain.span, point.at + grain.span - interval '1 microsecond', timestamptz '2020-01-01 00:00+08'),
  point.compound, sum(point.change)
from point cross join (values ('hour', interval '1 hour'), ('day', interval '1 day')) as grain (name, span)
group by 1, 2, 3 having sum(point.change) <> 0
order by 1, 2, 3
on conflict (grain, upto, compound) do update set change = pass_change.change + excluded.change
"""
CHANGE_PASSES = """
with incoming as (
  select pass_id, state from unnest($1::uuid[], $2::text[]) as row (pass_id, state)
), before as (
  select p.pass_id, p.compound, p.state, p.valid_from, p.valid_until from entry_pass p join incoming using (pass_id)
), written as (
  update entry_pass p set state = incoming.state from incoming where p.pass_id = incoming.pass_id
), turned as (
  select compound, incoming.state, valid_from, valid_until, 1 as passes from incoming join before using (pass_id)
  union all
  select compound, state, valid_from, valid_until, -1 from before
), point as (
  select compound, valid_from as at, passes as change from turned where state = 'active' and valid_from < valid_until
  union all
  select compound, valid_until, -passes from turned where state = 'active' and valid_from < valid_until
)
insert into pass_change (grain, upto, compound, change)
select grain.name,
  date_bin(grain.span, point.at + grain.span - interval '1 microsecond', timestamptz '2020-01-01 00:00+08'),
  point.compound, sum(point.change)
from point cross join (values ('hour', interval '1 hour'), ('day', interval '1 day')) as grain (name, span)
group by 1, 2, 3 having sum(point.change) <> 0
order by 1, 2, 3
on conflict (grain, upto, compound) do update set change = pass_change.change + excluded.change
"""
# However the changes came in batches, the rows are the same.
FORGET_NO_CHANGE = "delete from pass_change where change = 0"
ACTIVE_PASSES = """
with past as (
  select date_bin('1 day', $1::timestamptz, timestamptz '2020-01-01 00:00+08') as day,
         date_bin('1 hour', $1::timestamptz, timestamptz '2020-01-01 00:00+08') as hour
), step as (
  select compound, change from pass_change cross join past where grain = 'day' and upto <= past.day
  union all
  select compound, change from pass_change cross join past
  where grain = 'hour' and upto > past.day and upto <= past.hour
  union all
  select compound, 1 from entry_pass cross join past
  where state = 'active' and valid_from < valid_until and valid_from > past.hour and valid_from <= $1
  union all
  select compound, -1 from entry_pass cross join past
  where state = 'active' and valid_from < valid_until and valid_until > past.hour and valid_until <= $1
)
select compound, sum(change)::int as passes_active from step group by compound
"""
