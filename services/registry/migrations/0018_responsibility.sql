-- migrate:up

-- ---- who answers for what (R7.1, R1.1): by pseudonym, for the town, a compound or a grid, for a period

create table responsibility (
  assignment_id uuid primary key,
  worker_ref uuid not null,
  role text not null,
  measure text not null,
  compound_id text,
  grid_id text,
  from_day date not null,
  until_day date,
  policy_version int not null,
  assigned_by text not null,
  assigned_at timestamptz not null,
  version int not null default 1,
  constraint responsibility_of_a_worker foreign key (worker_ref) references worker,
  constraint responsibility_for_a_compound foreign key (compound_id) references compound,
  constraint responsibility_for_a_grid foreign key (compound_id, grid_id) references grid (compound_id, grid_id),
  constraint responsibility_grid_lies_somewhere check (grid_id is null or compound_id is not null),
  constraint responsibility_under_a_policy foreign key (policy_version) references policy_version,
  constraint responsibility_role check (role ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint responsibility_measure check (
    measure in ('gate', 'observation', 'survey', 'sanitation', 'leads', 'duty', 'all')),
  constraint responsibility_ends_after_start check (until_day >= from_day)
);
create index responsibility_by_compound on responsibility (compound_id, from_day, assignment_id);
create index responsibility_by_worker on responsibility (worker_ref);

-- migrate:down
drop table responsibility;
