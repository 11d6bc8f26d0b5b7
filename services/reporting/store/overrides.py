"""People who were let through against a verdict, and what headquarters said of it (G18)."""

ADD_OVERRIDES = """
insert into override (check_id, compound, checkpoint, verdict, reason, overridden_at, review_due_at)
select check_id, compound, checkpoint, verdict, reason, overridden_at, review_due_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
  as row (check_id, compound, checkpoint, verdict, reason, overridden_at, review_due_at)
order by check_id
on conflict (check_id) do nothing
"""
ADD_REVIEWS = """
update override o set outcome = row.outcome, objection = row.objection, reviewed_at = row.reviewed_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
  as row (check_id, outcome, objection, reviewed_at)
where o.check_id = row.check_id
"""
OPEN_REVIEWS = """
select count(*)::int as open, (count(*) filter (where review_due_at < $2))::int as overdue, min(overridden_at) as oldest
from override where outcome is null and ($1::text[] is null or compound = any($1))
"""
OVERRIDES = """
select check_id, compound, checkpoint, verdict, reason, overridden_at, review_due_at,
  coalesce(outcome, 'open') as review, objection, reviewed_at
from override
where ($1::text[] is null or compound = any($1)) and ($5::text is null or coalesce(outcome, 'open') = $5)
  and ($2::timestamptz is null or (overridden_at, check_id) < ($2, $3::uuid))
order by overridden_at desc, check_id desc limit $4
"""
