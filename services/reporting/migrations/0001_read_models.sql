-- migrate:up

-- The business time of the newest event that a projection has applied, per source.
create table projection_as_of (
  projection text not null,
  producer text not null,
  channel text not null,
  event_time timestamptz not null,
  primary key (projection, producer, channel)
);

-- policy
create table policy_version (
  version int primary key,
  effective_from date not null,
  document jsonb not null
);
create index policy_version_by_day on policy_version (effective_from desc, version desc);

-- compounds
create table compound (
  compound text primary key,
  name text not null,
  neighbourhood text not null,
  mode text not null,
  area_m2 int not null
);

-- population: one home a person, so that the compounds add up to the town; of dwellings those of which the registry
-- has told who lives there
create table person_residence (
  person_ref uuid primary key,
  compound text not null,
  dwelling_id uuid not null,
  relation text not null,
  resident boolean not null
);
create table dwelling (
  dwelling_id uuid primary key,
  compound text not null,
  grid text not null,
  occupancy text not null,
  members int not null
);
create table compound_population (
  compound text primary key,
  people int not null default 0,
  residents int not null default 0,
  households int not null default 0
);

-- addresses: the denominator; a compound's dwellings are the sum over its grids
create table grid_addresses (
  grid text primary key,
  compound text not null,
  dwellings int not null
);

-- entry_flow
create table entry_flow (
  day date not null,
  compound text not null,
  hour smallint not null,
  checks int not null,
  entries int not null,
  exits int not null,
  refused int not null,
  cannot_verify int not null,
  fever int not null,
  offline int not null,
  primary key (day, compound, hour)
);

-- entry_passes
create table entry_pass (
  pass_id uuid primary key,
  compound text not null,
  kind text not null,
  state text not null,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  constraint entry_pass_state_known check (state in ('active', 'suspended', 'revoked'))
);
create index entry_pass_active on entry_pass (compound, valid_until, valid_from) where state = 'active';

-- observation_roll
create table observation_case (
  case_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  dwelling_id uuid not null,
  grid text not null,
  category text not null,
  measure text not null,
  state text not null,
  anchor_date date not null,
  last_day date not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  constraint observation_case_state_known
    check (state in ('active', 'interrupted', 'awaiting_closure', 'completed')),
  constraint observation_case_ended check ((state = 'completed') = (ended_at is not null))
);
create index observation_case_by_last_day on observation_case (last_day, case_id);
create index observation_case_of_compound on observation_case (compound, last_day, case_id);
create index observation_case_open on observation_case (compound, measure) where state <> 'completed';
create table declaration_window (
  case_id uuid not null,
  day date not null,
  part text not null,
  state text not null,
  declared_at timestamptz,
  primary key (case_id, day, part),
  constraint declaration_window_part_known check (part in ('morning', 'evening')),
  constraint declaration_window_state_known check (state in ('missed', 'late', 'submitted'))
);
create table declaration_streak (
  case_id uuid primary key,
  streak int not null
);

-- site_rounds
create table site (
  site_id uuid primary key,
  compound text not null,
  kind text not null,
  rounds_per_day int,
  since date not null,
  active boolean not null
);
create index site_of_compound on site (compound);
create table site_day (
  site_id uuid not null,
  day date not null,
  logged int not null,
  counted int not null,
  outside_range int not null,
  primary key (day, site_id)
);

-- migrate:down
drop table site_day;
drop table site;
drop table declaration_streak;
drop table declaration_window;
drop table observation_case;
drop table entry_pass;
drop table entry_flow;
drop table grid_addresses;
drop table compound_population;
drop table dwelling;
drop table person_residence;
drop table compound;
drop table policy_version;
drop table projection_as_of;
