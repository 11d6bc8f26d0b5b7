-- migrate:up

-- Copies of what other services own. `version` is the aggregate's: older news never overwrites newer.

create table compound (
  compound text primary key,
  name text not null,
  version int not null
);

create table checkpoint (
  checkpoint text primary key,
  compound text not null,
  name text not null,
  opened_at timestamptz not null,
  version int not null
);

create table policy_version (
  version int primary key,
  effective_from date not null,
  document jsonb not null
);
create index policy_version_by_day on policy_version (effective_from desc, version desc);

create table pass_key (
  key_id text primary key,
  jwk jsonb not null,
  valid_from timestamptz not null
);

create table entry_pass (
  pass_id uuid primary key,
  number text not null,
  serial int not null,
  person_ref uuid not null,
  compound text not null,
  kind text not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  state text not null,
  version int not null,
  constraint entry_pass_state check (state in ('active', 'suspended', 'revoked'))
);
create index entry_pass_by_number on entry_pass (number);
create index entry_pass_by_person on entry_pass (person_ref);

-- Who is under a measure: cases as observation tells them, and gate's own holds (a fever seen here). The id is the
-- case's or the check's.
create table restriction (
  restriction_id uuid primary key,
  source text not null,
  person_ref uuid not null,
  compound text not null,
  measure text not null,
  active boolean not null,
  since timestamptz not null,
  version int not null,
  constraint restriction_source check (source in ('observation', 'gate_fever')),
  constraint restriction_measure check
    (measure in ('medical', 'centralized_observation', 'home_quarantine', 'home_self_monitoring'))
);
create index restriction_by_person on restriction (person_ref) where active;
create unique index restriction_one_hold on restriction (person_ref) where active and source = 'gate_fever';

-- What the guard may see of a person, sealed; null once the card was withdrawn.
create table subject_card (
  person_ref uuid primary key,
  compounds text[] not null,
  surname_sealed bytea,
  homes_sealed bytea,
  version int not null,
  constraint subject_card_whole check ((surname_sealed is null) = (homes_sealed is null))
);

-- Keyed lookup values of documents and of room + surname; they say nothing without gate's index key.
create table card_index (
  index_value bytea not null,
  person_ref uuid not null references subject_card on delete cascade,
  primary key (index_value, person_ref)
);
create index card_index_by_person on card_index (person_ref);

-- What gate owns.

-- Expiry is real time: a code's life has nothing to do with business days. Only the code's hash is kept.
create table enrolment_code (
  request_id uuid primary key,
  code_hash bytea not null,
  checkpoint text not null,
  compound text not null,
  issued_by text not null,
  expires_at timestamptz not null,
  device_id uuid,
  constraint enrolment_code_once unique (code_hash)
);

create table device (
  device_id uuid primary key,
  compound text not null,
  checkpoint text not null,
  credential_hash bytea not null,
  enrolled_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by text,
  version int not null,
  constraint device_revoked_whole check ((revoked_at is null) = (revoked_by is null))
);

-- Every attempt, once. `device_at` is what the device says, `received_at` when gate recorded it, `happened_at` the one
-- of the two that is believed. `content` is a keyed digest of what makes a repeat a repeat.
create table entry_check (
  check_id uuid primary key,
  device_id uuid not null,
  seq bigint not null,
  compound text not null,
  checkpoint text not null,
  direction text not null,
  subject_kind text not null,
  person_ref uuid,
  pass_id uuid,
  mask boolean,
  temperature_c numeric(4, 2),
  answers_sealed bytea,
  verdict text not null,
  reasons text[] not null,
  action text,
  offline boolean not null,
  policy_version int not null,
  device_at timestamptz not null,
  happened_at timestamptz not null,
  time_trusted boolean not null,
  received_at timestamptz not null,
  content bytea not null,
  constraint entry_check_direction check (direction in ('entry', 'exit')),
  constraint entry_check_verdict check (verdict in ('admit', 'admit_with_action', 'cannot_verify', 'refuse'))
);
create index entry_check_by_device on entry_check (device_id, seq);

-- migrate:down
drop table entry_check;
drop table device;
drop table enrolment_code;
drop table card_index;
drop table subject_card;
drop table restriction;
drop table entry_pass;
drop table pass_key;
drop table policy_version;
drop table checkpoint;
drop table compound;
