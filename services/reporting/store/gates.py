"""Devices at checkpoints, as they last said they are."""

PUT_DEVICES = """
insert into gate_device (device_id, compound, checkpoint, seen_at, queue_length, oldest_queued_at, list_made_at,
                         clock_skew_seconds, revoked)
select device_id, compound, checkpoint, seen_at, queue_length, oldest_queued_at, list_made_at, clock_skew_seconds,
       revoked
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::int[], $6::timestamptz[], $7::timestamptz[],
            $8::int[], $9::boolean[])
  as row (device_id, compound, checkpoint, seen_at, queue_length, oldest_queued_at, list_made_at,
          clock_skew_seconds, revoked)
order by device_id
on conflict (device_id) do update
  set compound = excluded.compound, checkpoint = excluded.checkpoint,
      seen_at = coalesce(excluded.seen_at, gate_device.seen_at),
      queue_length = case when excluded.seen_at is null then gate_device.queue_length else excluded.queue_length end,
      oldest_queued_at = case when excluded.seen_at is null then gate_device.oldest_queued_at
                              else excluded.oldest_queued_at end,
      list_made_at = case when excluded.seen_at is null then gate_device.list_made_at else excluded.list_made_at end,
      clock_skew_seconds = case when excluded.seen_at is null then gate_device.clock_skew_seconds
                                else excluded.clock_skew_seconds end,
      revoked = gate_device.revoked or excluded.revoked
"""
# A checkpoint is a gate as long as it has a device in service, and online while one of them has said something since.
GATES = """
with gate as (
  select compound, checkpoint, max(seen_at) as seen_at from gate_device where not revoked
  group by compound, checkpoint
)
select compound, count(*)::int as gates,
       count(*) filter (where seen_at >= $1::timestamptz)::int as gates_online
from gate group by compound
"""
DEVICES_OF_COMPOUND = """
select checkpoint, seen_at, queue_length, oldest_queued_at, list_made_at, clock_skew_seconds,
       seen_at >= $2::timestamptz as online
from gate_device where compound = $1 and not revoked order by checkpoint, seen_at desc nulls last, device_id
"""
