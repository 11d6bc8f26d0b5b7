"""Up to which business time each source is in a read model."""

NOTE_AS_OF = """
insert into projection_as_of (projection, producer, channel, event_time) values ($1, $2, $3, $4)
on conflict (projection, producer, channel) do update
  set event_time = greatest(projection_as_of.event_time, excluded.event_time)
"""
AS_OF = """
with heard as (
  select projection, producer, channel, event_time from projection_as_of where projection = any($1::text[])
), seat as (
  select consumer as projection, producer, channel, moved_at from bus_position where consumer = any($1::text[])
)
select producer, channel, min(event_time) as event_time, min(moved_at) as moved_at
from heard full join seat using (projection, producer, channel)
group by producer, channel
order by producer, channel
"""
