-- migrate:up

-- What became of whom gates reported, by the report: also of somebody whom the gate did not know.
create table report_settled (
  check_id uuid primary key,
  settled_at timestamptz not null
);

-- migrate:down
drop table report_settled;
