-- migrate:up

-- Fevers that gates saw of people, each by its check: a mistyped one is taken back, and no other one with it.
create table gate_fever (
  check_id uuid primary key,
  person_ref uuid not null,
  checked_at timestamptz not null,
  withdrawn_at timestamptz
);
create index gate_fever_standing on gate_fever (person_ref, checked_at) where withdrawn_at is null;
insert into gate_fever (check_id, person_ref, checked_at)
select episode_id, person_ref, opened_at from fever_episode where source = 'gate';

alter table fever_episode
  drop constraint fever_episode_outcome_known,
  add constraint fever_episode_outcome_known
    check (outcome in ('cleared', 'confirmed', 'resume', 'restart', 'withdrawn'));
alter table interruption
  drop constraint interruption_ending_known,
  add constraint interruption_ending_known check (ended_by in ('resume', 'restart', 'withdrawn'));

-- migrate:down
update interruption set ended_by = 'resume' where ended_by = 'withdrawn';
alter table interruption
  drop constraint interruption_ending_known,
  add constraint interruption_ending_known check (ended_by in ('resume', 'restart'));
update fever_episode set outcome = 'resume' where outcome = 'withdrawn';
alter table fever_episode
  drop constraint fever_episode_outcome_known,
  add constraint fever_episode_outcome_known check (outcome in ('cleared', 'confirmed', 'resume', 'restart'));
drop table gate_fever;
