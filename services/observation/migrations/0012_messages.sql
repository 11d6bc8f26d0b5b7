-- migrate:up

-- What was told about a window that stayed empty, or was to be. To whom and in which words is sealed, and kept only
-- until it has left. `try_at` is real time: until then the message is under way, or waits for its next attempt.
create table message (
  number bigint generated always as identity,
  message_id uuid primary key,
  case_id uuid not null references observation_case,
  person_ref uuid not null,
  day date not null,
  window_name text not null,
  kind text not null,
  channel text not null,
  state text not null,
  reason text,
  content_sealed bytea,
  queued_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  try_at timestamptz,
  sent_at timestamptz,
  settled_at timestamptz,
  constraint message_window_known check (window_name in ('morning', 'evening')),
  constraint message_kind_known check (kind in
    ('remind', 'remind_again', 'remind_last', 'grid_worker', 'door_visit', 'headquarters', 'bulk_reminder')),
  constraint message_channel_known check (channel in ('sms', 'work_group')),
  constraint message_state_known check (state in ('queued', 'sent', 'delivered', 'failed', 'not_sent')),
  constraint message_reason_known check (reason in
    ('not_configured', 'no_contact', 'not_needed', 'superseded', 'erased', 'refused', 'attempts_exhausted',
     'undelivered')),
  constraint message_unsent_says_why check ((state in ('failed', 'not_sent')) = (reason is not null)),
  constraint message_sealed_until_it_left check ((state = 'queued') = (content_sealed is not null)),
  constraint message_settled_whole check ((state in ('queued', 'sent')) = (settled_at is null))
);
create unique index message_in_order on message (number);
create index message_to_send on message (due_at, number) where state = 'queued';
create index message_by_case on message (case_id, number);

-- People under observation who were to be told and were not, unless something was heard of them since: to be called.
create view case_not_told as
select m.case_id, m.day, m.window_name, m.reason, m.settled_at
from (
  select distinct on (case_id) case_id, day, window_name, reason, settled_at, queued_at from message
  where channel = 'sms' and coalesce(reason, '') not in ('not_needed', 'superseded')
  order by case_id, number desc) m
where m.reason in ('not_configured', 'no_contact', 'refused', 'attempts_exhausted', 'undelivered')
  and not exists (select from declaration d
    where d.case_id = m.case_id and d.day = m.day and d.window_name = m.window_name and d.standing <> 'after')
  and not exists (select from contact_attempt a
    where a.case_id = m.case_id and a.recorded_at >= m.queued_at and a.outcome <> 'not_performed');

alter table bulk_action drop constraint bulk_action_act_known;
alter table bulk_action add constraint bulk_action_act_known
  check (act in ('assign', 'withdraw', 'decide', 'remind'));

-- migrate:down
delete from bulk_item where bulk_id in (select bulk_id from bulk_action where act = 'remind');
delete from bulk_action where act = 'remind';
alter table bulk_action drop constraint bulk_action_act_known;
alter table bulk_action add constraint bulk_action_act_known check (act in ('assign', 'withdraw', 'decide'));
drop view case_not_told;
drop table message;
