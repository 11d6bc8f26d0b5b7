"""Leads as they stand."""

PUT_LEADS = """
insert into lead (lead_id, compound, category, received_at, due_at, closed_at, valid, duplicate)
select lead_id, compound, category, received_at, due_at, closed_at, valid, duplicate
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
  $7::boolean[], $8::boolean[])
  as row (lead_id, compound, category, received_at, due_at, closed_at, valid, duplicate)
order by lead_id
on conflict (lead_id) do update
  set category = coalesce(excluded.category, lead.category),
      received_at = coalesce(excluded.received_at, lead.received_at),
      due_at = coalesce(excluded.due_at, lead.due_at),
      closed_at = coalesce(excluded.closed_at, lead.closed_at),
      valid = coalesce(excluded.valid, lead.valid),
      duplicate = coalesce(excluded.duplicate, lead.duplicate)
"""
LEADS_AS_OF = """
select compound, count(*)::int as received,
  (count(*) filter (where closed_at is null and not duplicate))::int as open,
  (count(*) filter (where closed_at is null and not duplicate and due_at <= $1))::int as overdue,
  (count(*) filter (where valid and not duplicate))::int as valid,
  (count(*) filter (where duplicate))::int as duplicates
from lead group by compound
"""
# Nobody's lead has the clock of its kind, as policy has it ($1, $2).
OPEN_LEADS = """
select l.compound, count(*)::int as open,
  min(coalesce(l.due_at, l.received_at + make_interval(hours => rule.hours))) as due_at
from lead l left join unnest($1::text[], $2::int[]) as rule (category, hours) using (category)
where l.closed_at is null and not coalesce(l.duplicate, false) group by l.compound
"""
