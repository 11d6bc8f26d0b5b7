-- migrate:up

-- waste_chain: a pickup as it was told last, and the newest collection of each mask bin
create table waste_pickup (
  pickup_id uuid primary key,
  compound text not null,
  day date not null,
  state text not null,
  due_at timestamptz,
  bags int,
  missed text,
  constraint waste_pickup_state_known check (state in ('due', 'missed', 'done', 'withdrawn'))
);
create index waste_pickup_by_day on waste_pickup (day, compound);
create table mask_bin (
  site_id uuid primary key,
  compound text not null,
  emptied_at timestamptz not null
);

-- ventilation
create table ventilation_day (
  day date not null,
  compound text not null,
  kind text not null,
  times int not null,
  minutes int not null,
  primary key (day, compound, kind)
);

-- migrate:down
drop table ventilation_day;
drop table mask_bin;
drop table waste_pickup;
