-- migrate:up

-- The registry's compounds, as far as its events have told.
create table compound (
  compound text primary key,
  name text not null,
  neighbourhood text not null,
  version bigint not null
);

-- Every policy version ever revised: the one in force on a day is the newest effective on or before it.
create table policy_version (
  version int primary key,
  effective_from date not null,
  document jsonb not null
);
create index policy_version_by_day on policy_version (effective_from desc, version desc);

create table site (
  site_id uuid primary key,
  code text not null,
  compound text not null constraint site_compound_known references compound,
  kind text not null,
  name text not null,
  building text,
  unit text,
  rounds_per_day int,
  since date not null,
  active boolean not null,
  registered_at timestamptz not null,
  version bigint not null,
  constraint site_code_once unique (code),
  constraint site_kind_known check (kind in
    ('lift', 'stairwell', 'gatehouse', 'waste_room', 'bin_point', 'mask_bin', 'public_area', 'other')),
  constraint site_rounds_sane check (rounds_per_day between 1 and 24)
);
create index site_by_compound on site (compound, code);

-- What was said when it was logged: `counts` and `within_range` as answered and published then.
create table round_log (
  round_id uuid not null,
  site_id uuid not null references site,
  day date not null,
  agent text not null,
  concentration_mg_l int not null,
  within_range boolean not null,
  counts boolean not null,
  done_at timestamptz not null,
  source text not null,
  logged_at timestamptz not null,
  logged_by text not null,
  policy_version int not null,
  constraint round_log_once primary key (round_id),
  constraint round_log_concentration_possible check (concentration_mg_l between 1 and 100000),
  constraint round_log_source_known check (source in ('code', 'late_entry'))
);
create index round_log_by_site_and_day on round_log (site_id, day, done_at);

-- A site list on its way in. `rows_done` is the position: it moves in the transaction that applies the rows.
create table import_job (
  import_id uuid primary key,
  kind text not null,
  file text not null,
  sha256 text not null,
  content bytea,
  state text not null default 'running',
  rows_total int not null,
  rows_done int not null default 0,
  rows_accepted int not null default 0,
  rows_unchanged int not null default 0,
  rows_duplicate int not null default 0,
  rows_rejected int not null default 0,
  requested_by text not null,
  requested_at timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  constraint import_job_kind_known check (kind in ('sites')),
  constraint import_job_state_known check (state in ('running', 'done')),
  constraint import_job_adds_up
    check (rows_done = rows_accepted + rows_unchanged + rows_duplicate + rows_rejected and rows_done <= rows_total),
  constraint import_job_finished check ((state = 'done') = (finished_at is not null)),
  constraint import_job_keeps_content check (state = 'done' or content is not null)
);
-- The same file sent again while it is being worked on is the same job.
create unique index import_job_running_once on import_job (kind, sha256) where state = 'running';

-- The error sheet: rows that were not simply taken.
create table import_row (
  import_id uuid not null references import_job,
  nth int not null,
  sheet text not null,
  row int not null,
  "column" text not null,
  code text not null,
  detail text not null,
  outcome text not null,
  primary key (import_id, nth),
  constraint import_row_outcome_known check (outcome in ('rejected', 'duplicate'))
);

-- migrate:down
drop table import_row;
drop table import_job;
drop table round_log;
drop table site;
drop table policy_version;
drop table compound;
