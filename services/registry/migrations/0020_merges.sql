-- migrate:up

-- ---- two records are one person, as somebody decided; everything stays under the pseudonym it was written under, so
-- that the undo restores it (P10)

create table person_merge (
  merge_id uuid primary key,
  kept uuid not null,
  merged uuid not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  merged_by text not null,
  merged_at timestamptz not null,
  separation_id uuid,
  separation_reason_sealed bytea,
  separated_by text,
  separated_at timestamptz,
  constraint person_merge_keeps_a_person foreign key (kept) references person,
  constraint person_merge_of_a_person foreign key (merged) references person,
  constraint person_merge_of_two check (kept <> merged),
  constraint person_merge_separated_whole
    check (num_nulls(separation_id, separation_reason_sealed, separated_by, separated_at) in (0, 4))
);
create unique index person_merge_once on person_merge (merged) where separated_at is null;
create index person_merge_by_kept on person_merge (kept);

-- Who stands for whom now: follows from the merges in force, and names nobody who is in none.
create table person_alias (
  person_ref uuid primary key,
  root uuid not null
);
create index person_alias_by_root on person_alias (root);

-- Every pseudonym of the same person, the one asked for included.
create function pseudonyms_of(asked uuid) returns setof uuid language sql stable as $$
  select asked
  union
  select other.person_ref from person_alias own join person_alias other using (root) where own.person_ref = asked
$$;

-- Pairs that somebody looked at and found to be two people.
create table duplicate_dismissal (
  one uuid not null,
  other uuid not null,
  reason_sealed bytea not null,
  dismissed_by text not null,
  dismissed_at timestamptz not null,
  primary key (one, other),
  constraint duplicate_dismissal_ordered check (one < other)
);

-- migrate:down
drop table duplicate_dismissal;
drop function pseudonyms_of(uuid);
drop table person_alias;
drop table person_merge;
