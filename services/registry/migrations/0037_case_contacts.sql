-- migrate:up

-- Who says at a gate to have been in contact with a case is followed up like somebody who came back.
alter table intake_task drop constraint intake_task_cause;
alter table intake_task
  add constraint intake_task_cause check (cause in ('first_return', 'focus_area', 'case_contact'));

-- migrate:down
update intake_task set cause = 'focus_area' where cause = 'case_contact';
alter table intake_task drop constraint intake_task_cause;
alter table intake_task add constraint intake_task_cause check (cause in ('first_return', 'focus_area'));
