-- migrate:up

-- An export that names many people in full waits for a second person before it is made.
alter table export_job drop constraint export_state, drop constraint export_finished;
alter table export_job
  add constraint export_state check (state in ('asked', 'running', 'done', 'failed', 'expired')),
  add constraint export_finished check ((state in ('asked', 'running')) = (finished_at is null));

-- migrate:down
update export_job set state = 'running' where state = 'asked';
alter table export_job drop constraint export_state, drop constraint export_finished;
alter table export_job
  add constraint export_state check (state in ('running', 'done', 'failed', 'expired')),
  add constraint export_finished check ((state = 'running') = (finished_at is null));
