-- migrate:up
create table person_key (
  ref uuid primary key,
  master_kid text,
  wrapped bytea,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  constraint person_key_lives_or_is_destroyed
    check ((destroyed_at is null) = (wrapped is not null) and (wrapped is null) = (master_kid is null))
);

comment on table person_key is 'Data keys of people, wrapped by the master key; a destroyed key leaves a tombstone.';

-- A destroyed key also lives on as a dead row until vacuum: do not wait for a fifth of the table to change.
alter table person_key set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1);

-- migrate:down
drop table person_key;
