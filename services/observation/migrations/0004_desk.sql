-- migrate:up

-- What calls and visits came to. The note is free text about a person and sealed.
create table contact_attempt (
  attempt_id uuid primary key,
  case_id uuid not null references observation_case,
  kind text not null,
  outcome text not null,
  at timestamptz not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  note_sealed bytea,
  content_index bytea not null,
  constraint contact_attempt_kind_known check (kind in ('call', 'visit')),
  constraint contact_attempt_outcome_known
    check (outcome in ('no_symptoms', 'symptomatic', 'unavailable', 'uncooperative', 'not_performed')),
  constraint contact_attempt_at_before_recorded check (at <= recorded_at)
);
create index contact_attempt_by_case on contact_attempt (case_id, at);

-- Who is to call or to visit. `bulk_id` names the bulk action by which it was assigned or withdrawn.
create table follow_up (
  follow_up_id uuid primary key,
  case_id uuid not null references observation_case,
  kind text not null,
  assigned_to text not null,
  assigned_by text not null,
  assigned_at timestamptz not null,
  bulk_id uuid,
  ended_at timestamptz,
  ended_by text,
  ended_as text,
  constraint follow_up_kind_known check (kind in ('call', 'visit')),
  constraint follow_up_ends_whole
    check ((ended_at is null) = (ended_as is null) and (ended_at is null) = (ended_by is null)),
  constraint follow_up_ending_known check (ended_as in ('done', 'reassigned', 'withdrawn'))
);
create unique index follow_up_one_open on follow_up (case_id, kind) where ended_at is null;
create index follow_up_by_case on follow_up (case_id, assigned_at);
create index follow_up_open_by_worker on follow_up (assigned_to, case_id) where ended_at is null;

-- What a desk looks at: cases in force, with what follows from their windows, entries and attempts. Nothing is kept.
create view case_on_desk as
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

-- migrate:down
drop view case_on_desk;
drop table follow_up;
drop table contact_attempt;
