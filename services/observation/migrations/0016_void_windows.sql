-- migrate:up

-- A window that was told as missed, and that a corrected day 0 leaves outside the period: what was told stays, but it
-- is on no list and nobody is reminded of it.
alter table missed_window add column void boolean not null default false;
update missed_window m set void = true
from observation_case c
where c.case_id = m.case_id and m.day <= c.day_zero
  and exists (select from rescheduling r where r.case_id = c.case_id and r.kind = 'anchor_corrected')
  and not exists (select from rescheduling r where r.case_id = c.case_id and r.kind = 'restarted')
  and not exists (select from interruption i where i.case_id = c.case_id and i.ended_by = 'restart');

create or replace view case_on_desk as
select c.case_id, c.person_ref, c.compound, c.grid, p.neighbourhood, c.category, c.state,
  case when c.state = 'medical' then 'medical' else c.measure end as measure,
  c.anchor_date, c.last_day, missed.streak, missed.since as missed_since, declared.received_at as declared_at,
  attempt.kind as attempt_kind, attempt.outcome as attempt_outcome, attempt.at as attempted_at,
  unavailable.times as unavailable
from observation_case c
left join compound_place p using (compound)
left join lateral (
  select d.day, d.window_name = 'evening' as evening from declaration d
  where d.case_id = c.case_id and d.standing <> 'after'
  order by d.day desc, d.window_name = 'evening' desc limit 1) answered on true
left join lateral (
  select count(*)::int as streak, min(m.closed_at) as since from missed_window m
  where m.case_id = c.case_id and not m.void
    and (answered.day is null or (m.day, m.window_name = 'evening') > (answered.day, answered.evening))) missed on true
left join lateral (
  select max(d.received_at) as received_at from declaration d where d.case_id = c.case_id) declared on true
left join lateral (
  select a.kind, a.outcome, a.at from contact_attempt a
  where a.case_id = c.case_id and a.outcome <> 'not_performed' order by a.at desc, a.attempt_id desc limit 1) attempt
  on true
left join lateral (
  select count(*)::int as times from contact_attempt a
  where a.case_id = c.case_id and a.outcome = 'unavailable'
    and a.at > coalesce(declared.received_at, '-infinity')
    and a.at > coalesce((
      select max(other.at) from contact_attempt other
      where other.case_id = c.case_id and other.outcome not in ('unavailable', 'not_performed')), '-infinity')
  ) unavailable on true
where c.ended_at is null;

-- migrate:down
create or replace view case_on_desk as
select c.case_id, c.person_ref, c.compound, c.grid, p.neighbourhood, c.category, c.state,
  case when c.state = 'medical' then 'medical' else c.measure end as measure,
  c.anchor_date, c.last_day, missed.streak, missed.since as missed_since, declared.received_at as declared_at,
  attempt.kind as attempt_kind, attempt.outcome as attempt_outcome, attempt.at as attempted_at,
  unavailable.times as unavailable
from observation_case c
left join compound_place p using (compound)
left join lateral (
  select d.day, d.window_name = 'evening' as evening from declaration d
  where d.case_id = c.case_id and d.standing <> 'after'
  order by d.day desc, d.window_name = 'evening' desc limit 1) answered on true
left join lateral (
  select count(*)::int as streak, min(m.closed_at) as since from missed_window m
  where m.case_id = c.case_id
    and (answered.day is null or (m.day, m.window_name = 'evening') > (answered.day, answered.evening))) missed on true
left join lateral (
  select max(d.received_at) as received_at from declaration d where d.case_id = c.case_id) declared on true
left join lateral (
  select a.kind, a.outcome, a.at from contact_attempt a
  where a.case_id = c.case_id and a.outcome <> 'not_performed' order by a.at desc, a.attempt_id desc limit 1) attempt
  on true
left join lateral (
  select count(*)::int as times from contact_attempt a
  where a.case_id = c.case_id and a.outcome = 'unavailable'
    and a.at > coalesce(declared.received_at, '-infinity')
    and a.at > coalesce((
      select max(other.at) from contact_attempt other
      where other.case_id = c.case_id and other.outcome not in ('unavailable', 'not_performed')), '-infinity')
  ) unavailable on true
where c.ended_at is null;
alter table missed_window drop column void;
