-- migrate:up

-- overrides: who was let through against a verdict, for headquarters to review
create table override (
  check_id uuid primary key,
  compound text not null,
  checkpoint text not null,
  verdict text not null,
  reason text not null,
  overridden_at timestamptz not null
);
create index override_by_time on override (overridden_at desc, check_id desc);

-- migrate:down
drop table override;
