-- migrate:up

-- Technical means: a device at one door of somebody in home quarantine, with a key of its own. It ends with the case.
-- `heard_at` and `silence_told` are real time: the last word, and the last word before a silence that was told.
create table door_device (
  device_id uuid primary key,
  case_id uuid not null references observation_case,
  door int not null,
  key_hash bytea not null,
  registered_at timestamptz not null,
  registered_by text not null,
  heard_at timestamptz not null,
  silence_told timestamptz,
  ended_at timestamptz,
  ended_by text,
  constraint door_device_ends_whole check ((ended_at is null) = (ended_by is null))
);
create unique index door_device_one_per_door on door_device (case_id, door) where ended_at is null;

create table door_opening (
  signal_id uuid primary key,
  device_id uuid not null references door_device,
  opened_at timestamptz not null,
  received_at timestamptz not null,
  task_id uuid
);
create index door_opening_by_device on door_opening (device_id, opened_at);

-- What somebody has to look into: a burst of openings, or a device that fell silent. The note is free text about a
-- person and sealed.
create table door_task (
  number bigint generated always as identity,
  task_id uuid primary key,
  device_id uuid not null references door_device,
  case_id uuid not null references observation_case,
  kind text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  openings int not null,
  raised_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  result text,
  result_id uuid,
  note_sealed bytea,
  content_index bytea,
  constraint door_task_kind_known check (kind in ('opened', 'heartbeat_lost')),
  constraint door_task_result_known
    check (result in ('explained', 'left_home', 'false_alarm', 'device_mended', 'heard_again')),
  constraint door_task_ends_whole check ((ended_at is null) = (result is null) and (ended_at is null) = (ended_by is null)),
  constraint door_task_runs_forward check (first_at <= last_at),
  constraint door_task_result_once unique (result_id)
);
create unique index door_task_in_order on door_task (number);
create unique index door_task_one_silence on door_task (device_id) where kind = 'heartbeat_lost' and ended_at is null;
create index door_task_by_case on door_task (case_id, number);
create index door_task_open on door_task (number) where ended_at is null;
alter table door_opening add constraint door_opening_of_task foreign key (task_id) references door_task;

-- migrate:down
drop table door_opening;
drop table door_task;
drop table door_device;
