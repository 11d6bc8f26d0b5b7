"""Whom gates reported, and what became of them."""

ADD_REPORTS = """
insert into gate_report (check_id, kind, person_ref, compound, checkpoint, reported_at, withdrawn)
select check_id, kind, person_ref, compound, checkpoint, reported_at, false
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
  as row (check_id, kind, person_ref, compound, checkpoint, reported_at)
order by check_id, kind
on conflict (check_id, kind) do nothing
"""
WITHDRAW_FEVERS = (
    "update gate_report set withdrawn = true where check_id = any($1::uuid[]) and kind = 'fever'"
)
ADD_ANSWERS = """
insert into report_answer (person_ref, answer, answered_at)
select person_ref, answer, answered_at from unnest($1::uuid[], $2::text[], $3::timestamptz[])
  as row (person_ref, answer, answered_at)
order by person_ref, answer, answered_at
on conflict (person_ref, answer, answered_at) do nothing
"""
ADD_SETTLED = """
insert into report_settled (check_id, settled_at)
select check_id, settled_at from unnest($1::uuid[], $2::timestamptz[]) as row (check_id, settled_at)
order by check_id
on conflict (check_id) do nothing
"""
# A person may be known under several pseudonyms. A fever is answered by what is said after it; who came back is
# answered by their intake, also when it was made on the same day before the report came in, or by whoever found that
# none is due.
REPORTS = """
with report as (
  select check_id, kind, person_ref, compound, checkpoint, reported_at from gate_report
  where not withdrawn and reported_at >= $1
  union all
  select g.check_id, g.kind, g.person_ref, g.compound, g.checkpoint, g.reported_at
  from finding f join gate_report g
    on g.check_id = split_part(f.subject, ':', 2)::uuid and g.kind = split_part(f.subject, ':', 1)
  where f.rule = 'report_unanswered' and f.state <> 'closed' and not g.withdrawn and g.reported_at < $1
)
select r.check_id, r.kind, r.compound, r.checkpoint, r.reported_at, least((
    select greatest(s.settled_at, r.reported_at) from report_settled s
    where s.check_id = r.check_id and r.kind <> 'fever'
  ), (
    select min(greatest(a.answered_at, r.reported_at)) from report_answer a
    where a.person_ref = any(array(
        select r.person_ref
        union
        select same.person_ref from person_alias one join person_alias same using (root)
        where one.person_ref = r.person_ref))
      and case when r.kind = 'fever'
        then a.answer in ('cleared', 'settled', 'confirmed', 'resumed', 'restarted', 'closed')
          and a.answered_at >= r.reported_at
        else a.answer in ('intake', 'started', 'restarted', 'closed')
          and (a.answered_at at time zone 'Asia/Shanghai')::date >= (r.reported_at at time zone 'Asia/Shanghai')::date
        end)) as answered_at
from report r
"""
