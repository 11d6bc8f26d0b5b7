"""Up to which business time each source is in a read model, and since when in real time."""

# First of all that a batch writes: it also says at which instant ($5) what is written over stops being what was known.
NOTE_AS_OF = """
with known as (select set_config('fangkong.known_at', $5::timestamptz::text, true))
insert into projection_as_of (projection, producer, channel, event_time) select $1, $2, $3, $4 from known
on conflict (projection, producer, channel) do update
  set event_time = greatest(projection_as_of.event_time, excluded.event_time)
"""
# A source is whole up to now when everything is applied that its producer had said when it was last heard; else up to
# the last movement. What is of real time is measured on the database's clock, which also wrote it down, and judged by
# the policy of the real day.
AS_OF = """
with heard as (
  select projection, producer, channel, event_time from projection_as_of where projection = any($1::text[])
), seat as (
  select p.consumer as projection, p.producer, p.channel, p.moved_at,
    case when (p.epoch, p.last_pos) >= (h.epoch, h.pos) then greatest(p.moved_at, h.heard_at) else p.moved_at end
      as whole_at
  from bus_position p left join bus_heard h using (producer, channel) where p.consumer = any($1::text[])
), source as (
  select producer, channel, min(event_time) as event_time, min(moved_at) as moved_at,
    extract(epoch from clock_timestamp() - min(whole_at))::float8 as age
  from heard full join seat using (projection, producer, channel)
  group by producer, channel
), rule as (
  select (document -> 'reporting' ->> 'stale_after_seconds')::float8 as seconds from policy_version
  where effective_from <= (clock_timestamp() at time zone 'Asia/Shanghai')::date
  order by effective_from desc, version desc limit 1
)
select producer, channel, event_time, moved_at, age, age > (select seconds from rule) as stale
from source order by producer, channel
"""
# How far these read models are, beside how far their producers were heard to be.
STANDINGS = """
select p.consumer, p.producer, p.channel, p.epoch, p.last_pos, h.epoch as heard_epoch, h.pos as heard_pos
from bus_position p join bus_heard h using (producer, channel) where p.consumer = any($1::text[])
"""
# What changes whenever one of these read models has taken a step, or something happened to a finding.
MARK = """
select md5(concat(string_agg(format('%s %s %s %s %s', consumer, producer, channel, epoch, last_pos), ','
    order by consumer, producer, channel), (select max(nth) from finding_act))) as mark,
  (select max(event_time) from projection_as_of where projection = any($1::text[])) as event_time
from bus_position where consumer = any($1::text[])
"""
