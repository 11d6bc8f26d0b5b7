-- migrate:up

-- duty: gaps as they were told, and turns held; minutes count for the service record
create table duty_gap (
  gap_id uuid primary key,
  compound text not null,
  checkpoint text not null,
  cause text not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  minutes int
);
create index duty_gap_open on duty_gap (compound) where ended_at is null;
create index duty_gap_by_end on duty_gap (ended_at);
create table duty_turn (
  turn_id uuid primary key,
  shift_id uuid,
  worker_ref uuid not null,
  compound text not null,
  checkpoint text not null,
  started_at timestamptz not null,
  late_minutes int not null,
  ended_at timestamptz,
  ended_by text,
  minutes int
);
create index duty_turn_open on duty_turn (compound) where ended_at is null;
create index duty_turn_by_worker on duty_turn (worker_ref, started_at);

-- migrate:down
drop table duty_turn;
drop table duty_gap;
