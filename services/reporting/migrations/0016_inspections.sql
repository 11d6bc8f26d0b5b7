-- migrate:up

-- inspections: one row an inspection or spot check
create table inspection (
  inspection_id uuid primary key,
  day date not null,
  compound text not null,
  inspected text not null,
  result text not null
);
create index inspection_by_day on inspection (day, compound);

-- rectification: an order as it was told last; `level`: how far up it went since its deadline
create table rectification (
  order_id uuid primary key,
  compound text not null,
  item text,
  source text,
  ordered_at timestamptz,
  due_at timestamptz,
  state text not null,
  level int not null,
  constraint rectification_state_known
    check (state in ('ordered', 'mended', 'rectified', 'withdrawn', 'handed_to_discipline'))
);
create index rectification_open on rectification (compound) where state in ('ordered', 'mended');

-- venues
create table venue (
  venue_id uuid primary key,
  compound text not null,
  kind text not null,
  status text not null,
  changed_at timestamptz not null
);

-- the board's shortfalls and findings
create index waste_pickup_missed on waste_pickup (day) where state = 'missed';

-- migrate:down
drop index waste_pickup_missed;
drop table venue;
drop table rectification;
drop table inspection;
