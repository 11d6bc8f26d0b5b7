-- migrate:up

-- A device changes its credential by itself: the next one counts from its first use, until then both do, so that a
-- lost answer locks nobody out.
alter table device add column next_credential_hash bytea;

-- How a device is, as it last said itself. Real time, like every heartbeat; `list_made_at` and `oldest_queued_at` are
-- business instants. `told_at` is when it was last told on the bus.
create table device_report (
  device_id uuid primary key references device,
  seen_at timestamptz not null,
  told_at timestamptz,
  app_version text not null,
  queue_length int not null,
  oldest_queued_at timestamptz,
  quarantined int not null,
  rejected int not null,
  list_made_at timestamptz,
  clock_skew_seconds int not null
);
create index device_by_checkpoint on device (checkpoint, device_id);

-- What is kept aside for a supervisor: what a revoked device still sent, and stamps from the future. The item is
-- sealed with a key of the device's own; `digest` is a keyed one, so that the same item is kept once.
create table quarantined_item (
  item_id uuid primary key,
  device_id uuid not null references device,
  compound text not null,
  checkpoint text not null,
  digest bytea not null,
  cause text not null,
  item_sealed bytea not null,
  received_at timestamptz not null,
  state text not null default 'held',
  outcome text,
  decided_at timestamptz,
  decided_by text,
  decided_because text,
  constraint quarantined_item_once unique (device_id, digest),
  constraint quarantined_item_cause check (cause in ('device_revoked', 'stamp_in_future')),
  constraint quarantined_item_state check (state in ('held', 'released', 'discarded')),
  constraint quarantined_item_decided check
    ((state = 'held') = (decided_at is null) and (decided_at is null) = (decided_by is null)
      and (decided_at is null) = (decided_because is null) and (outcome is null or state = 'released'))
);
create index quarantined_item_waiting on quarantined_item (item_id) where state = 'held';

-- migrate:down
drop table quarantined_item;
drop index device_by_checkpoint;
drop table device_report;
alter table device drop column next_credential_hash;
