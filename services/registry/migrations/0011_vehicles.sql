-- migrate:up

-- ---- vehicles: the plate is sealed under the owner's key and found by keyed index (R2.3, R2.4)

create table vehicle (
  vehicle_ref uuid primary key,
  person_ref uuid not null,
  dwelling_id uuid not null,
  plate_sealed bytea not null,
  plate_index bytea not null,
  plate_kind text not null,
  registered_at timestamptz not null,
  registered_by text not null,
  removed_at timestamptz,
  constraint vehicle_of_a_person foreign key (person_ref) references person,
  constraint vehicle_at_a_dwelling foreign key (dwelling_id) references dwelling,
  constraint vehicle_plate_kind check
    (plate_kind in ('ordinary', 'new_energy', 'police', 'military', 'special', 'unusual'))
);
create unique index vehicle_plate_once on vehicle (plate_index) where removed_at is null;
create index vehicle_by_owner on vehicle (person_ref);

create table vehicle_pass (
  vehicle_pass_id uuid primary key,
  number text not null,
  serial int not null default 1,
  vehicle_ref uuid not null,
  compound_id text not null,
  state text not null default 'active',
  reason text,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  policy_version int not null,
  token_sealed bytea not null,
  issued_by text not null,
  version int not null default 1,
  constraint vehicle_pass_number_once unique (number),
  constraint vehicle_pass_of_a_vehicle foreign key (vehicle_ref) references vehicle,
  constraint vehicle_pass_of_a_compound foreign key (compound_id) references compound,
  constraint vehicle_pass_under_a_policy foreign key (policy_version) references policy_version,
  constraint vehicle_pass_state check (state in ('active', 'revoked')),
  constraint vehicle_pass_reason_named check ((state = 'active') = (reason is null)),
  constraint vehicle_pass_validity check (valid_from < valid_until)
);
create unique index vehicle_pass_one_active on vehicle_pass (vehicle_ref, compound_id) where state = 'active';
create index vehicle_pass_by_compound on vehicle_pass (compound_id, vehicle_pass_id);

create table vehicle_pass_request (
  request_id uuid primary key,
  vehicle_pass_id uuid not null,
  asked text not null,
  constraint vehicle_pass_request_answered foreign key (vehicle_pass_id) references vehicle_pass
);

-- migrate:down
drop table vehicle_pass_request;
drop table vehicle_pass;
drop table vehicle;
