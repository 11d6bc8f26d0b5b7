-- migrate:up

-- report_loops: whom gates reported, and what became of them
create table gate_report (
  check_id uuid not null,
  kind text not null,
  person_ref uuid,
  compound text not null,
  checkpoint text not null,
  reported_at timestamptz not null,
  withdrawn boolean not null,
  primary key (check_id, kind),
  constraint gate_report_kind_known check (kind in ('fever', 'focus_person', 'first_return'))
);
create index gate_report_by_time on gate_report (reported_at) where not withdrawn;
create table report_answer (
  person_ref uuid not null,
  answer text not null,
  answered_at timestamptz not null,
  primary key (person_ref, answer, answered_at)
);

-- survey_days: what a round's schedule is
create table survey_days (
  round_id uuid primary key,
  opened_at timestamptz not null,
  due_on date not null
);

-- What supervision found. Reporting's own: no event of others makes these rows, so no rebuild touches them.
-- `subject`: with the rule, the fact that it is about. Without a compound it is a unit's, without both the town's.
create table finding (
  finding_id uuid primary key,
  rule text not null,
  subject text not null,
  compound text,
  unit text,
  state text not null,
  opened_at timestamptz not null,
  due_at timestamptz not null,
  evidence jsonb not null,
  basis text not null,
  item text,
  title text,
  measure text,
  owner_ref uuid,
  owner_role text,
  found_by text,
  key_ref uuid,
  note_sealed bytea,
  content_index bytea,
  settled_by text,
  reviewed_by text,
  outcome text,
  closed_at timestamptz,
  closed_by text,
  version int not null,
  constraint finding_state_known check (state in ('open', 'to_review', 'closed')),
  constraint finding_closed check (
    (state = 'closed') = (closed_at is not null) and (closed_at is null) = (closed_by is null)),
  constraint finding_closed_by_known check (closed_by in ('facts', 'person')),
  constraint finding_owner check ((owner_ref is null) = (owner_role is null)),
  constraint finding_reviewed_by_another check (reviewed_by is distinct from settled_by or reviewed_by is null),
  constraint finding_not_reviewed_by_finder check (reviewed_by is distinct from found_by or reviewed_by is null)
);
create unique index finding_open_once on finding (rule, subject) where state <> 'closed';
create index finding_by_fact on finding (rule, subject, opened_at desc);
create index finding_by_deadline on finding (state, due_at, finding_id);
create index finding_of_compound on finding (compound) where state <> 'closed';

create table finding_act (
  act_id uuid not null,
  nth bigint generated always as identity,
  finding_id uuid not null references finding (finding_id),
  kind text not null,
  at timestamptz not null,
  by text,
  role text,
  note_sealed bytea,
  evidence jsonb,
  due_at timestamptz,
  content_index bytea,
  constraint finding_act_once primary key (act_id),
  constraint finding_act_kind_known check (kind in (
    'opened', 'changed', 'closed', 'reopened', 'owner_changed', 'replied', 'settled', 'sent_back', 'rectified',
    'criticised', 'handed_to_discipline'))
);
create index finding_act_of_finding on finding_act (finding_id, nth);

-- migrate:down
drop table finding_act;
drop table finding;
drop table survey_days;
drop table report_answer;
drop table gate_report;
