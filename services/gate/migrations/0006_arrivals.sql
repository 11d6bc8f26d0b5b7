-- migrate:up

-- Copy: the dated lists of risk areas.
create table risk_list (
  revision int primary key,
  effective_from date not null,
  areas jsonb not null
);

-- What was reported upward and waits for an outcome.
create table report_loop (
  check_id uuid not null references entry_check,
  kind text not null,
  compound text not null,
  checkpoint text not null,
  person_ref uuid,
  opened_at timestamptz not null,
  answered_at timestamptz,
  closed_at timestamptz,
  closed_by text,
  primary key (check_id, kind),
  constraint report_loop_kind check (kind in ('first_return', 'focus_area', 'application')),
  constraint report_loop_closed_whole check ((closed_at is null) = (closed_by is null))
);
create index report_loop_open on report_loop (opened_at, check_id) where closed_at is null;
create index report_loop_by_person on report_loop (person_ref) where closed_at is null;

-- migrate:down
drop table report_loop;
drop table risk_list;
