-- migrate:up

-- The database in which the outbox was last numbered: a restored or moved one is another, and begins a new epoch.
create table outbox_home (
  one boolean primary key default true,
  home text not null,
  since timestamptz not null default clock_timestamp(),
  constraint outbox_home_one check (one)
);

-- What somebody did about events held beyond a restored producer; until then they are named.
alter table bus_beyond add column settled_at timestamptz, add column note text;

-- migrate:down
alter table bus_beyond drop column note, drop column settled_at;
drop table outbox_home;
