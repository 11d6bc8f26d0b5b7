-- migrate:up

-- census: a case, and every movement that ever changed how many are in force
create table census_case (
  case_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  measure text not null,
  open boolean not null,
  movements int not null
);
create table census_movement (
  case_id uuid not null,
  number int not null,
  compound text not null,
  measure text not null,
  kind text not null,
  delta int not null,
  ending text,
  recorded_at timestamptz not null,
  happened_at timestamptz not null,
  primary key (case_id, number),
  constraint census_movement_kind_known
    check (kind in ('new', 'moved_in', 'moved_out', 'released', 'transferred', 'closed', 'merged')),
  constraint census_movement_counts_once check (delta = case when kind in ('new', 'moved_in') then 1 else -1 end)
);
create index census_movement_by_time on census_movement (recorded_at);

-- returnees: an intake as it was told last
create table returnee_intake (
  intake_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  category text not null,
  measure text not null,
  origin_code text not null,
  registered_at timestamptz not null
);
create index returnee_intake_by_time on returnee_intake (registered_at);

-- daily_tally: counts by hour
create table daily_tally (
  hour timestamptz not null,
  compound text not null,
  figure text not null,
  number int not null,
  primary key (hour, compound, figure)
);

-- migrate:down
drop table daily_tally;
drop table returnee_intake;
drop table census_movement;
drop table census_case;
