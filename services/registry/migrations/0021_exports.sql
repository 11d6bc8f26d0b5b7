-- migrate:up

-- ---- exports: asked for with a reason; the file sealed under a key of its own until its time is over (R4.2, H3)

create table export_job (
  export_id uuid primary key,
  kind text not null,
  format text not null,
  compound_id text,
  masked boolean not null,
  reason text not null,
  actor text not null,
  state text not null default 'running',
  rows_total int not null default 0,
  rows_done int not null default 0,
  error text,
  detail text,
  created_at timestamptz not null,
  finished_at timestamptz,
  kept_until timestamptz,
  constraint export_of_a_compound foreign key (compound_id) references compound,
  constraint export_kind check (kind in ('compounds', 'checkpoints', 'grids', 'addresses', 'residents', 'workers')),
  constraint export_format check (format in ('xlsx', 'csv')),
  constraint export_has_a_reason check (reason <> ''),
  constraint export_state check (state in ('running', 'done', 'failed', 'expired')),
  constraint export_finished check ((state = 'running') = (finished_at is null)),
  constraint export_failure_named check ((state = 'failed') = (error is not null)),
  constraint export_kept_for_a_while check ((state in ('done', 'expired')) = (kept_until is not null)),
  constraint export_progress check (rows_done between 0 and rows_total)
) with (fillfactor = 50);
create index export_waiting on export_job (created_at, export_id) where state = 'running';
create index export_to_drop on export_job (kept_until, export_id) where state = 'done';

create table export_file (
  export_id uuid not null,
  part int not null,
  sealed bytea not null,
  primary key (export_id, part),
  constraint export_file_of_an_export foreign key (export_id) references export_job
);

-- migrate:down
drop table export_file;
drop table export_job;
