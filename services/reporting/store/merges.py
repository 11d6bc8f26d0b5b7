"""Which pseudonyms are one person."""

KEEP_MERGES = """
insert into person_merge (merge_id, kept, merged, active)
select merge_id, kept, merged, active from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[])
  as row (merge_id, kept, merged, active)
order by merge_id
on conflict (merge_id) do update set active = excluded.active
"""
IN_FORCE = "select kept, merged from person_merge where active"
CLEAR_ALIASES = "delete from person_alias"
ADD_ALIASES = """
insert into person_alias (person_ref, root)
select person_ref, root from unnest($1::uuid[], $2::uuid[]) as alias (person_ref, root) order by person_ref
"""
