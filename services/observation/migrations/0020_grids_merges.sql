-- migrate:up

-- A case belongs to the grid in which its dwelling lies now.
create index case_by_dwelling on observation_case (dwelling_id);
update observation_case c set grid = h.grid from household h where h.dwelling_id = c.dwelling_id and h.grid <> c.grid;
update fever_episode e set grid = c.grid from observation_case c where c.case_id = e.case_id and c.grid <> e.grid;

-- Which pseudonyms are one person, as somebody decided: a copy of the registry's merges (P10).
create table person_merge (
  merge_id uuid primary key,
  kept uuid not null,
  merged uuid not null,
  in_force boolean not null
);
create index person_merge_kept on person_merge (kept) where in_force;
create index person_merge_merged on person_merge (merged) where in_force;

-- migrate:down
drop table person_merge;
drop index case_by_dwelling;
