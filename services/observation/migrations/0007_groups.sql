-- migrate:up

-- A compound's observation group: who belongs to it follows from the cases; a worker confirms each joining and leaving.
create table group_change (
  change_id uuid primary key,
  case_id uuid not null references observation_case,
  change text not null,
  confirmed_at timestamptz not null,
  confirmed_by text not null,
  constraint group_change_known check (change in ('joined', 'left'))
);
create index group_change_by_case on group_change (case_id, confirmed_at);

-- migrate:down
drop table group_change;
