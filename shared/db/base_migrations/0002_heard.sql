-- migrate:up

-- How far a producer said a channel is, and when that was heard, in real time: whoever is as far has everything.
create table bus_heard (
  producer text not null,
  channel text not null,
  epoch int not null,
  pos bigint not null,
  heard_at timestamptz not null default clock_timestamp(),
  primary key (producer, channel)
);

-- migrate:down
drop table bus_heard;
