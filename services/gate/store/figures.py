"""Counts for the gauges: of places, never of anybody."""

# A spare that was last switched on long before the others of its post says nothing about the post.
DEVICES = """
select compound, checkpoint, max(seen_at) as seen_at, sum(queue_length)::int as queue_length,
  min(oldest_queued_at - make_interval(secs => clock_skew_seconds)) as oldest_queued_at,
  (array_agg(clock_skew_seconds order by abs(clock_skew_seconds) desc))[1] as clock_skew_seconds,
  case when bool_and(list_made_at is not null) then min(list_made_at) end as list_made_at
from (
  select d.compound, d.checkpoint, r.*, max(r.seen_at) over (partition by d.checkpoint) as last_seen_at
  from device d join device_report r using (device_id) where d.revoked_at is null
) reported
where seen_at > last_seen_at - interval '1 day'
group by compound, checkpoint
"""
ON_DUTY = """
select compound, checkpoint, count(*)::int as people from duty_turn where ended_at is null
group by compound, checkpoint
"""
SECONDS_IN_TRANSACTION = "select extract(epoch from clock_timestamp() - transaction_timestamp())::float8"
