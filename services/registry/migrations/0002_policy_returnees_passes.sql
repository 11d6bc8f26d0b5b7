-- migrate:up

-- ---- policy: every number that a rule reads, as dated versions (R1.2)

create table policy_version (
  version int primary key,
  effective_from date not null,
  revised_by text not null,
  revised_at timestamptz not null,
  document jsonb not null,
  constraint policy_version_from_one check (version >= 1)
);
create index policy_by_day on policy_version (effective_from desc, version desc);

-- ---- public figures (files in data/): divisions and cumulative case counts. Loaded once per file content.

create table figures_loaded (
  name text primary key,
  sha256 bytea not null,
  rows int not null,
  loaded_at timestamptz not null
);

create table division (
  code text primary key,
  name text not null,
  level text not null,
  parent text,
  same_as text,
  constraint division_code_shape check (code ~ '^[0-9]{6}$'),
  constraint division_level check (level in ('province', 'city', 'county'))
);

create table case_count (
  day date not null,
  province_code text not null,
  province text not null,
  city_code text,
  city text,
  confirmed int not null,
  suspected int not null,
  cured int not null,
  dead int not null,
  constraint case_count_once unique nulls not distinct (day, province_code, city_code, city),
  constraint case_count_codes check (province_code ~ '^[0-9]{6}$' and city_code ~ '^[0-9]{6}$')
);

-- ---- risk areas: dated lists of division codes; a revision replaces the whole list from its day on (R4.8)

create table risk_revision (
  revision int primary key,
  effective_from date not null,
  areas jsonb not null,
  proposed_from date,
  published_by text not null,
  published_at timestamptz not null,
  constraint risk_revision_from_one check (revision >= 1)
);

-- ---- who came back. Trip fields fall to retention; the reason of an officer is sealed (R2.7, R4.6 to R4.9)

create table returnee_intake (
  intake_id uuid primary key,
  person_ref uuid not null,
  compound_id text not null,
  dwelling_id uuid not null,
  grid_id text not null,
  origin_code text not null,
  arrived_on date not null,
  transport text not null,
  proof boolean not null,
  category text not null,
  measure text not null,
  reason_sealed bytea,
  approved_by text,
  anchor_date date not null,
  anchor_basis text not null,
  last_day date not null,
  pass_from date not null,
  policy_version int not null,
  risk_revision int not null,
  registered_at timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  content_index bytea not null,
  case_id uuid,
  constraint returnee_is_a_person foreign key (person_ref) references person,
  constraint returnee_at_a_dwelling foreign key (dwelling_id) references dwelling,
  constraint returnee_under_a_policy foreign key (policy_version) references policy_version,
  constraint returnee_under_a_risk_list foreign key (risk_revision) references risk_revision,
  constraint returnee_transport check (transport in ('train', 'plane', 'coach', 'car', 'ship', 'other')),
  constraint returnee_category check (category in ('focus', 'higher_risk', 'concern', 'other', 'close_contact')),
  constraint returnee_measure check (measure in
    ('centralized_observation', 'home_quarantine', 'home_self_monitoring')),
  constraint returnee_anchor_basis check (anchor_basis in
    ('arrival_with_proof', 'registration_date', 'last_exposure')),
  constraint returnee_days_in_order check (anchor_date <= last_day and last_day < pass_from)
);
create index returnee_by_person on returnee_intake (person_ref);
create index returnee_by_compound on returnee_intake (compound_id, recorded_at, intake_id);
-- Registered and not yet begun: at most one of a person, whoever registers at the same moment.
create unique index returnee_pending_once on returnee_intake (person_ref) where case_id is null;

-- ---- observation's facts as the registry knows them: its own copy, one row a case

create table observation_state (
  case_id uuid primary key,
  person_ref uuid not null,
  compound_id text not null,
  state text not null,
  last_day date not null,
  pass_from date,
  started_at timestamptz not null,
  completed_at timestamptz,
  constraint observation_state_known check (state in ('in_force', 'interrupted', 'awaiting_closure', 'completed')),
  constraint observation_completed_whole check ((state = 'completed') = (completed_at is not null))
);
create index observation_state_by_person on observation_state (person_ref);

-- ---- entry passes (R2.4, R2.7, P5)

create table entry_pass (
  pass_id uuid primary key,
  number text not null,
  serial int not null default 1,
  person_ref uuid not null,
  compound_id text not null,
  kind text not null,
  state text not null,
  reason text,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  policy_version int not null,
  token_sealed bytea not null,
  issued_by text not null,
  changed_at timestamptz not null,
  version int not null default 1,
  constraint entry_pass_number_once unique (number),
  constraint entry_pass_number_shape check (number ~ '^[0-9]{8}$'),
  constraint entry_pass_of_a_person foreign key (person_ref) references person,
  constraint entry_pass_of_a_compound foreign key (compound_id) references compound,
  constraint entry_pass_under_a_policy foreign key (policy_version) references policy_version,
  constraint entry_pass_kind check (kind in ('resident', 'temporary')),
  constraint entry_pass_state check (state in ('active', 'suspended', 'revoked')),
  constraint entry_pass_reason_named check ((state = 'active') = (reason is null)),
  constraint entry_pass_validity check (valid_from < valid_until)
) with (fillfactor = 90);
-- The guard of "asked twice, issued once": one active pass of a person and compound.
create unique index entry_pass_one_active on entry_pass (person_ref, compound_id) where state = 'active';
create index entry_pass_by_person on entry_pass (person_ref);

-- Every asking by its client-made id, so that a repeat gets the first answer.
create table pass_request (
  request_id uuid primary key,
  person_ref uuid not null,
  compound_id text not null,
  pass_id uuid not null,
  constraint pass_request_answered foreign key (pass_id) references entry_pass
);

-- Keys that sign passes; the private part is sealed in the vault under `key_ref`, and opens only with the master key.
create table pass_key (
  key_id text primary key,
  key_ref uuid not null,
  public_jwk jsonb not null,
  private_sealed bytea not null,
  valid_from timestamptz not null,
  retired_at timestamptz,
  constraint pass_key_ref_once unique (key_ref)
);
create unique index pass_key_one_signs on pass_key ((true)) where retired_at is null;

-- ---- sealed cards: which service holds one of whom, and which version it is

create table card_sent (
  recipient text not null,
  person_ref uuid not null,
  version int not null,
  content_index bytea,
  primary key (recipient, person_ref),
  constraint card_sent_recipient check (recipient in ('observation', 'sanitation')),
  constraint card_of_a_person foreign key (person_ref) references person
);

-- migrate:down
drop table card_sent;
drop table pass_key;
drop table pass_request;
drop table entry_pass;
drop table observation_state;
drop table returnee_intake;
drop table risk_revision;
drop table case_count;
drop table division;
drop table figures_loaded;
drop table policy_version;
