-- migrate:up

-- Merges of records that the registry told of, and who stands for whom: people are counted once (P10).
create table person_merge (
  merge_id uuid primary key,
  kept uuid not null,
  merged uuid not null,
  active boolean not null
);
create table person_alias (
  person_ref uuid primary key,
  root uuid not null
);
create index person_alias_by_root on person_alias (root);

-- migrate:down
drop table person_alias;
drop table person_merge;
