"""Who is posted where, by pseudonym."""

PUT_POSTINGS = """
insert into posting (posting_id, worker_ref, kind, compound, grid, checkpoint, from_day, until_day)
select posting_id, worker_ref, kind, compound, grid, checkpoint, from_day, until_day
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[])
  as row (posting_id, worker_ref, kind, compound, grid, checkpoint, from_day, until_day)
order by posting_id
on conflict (posting_id) do update
  set worker_ref = excluded.worker_ref, kind = excluded.kind, compound = excluded.compound, grid = excluded.grid,
      checkpoint = excluded.checkpoint, from_day = excluded.from_day, until_day = excluded.until_day
"""
# A posting at a neighbourhood belongs to no single compound.
SERVING_ON = """
select compound, kind, count(distinct worker_ref)::int as workers from posting
where compound is not null and from_day <= $1 and (until_day is null or until_day >= $1)
group by compound, kind order by compound, kind
"""
# Who strengthens control where a compound cannot be closed: posted by name, or answering for its gate or for all of it.
NAMED_ON = """
select compound, worker_ref from posting
where kind = 'named_person' and compound is not null and grid is null and checkpoint is null
  and from_day <= $1 and (until_day is null or until_day >= $1)
union
select compound, worker_ref from responsibility
where compound is not null and grid is null and measure in ('gate', 'all')
  and from_day <= $1 and (until_day is null or until_day >= $1)
order by compound, worker_ref
"""
