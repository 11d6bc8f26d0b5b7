-- migrate:up

-- Day 0 in force (a copy of what the domain derives; `anchor_date` stays as it was at the opening), and how a case
-- ended where that was no release.
alter table observation_case add column day_zero date;
update observation_case set day_zero = anchor_date;
update observation_case c set day_zero = (
  select (max(i.ended_at) at time zone 'Asia/Shanghai')::date from interruption i
  where i.case_id = c.case_id and i.ended_by = 'restart'
) where exists (select from interruption i where i.case_id = c.case_id and i.ended_by = 'restart');
alter table observation_case
  alter column day_zero set not null,
  add column closed_as text,
  drop constraint case_period_is_positive,
  add constraint case_period_is_positive check (days >= 1 and last_day > day_zero),
  drop constraint case_state_known,
  add constraint case_state_known
    check (state in ('under_observation', 'medical', 'awaiting_closure', 'completed', 'closed')),
  drop constraint case_completed_has_an_end,
  add constraint case_over_has_an_end check ((state in ('completed', 'closed')) = (ended_at is not null)),
  add constraint case_closed_in_one_way check ((state = 'closed') = (closed_as is not null)),
  add constraint case_closed_as_known
    check (closed_as in ('transferred', 'died', 'left_town', 'cancelled', 'merged'));
drop index case_one_in_force;
create unique index case_one_in_force on observation_case (person_ref) where ended_at is null;

-- A case may begin without an intake of its own: a close contact of somebody confirmed, a move to another dwelling.
alter table observation_case alter column intake_id drop not null;

-- What moved day 0 or the last day; what held before stays derivable.
create table rescheduling (
  case_id uuid not null references observation_case,
  number int not null,
  kind text not null,
  at timestamptz not null,
  day_zero date,
  basis text,
  extra_days int not null,
  decision_id uuid,
  primary key (case_id, number),
  constraint rescheduling_kind_known
    check (kind in ('anchor_corrected', 're_exposure', 'extended', 'restarted')),
  constraint rescheduling_moves_one_end
    check ((kind in ('anchor_corrected', 'restarted')) = (day_zero is not null)
      and (kind in ('re_exposure', 'extended')) = (extra_days > 0))
);

-- How a person was observed before and after a change. Site and room are personal and sealed.
create table measure_change (
  case_id uuid not null references observation_case,
  case_version int not null,
  at timestamptz not null,
  from_measure text not null,
  from_category text not null,
  to_measure text not null,
  to_category text not null,
  approver text,
  technical_means text,
  place_sealed bytea,
  decision_id uuid,
  primary key (case_id, case_version)
);

-- A second intake of somebody under observation: acted on once.
create table intake_seen (
  intake_id uuid primary key,
  case_id uuid not null references observation_case,
  outcome text not null,
  seen_at timestamptz not null,
  constraint intake_seen_outcome_known check (outcome in ('duplicate', 're_exposure'))
);

alter table decision
  drop constraint decision_kind_known,
  add constraint decision_kind_known check (kind in ('resume', 'restart', 'close', 'correct_anchor', 'extend',
    're_exposure', 'change_measure', 'transferred', 'died', 'left_town', 'cancelled'));

-- migrate:down
delete from decision where kind not in ('resume', 'restart', 'close');
alter table decision
  drop constraint decision_kind_known,
  add constraint decision_kind_known check (kind in ('resume', 'restart', 'close'));
drop table intake_seen;
drop table measure_change;
drop table rescheduling;
alter table observation_case
  drop constraint case_closed_as_known,
  drop constraint case_closed_in_one_way,
  drop constraint case_over_has_an_end,
  drop constraint case_state_known,
  drop constraint case_period_is_positive;
update observation_case set intake_id = case_id where intake_id is null;
update observation_case set state = 'completed' where state = 'closed';
alter table observation_case
  alter column intake_id set not null,
  add constraint case_period_is_positive check (days >= 1),
  add constraint case_state_known
    check (state in ('under_observation', 'medical', 'awaiting_closure', 'completed')),
  add constraint case_completed_has_an_end check ((state = 'completed') = (ended_at is not null)),
  drop column closed_as,
  drop column day_zero;
drop index if exists case_one_in_force;
create unique index case_one_in_force on observation_case (person_ref) where state <> 'completed';
