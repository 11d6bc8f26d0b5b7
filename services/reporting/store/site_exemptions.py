"""Days on which sites owe no rounds."""

PUT_EXEMPTIONS = """
insert into site_exemption (closure_id, site_id, from_day, last_day)
select closure_id, site_id, from_day, last_day
from unnest($1::uuid[], $2::uuid[], $3::date[], $4::date[]) as row (closure_id, site_id, from_day, last_day)
order by closure_id
on conflict (closure_id) do update set from_day = excluded.from_day, last_day = excluded.last_day
"""
