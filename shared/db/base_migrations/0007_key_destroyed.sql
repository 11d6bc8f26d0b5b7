-- migrate:up

-- Whose data keys this service destroyed, noted where the facts are, so that of database and key store each knows what
-- was destroyed when the other one comes back from a backup.
create table key_destroyed (
  ref uuid primary key,
  noted_at timestamptz not null
);

-- migrate:down
drop table key_destroyed;
