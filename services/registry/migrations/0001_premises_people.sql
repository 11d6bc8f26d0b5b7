-- migrate:up

-- ---- premises: the town's book of places. Addresses of dwellings are public knowledge; who lives there is not.

create table neighbourhood (
  neighbourhood_id text primary key,
  name text not null,
  kind text not null,
  version int not null default 1,
  constraint neighbourhood_id_shape check (neighbourhood_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  constraint neighbourhood_kind check (kind in ('community', 'village'))
);

create table compound (
  compound_id text primary key,
  neighbourhood_id text not null,
  name text not null,
  building_type text not null,
  address text not null,
  area_m2 int not null,
  buildings int,
  households int,
  mode text not null,
  property_company text,
  note text,
  version int not null default 1,
  constraint compound_id_shape check (compound_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  constraint compound_in_one_neighbourhood foreign key (neighbourhood_id) references neighbourhood,
  constraint compound_mode check (mode in ('closed', 'staffed')),
  constraint compound_building_type check (building_type in ('high_rise', 'mid_rise', 'low_rise', 'village')),
  constraint compound_area_positive check (area_m2 > 0)
);
create index compound_by_neighbourhood on compound (neighbourhood_id);

create table checkpoint (
  checkpoint_id text primary key,
  compound_id text not null,
  name text not null,
  traffic text not null,
  opened_on date not null,
  closed_on date,
  note text,
  policy_version int not null,
  version int not null default 1,
  constraint checkpoint_id_shape check (checkpoint_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  constraint checkpoint_of_a_compound foreign key (compound_id) references compound,
  constraint checkpoint_traffic check (traffic in ('mixed', 'pedestrian')),
  constraint checkpoint_closes_after_opening check (closed_on >= opened_on)
);
create index checkpoint_by_compound on checkpoint (compound_id);

create table grid (
  grid_id text primary key,
  compound_id text not null,
  name text not null,
  span text,
  dwellings int not null,
  version int not null default 1,
  constraint grid_id_shape check (grid_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  constraint grid_of_a_compound foreign key (compound_id) references compound,
  constraint grid_within_compound unique (compound_id, grid_id)
);

-- The address list: the denominator of surveys (R4.1). `*_order` are the numbers in the parts, for reading order.
create table dwelling (
  dwelling_id uuid primary key,
  compound_id text not null,
  grid_id text not null,
  building text not null,
  unit text not null,
  room text not null,
  building_order int not null,
  unit_order int not null,
  room_order int not null,
  address text not null,
  occupancy text not null,
  version int not null default 1,
  constraint dwelling_once unique (compound_id, building, unit, room),
  constraint dwelling_in_one_grid foreign key (compound_id, grid_id) references grid (compound_id, grid_id),
  constraint dwelling_named check (building <> '' and room <> ''),
  constraint dwelling_occupancy check (occupancy in ('owner_occupied', 'let', 'empty'))
) with (fillfactor = 80);  -- its version moves with every change of the household
create index dwelling_in_order
  on dwelling (compound_id, building_order, building, unit_order, unit, room_order, room);

-- ---- people: pseudonym, sealed values, keyed lookups (architecture §8). No name, document or phone in the clear.

create table person (
  person_ref uuid primary key,
  name_sealed bytea not null,
  sex_sealed bytea not null,
  born_sealed bytea not null,
  phone_sealed bytea,
  name_index bytea not null,
  phone_index bytea,
  origin_code text,
  guardian_ref uuid,
  gate_card boolean not null,
  registered_at timestamptz not null,
  version int not null default 1,
  constraint person_guardian foreign key (guardian_ref) references person,
  constraint person_is_not_own_guardian check (guardian_ref <> person_ref),
  constraint person_origin_code check (origin_code ~ '^[0-9]{6}$')
) with (fillfactor = 90);
create index person_by_name on person (name_index);
create index person_by_phone on person (phone_index) where phone_index is not null;
create index person_by_guardian on person (guardian_ref) where guardian_ref is not null;

create table person_document (
  person_ref uuid not null,
  kind text not null,
  number_index bytea not null,
  number_sealed bytea not null,
  verified boolean not null,
  error text,
  added_at timestamptz not null,
  primary key (person_ref, number_index, kind),
  constraint document_of_a_person foreign key (person_ref) references person,
  constraint document_kind check (kind in ('resident_id', 'residence_permit_81_82_83', 'hk_macau_permit',
    'taiwan_permit', 'passport')),
  constraint document_error_where_unverified check (verified = (error is null))
);
-- One verified document, one person: whoever registers the same one at the same moment meets this.
create unique index document_is_one_persons on person_document (number_index, kind) where verified;
create index document_by_number on person_document (number_index);

create table residence (
  person_ref uuid not null,
  dwelling_id uuid not null,
  relation text not null,
  resident boolean not null,
  registered_on date not null,
  ended_on date,
  surname_index bytea not null,
  identity_index bytea not null,
  content_index bytea not null,
  note_sealed bytea,
  version int not null default 1,
  primary key (person_ref, dwelling_id),
  constraint residence_of_a_person foreign key (person_ref) references person,
  constraint residence_at_a_dwelling foreign key (dwelling_id) references dwelling,
  constraint residence_relation check (relation in ('owner', 'tenant', 'dependant')),
  constraint residence_ends_after_registration check (ended_on >= registered_on)
);
create index residence_by_dwelling on residence (dwelling_id);
create index residence_by_identity on residence (identity_index);
create index residence_by_surname on residence (surname_index);

-- ---- who serves where (R3.1, R3.2)

create table worker (
  worker_ref uuid primary key,
  code text not null,
  name_sealed bytea not null,
  sex_sealed bytea not null,
  phone_sealed bytea not null,
  content_index bytea not null,
  kind text not null,
  home_unit text not null,
  work_group text,
  home_compound_id text,
  version int not null default 1,
  constraint worker_code_once unique (code),
  constraint worker_lives_in_a_compound foreign key (home_compound_id) references compound,
  constraint worker_kind check (kind in ('work_group_leader', 'work_group_member', 'auxiliary_police', 'guard',
    'grid_leader', 'community_police', 'grid_worker', 'health_worker', 'enforcement_officer', 'property_staff',
    'stair_leader', 'volunteer', 'named_person'))
);

create table posting (
  posting_id uuid primary key,
  worker_ref uuid not null,
  place_kind text not null,
  neighbourhood_id text,
  compound_id text,
  checkpoint_id text,
  grid_id text,
  from_day date not null,
  until_day date,
  version int not null default 1,
  constraint posting_of_a_worker foreign key (worker_ref) references worker,
  constraint posting_at_neighbourhood foreign key (neighbourhood_id) references neighbourhood,
  constraint posting_at_compound foreign key (compound_id) references compound,
  constraint posting_at_checkpoint foreign key (checkpoint_id) references checkpoint,
  constraint posting_at_grid foreign key (grid_id) references grid,
  constraint posting_place check (case place_kind
    when 'neighbourhood' then neighbourhood_id is not null
    when 'compound' then compound_id is not null
    when 'checkpoint' then checkpoint_id is not null and compound_id is not null
    when 'grid' then grid_id is not null and compound_id is not null
    else false end),
  constraint posting_once unique nulls not distinct
    (worker_ref, place_kind, neighbourhood_id, compound_id, checkpoint_id, grid_id, from_day),
  constraint posting_ends_after_start check (until_day >= from_day)
);
create index posting_by_compound on posting (compound_id);

-- ---- imports: the upload sealed until it is worked off, progress, and the error sheet (R4.2, P6)

create table import_job (
  import_id uuid primary key,
  kind text not null,
  file_name text not null,
  sha256 bytea not null,
  dry_run boolean not null,
  actor text not null,
  state text not null default 'running',
  rows_total int not null default 0,
  rows_done int not null default 0,
  rows_accepted int not null default 0,
  rows_unchanged int not null default 0,
  rows_unverified int not null default 0,
  rows_rejected int not null default 0,
  rows_duplicate int not null default 0,
  error text,
  detail text,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint import_kind check (kind in ('compounds', 'checkpoints', 'grids', 'addresses', 'residents', 'workers')),
  constraint import_state check (state in ('running', 'done', 'failed')),
  constraint import_finished check ((state = 'running') = (finished_at is null)),
  constraint import_failure_named check ((state = 'failed') = (error is not null)),
  constraint import_progress check (rows_done between 0 and rows_total),
  constraint import_rows_add_up check (
    rows_done = rows_accepted + rows_unchanged + rows_unverified + rows_rejected + rows_duplicate)
) with (fillfactor = 50);
-- The same file handed over again while it is being worked off is the same import.
create unique index import_running_once on import_job (kind, sha256, dry_run) where state = 'running';
create index import_waiting on import_job (created_at, import_id) where state = 'running';

create table import_file (
  import_id uuid not null,
  part int not null,
  sealed bytea not null,
  primary key (import_id, part),
  constraint import_file_of_an_import foreign key (import_id) references import_job
);

create table import_row (
  import_id uuid not null,
  nth int not null,
  sheet text not null,
  row_number int not null,
  column_name text not null,
  code text not null,
  outcome text not null,
  primary key (import_id, nth),
  constraint import_row_of_an_import foreign key (import_id) references import_job,
  constraint import_row_outcome check (outcome in ('accepted', 'accepted_unverified', 'rejected', 'duplicate'))
);

-- migrate:down
drop table import_row;
drop table import_file;
drop table import_job;
drop table posting;
drop table worker;
drop table residence;
drop table person_document;
drop table person;
drop table dwelling;
drop table grid;
drop table checkpoint;
drop table compound;
drop table neighbourhood;
