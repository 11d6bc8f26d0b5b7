-- migrate:up

-- When the ladder of a missed window has to be looked at next; null when nothing follows any more. Windows that were
-- missed before there was a ladder have none.
alter table missed_window add column ladder_next_at timestamptz;
create index missed_window_ladder on missed_window (ladder_next_at, case_id) where ladder_next_at is not null;

-- Steps that fired, once each; `number` is the order in which they did.
create table escalation_step (
  number bigint generated always as identity,
  case_id uuid not null,
  day date not null,
  window_name text not null,
  step text not null,
  due_at timestamptz not null,
  fired_at timestamptz not null,
  constraint escalation_step_once primary key (case_id, day, window_name, step),
  constraint escalation_step_of_missed foreign key (case_id, day, window_name) references missed_window,
  constraint escalation_step_known
    check (step in ('remind', 'remind_again', 'remind_last', 'grid_worker', 'door_visit', 'headquarters')),
  constraint escalation_step_not_early check (fired_at >= due_at)
);
create unique index escalation_step_in_order on escalation_step (number);

-- migrate:down
drop table escalation_step;
drop index missed_window_ladder;
alter table missed_window drop column ladder_next_at;
