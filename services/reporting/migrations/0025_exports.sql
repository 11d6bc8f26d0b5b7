-- migrate:up

-- exports: asked for with a reason and cut to what the asker may see (`within`: null for the town); made page by page,
-- so that whoever goes on after a death goes on from the last page; the file is sealed under a key of its own
create table export_job (
  export_id uuid not null,
  kind text not null,
  format text not null,
  compound text,
  from_day date not null,
  to_day date not null,
  within text[],
  reason_sealed bytea not null,
  content_index bytea not null,
  actor text not null,
  role text not null,
  state text not null default 'running',
  rows_total int not null default 0,
  rows_done int not null default 0,
  error text,
  detail text,
  created_at timestamptz not null,
  finished_at timestamptz,
  kept_until timestamptz,
  constraint export_job_once primary key (export_id),
  constraint export_kind_known
    check (kind in ('board', 'observation_roll', 'census_movements', 'entries_by_hour', 'daily_reports')),
  constraint export_format_known check (format in ('xlsx', 'csv')),
  constraint export_days_in_order check (from_day <= to_day),
  constraint export_state_known check (state in ('running', 'done', 'failed', 'expired')),
  constraint export_finished_whole check ((state = 'running') = (finished_at is null)),
  constraint export_failure_named check ((state = 'failed') = (error is not null)),
  constraint export_kept_for_a_while check ((state in ('done', 'expired')) = (kept_until is not null))
);
create index export_waiting on export_job (created_at, export_id) where state = 'running';
create index export_to_drop on export_job (kept_until, export_id) where state = 'done';
create table export_page (
  export_id uuid not null,
  nth int not null,
  rows int not null,
  after text,
  sealed bytea not null,
  constraint export_page_once primary key (export_id, nth),
  constraint export_page_of_a_job foreign key (export_id) references export_job
);
create table export_file (
  export_id uuid not null,
  part int not null,
  sealed bytea not null,
  constraint export_file_once primary key (export_id, part),
  constraint export_file_of_a_job foreign key (export_id) references export_job
);

-- migrate:down
drop table export_file;
drop table export_page;
drop table export_job;
