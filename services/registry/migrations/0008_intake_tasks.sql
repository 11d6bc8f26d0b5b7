-- migrate:up

-- ---- people whom a gate saw come back: an intake is due for each, and the loop is open until it is taken (R2.5)

create table intake_task (
  task_id uuid primary key,
  cause text not null,
  person_ref uuid,
  compound_id text not null,
  grid_id text,
  checkpoint text not null,
  held boolean not null,
  checked_at timestamptz not null,
  opened_at timestamptz not null,
  state text not null default 'open',
  intake_id uuid,
  close_reason text,
  settled_at timestamptz,
  settled_by text,
  constraint intake_task_cause check (cause in ('first_return', 'focus_area')),
  constraint intake_task_of_a_person foreign key (person_ref) references person,
  constraint intake_task_in_a_compound foreign key (compound_id) references compound,
  constraint intake_task_state check (state in ('open', 'completed', 'closed')),
  constraint intake_task_intake foreign key (intake_id) references returnee_intake,
  constraint intake_task_completed_by_an_intake check ((state = 'completed') = (intake_id is not null)),
  constraint intake_task_closed_for_a_reason check ((state = 'closed') = (close_reason is not null)),
  constraint intake_task_settled check ((state = 'open') = (settled_at is null)),
  constraint intake_task_close_reason check (close_reason in
    ('never_left', 'registered_elsewhere', 'went_elsewhere', 'mistaken_identity', 'handed_over'))
);
-- However often they are seen, one intake is due.
create unique index intake_task_one_open on intake_task (person_ref, compound_id) where state = 'open';
create index intake_task_of_compound on intake_task (compound_id, opened_at, task_id);
create index intake_task_of_person on intake_task (person_ref) where person_ref is not null;

create table intake_task_check (
  check_id uuid primary key,
  task_id uuid not null,
  constraint intake_task_check_of_a_task foreign key (task_id) references intake_task
);
create index intake_task_check_by_task on intake_task_check (task_id);

-- What was answered at the gate, sealed anew; it may arrive before the task does.
create table intake_answers (
  check_id uuid primary key,
  key_ref uuid not null,
  answers_sealed bytea not null,
  received_at timestamptz not null
);

-- migrate:down
drop table intake_answers;
drop table intake_task_check;
drop table intake_task;
