-- migrate:up

-- A temporary gate and one that is closed need nobody on duty.
alter table checkpoint
  add column temporary boolean not null default false,
  add column closed_at timestamptz;

-- A grant for a neighbourhood covers its compounds.
alter table compound add column neighbourhood text;

-- Copy: who is posted where; `worker_ref` is the registry's pseudonym.
create table worker_posting (
  posting_id uuid primary key,
  worker_ref uuid not null,
  compound text,
  checkpoint text,
  from_day date not null,
  until_day date,
  version int not null
);
create index worker_posting_by_worker on worker_posting (worker_ref);

-- A worker's badge: its number is told once and kept as a keyed index only, like the staff number of rosters.
create table duty_badge (
  worker_ref uuid primary key,
  badge_id uuid not null,
  badge_index bytea not null,
  staff_index bytea not null,
  issued_by text not null,
  issued_at timestamptz not null,
  constraint duty_badge_number unique (badge_index),
  constraint duty_badge_staff unique (staff_index)
);

-- What is planned. A shift that was taken out of the plan keeps its row.
create table duty_shift (
  shift_id uuid primary key,
  checkpoint text not null,
  compound text not null,
  worker_ref uuid not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  source text not null,
  planned_by text not null,
  planned_at timestamptz not null,
  cancelled_at timestamptz,
  cancelled_by text,
  constraint duty_shift_span check (starts_at < ends_at),
  constraint duty_shift_source check (source in ('single', 'pattern', 'import')),
  constraint duty_shift_cancelled_whole check ((cancelled_at is null) = (cancelled_by is null))
);
create index duty_shift_at_post on duty_shift (checkpoint, starts_at, shift_id);
create index duty_shift_by_worker on duty_shift (worker_ref, starts_at);

create table duty_pattern (
  pattern_id uuid primary key,
  content bytea not null,
  planned_by text not null,
  planned_at timestamptz not null
);

create table duty_swap (
  swap_id uuid primary key,
  shift_id uuid not null references duty_shift,
  other_shift_id uuid not null references duty_shift,
  swapped_by text not null,
  swapped_at timestamptz not null
);

-- What was held: `device_started_at` and `device_ended_at` are the device's own times.
create table duty_turn (
  turn_id uuid primary key,
  checkpoint text not null,
  compound text not null,
  worker_ref uuid not null,
  shift_id uuid references duty_shift,
  device_id uuid not null,
  device_started_at timestamptz not null,
  started_at timestamptz not null,
  late_minutes int not null,
  received_at timestamptz not null,
  device_ended_at timestamptz,
  ended_at timestamptz,
  ended_by text,
  minutes int,
  version int not null,
  constraint duty_turn_ended_whole
    check ((ended_at is null) = (minutes is null) and (ended_at is null) = (ended_by is null)),
  constraint duty_turn_ended_by check (ended_by in ('check_out', 'handover', 'lapsed')),
  constraint duty_turn_span check (ended_at >= started_at)
);
create unique index duty_turn_one_open on duty_turn (worker_ref) where ended_at is null;
create unique index duty_turn_of_shift on duty_turn (shift_id) where shift_id is not null;
create index duty_turn_at_post on duty_turn (checkpoint, started_at);
create index duty_turn_by_worker on duty_turn (worker_ref, started_at);

create table duty_handover (
  handover_id uuid primary key,
  checkpoint text not null,
  compound text not null,
  outgoing_turn uuid not null references duty_turn,
  incoming_turn uuid not null references duty_turn,
  device_at timestamptz not null,
  handed_at timestamptz not null,
  entered int not null,
  left_count int not null,
  refused int not null,
  cannot_verify int not null,
  fever int not null,
  materials jsonb not null,
  note_sealed bytea,
  content bytea not null
);
create index duty_handover_at_post on duty_handover (checkpoint, handed_at desc);

-- Gaps as they were told; a day's coverage is reckoned from shifts and turns.
create table duty_gap (
  gap_id uuid primary key,
  checkpoint text not null,
  compound text not null,
  cause text not null,
  began_at timestamptz not null,
  opened_at timestamptz not null,
  ended_at timestamptz,
  minutes int,
  constraint duty_gap_once unique (checkpoint, cause, began_at),
  constraint duty_gap_cause check (cause in ('not_planned', 'not_checked_in')),
  constraint duty_gap_ended_whole check ((ended_at is null) = (minutes is null))
);
create index duty_gap_open on duty_gap (checkpoint) where ended_at is null;
create index duty_gap_by_time on duty_gap (began_at desc, gap_id);

-- Up to when a post's gaps were looked for.
create table duty_watch (
  checkpoint text primary key,
  judged_through timestamptz not null
);

-- For the counts of a handover; a block range index, because every check pays for an index.
create index entry_check_by_time on entry_check using brin (received_at) with (autosummarize = on);

-- migrate:down
drop index entry_check_by_time;
drop table duty_watch;
drop table duty_gap;
drop table duty_handover;
drop table duty_turn;
drop table duty_swap;
drop table duty_pattern;
drop table duty_shift;
drop table duty_badge;
drop table worker_posting;
alter table compound drop column neighbourhood;
alter table checkpoint drop column closed_at, drop column temporary;
