"""People who were let through against a verdict (G18)."""

ADD_OVERRIDES = """
insert into override (check_id, compound, checkpoint, verdict, reason, overridden_at)
select check_id, compound, checkpoint, verdict, reason, overridden_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
  as row (check_id, compound, checkpoint, verdict, reason, overridden_at)
order by check_id
on conflict (check_id) do nothing
"""
OVERRIDES = """
select check_id, compound, checkpoint, verdict, reason, overridden_at from override
where ($1::text[] is null or compound = any($1))
  and ($2::timestamptz is null or (overridden_at, check_id) < ($2, $3::uuid))
order by overridden_at desc, check_id desc limit $4
"""
