"""Postings of notices."""

PUT_POSTINGS = """
insert into notice_posting (notice_id, compound, channel, published_at)
select notice_id, compound, channel, published_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as row (notice_id, compound, channel, published_at)
order by notice_id, compound, channel
on conflict (notice_id, compound, channel) do update set published_at = excluded.published_at
"""
CONFIRM_POSTINGS = """
update notice_posting set posted_at = row.posted_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as row (notice_id, compound, channel, posted_at)
where notice_posting.notice_id = row.notice_id and notice_posting.compound = row.compound
  and notice_posting.channel = row.channel
"""
NOTICE_COVERAGE = """
select compound, count(distinct notice_id)::int as notices, count(*)::int as wanted, count(posted_at)::int as posted,
  min(published_at) filter (where posted_at is null) as waiting_since
from notice_posting group by compound
"""
