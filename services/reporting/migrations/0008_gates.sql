-- migrate:up

-- gates: devices at checkpoints, as they last said they are. `seen_at` is real time.
create table gate_device (
  device_id uuid primary key,
  compound text not null,
  checkpoint text not null,
  seen_at timestamptz,
  queue_length int,
  oldest_queued_at timestamptz,
  list_made_at timestamptz,
  clock_skew_seconds int,
  revoked boolean not null
);
create index gate_device_in_service on gate_device (compound, checkpoint) where not revoked;

-- check_flags: checks that need a look. `ended_at` is when the pass of a late admission had ended.
create table check_flag (
  check_id uuid not null,
  flag text not null,
  other_check_id uuid not null,
  compound text not null,
  checkpoint text not null,
  flagged_at timestamptz not null,
  ended_at timestamptz,
  primary key (check_id, flag, other_check_id)
);
create index check_flag_by_time on check_flag (flagged_at desc, check_id);

-- migrate:down
drop table check_flag;
drop table gate_device;
