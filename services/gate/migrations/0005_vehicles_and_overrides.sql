-- migrate:up

-- Copy: vehicle passes; a suspended one does not exist.
create table vehicle_pass (
  vehicle_pass_id uuid primary key,
  number text not null,
  serial int not null,
  vehicle_ref uuid not null,
  compound text not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  state text not null,
  version int not null,
  constraint vehicle_pass_state check (state in ('active', 'revoked'))
);
create index vehicle_pass_by_number on vehicle_pass (number);
create index vehicle_pass_by_vehicle on vehicle_pass (vehicle_ref);

-- Plates as cards tell them: found by keyed index, shown from what is sealed with the person's key.
create table vehicle_plate (
  plate_index bytea not null,
  vehicle_ref uuid not null,
  person_ref uuid not null references subject_card on delete cascade,
  plate_sealed bytea not null,
  primary key (plate_index, vehicle_ref, person_ref)
);
create index vehicle_plate_by_vehicle on vehicle_plate (vehicle_ref);
create index vehicle_plate_by_person on vehicle_plate (person_ref);

-- Every vehicle that asked to pass, once; the people in it have checks of their own.
create table vehicle_check (
  check_id uuid primary key,
  device_id uuid not null,
  seq bigint not null,
  compound text not null,
  checkpoint text not null,
  direction text not null,
  vehicle_ref uuid,
  vehicle_pass_id uuid,
  emergency boolean not null,
  occupants int not null,
  occupant_checks uuid[] not null,
  boot_opened boolean,
  verdict text not null,
  reasons text[] not null,
  offline boolean not null,
  policy_version int not null,
  device_at timestamptz not null,
  happened_at timestamptz not null,
  time_trusted boolean not null,
  received_at timestamptz not null,
  content bytea not null,
  constraint vehicle_check_direction check (direction in ('entry', 'exit')),
  constraint vehicle_check_verdict check (verdict in ('complete', 'held', 'refuse'))
);
create index vehicle_check_by_device on vehicle_check (device_id, seq);

-- A shift leader let somebody pass against the verdict; the note is sealed, for the person or the check.
create table check_override (
  override_id uuid primary key,
  check_id uuid not null references entry_check,
  compound text not null,
  checkpoint text not null,
  verdict text not null,
  reason text not null,
  note_sealed bytea,
  overridden_by text not null,
  overridden_at timestamptz not null,
  content bytea not null,
  constraint check_override_once unique (check_id),
  constraint check_override_reason check
    (reason in ('identity_confirmed', 'medical_need', 'system_fault', 'order_of_headquarters', 'other'))
);

-- A mistyped reading was put right by a new check; both are kept.
create table check_correction (
  check_id uuid primary key references entry_check,
  corrects uuid not null references entry_check,
  corrected_at timestamptz not null,
  constraint check_correction_once unique (corrects)
);

-- To find whether another fever of somebody stands.
create index entry_check_by_person on entry_check (person_ref, received_at) where 'fever' = any (reasons);

-- migrate:down
drop index entry_check_by_person;
drop table check_correction;
drop table check_override;
drop table vehicle_check;
drop table vehicle_plate;
drop table vehicle_pass;
