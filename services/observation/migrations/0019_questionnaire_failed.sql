-- migrate:up

-- A list that cannot be worked off at all (its key is gone, its file does not open) stands aside for the next one.
alter table questionnaire
  drop constraint questionnaire_state_known,
  add constraint questionnaire_state_known check (state in ('running', 'done', 'failed')),
  drop constraint questionnaire_done_whole,
  add constraint questionnaire_done_whole
    check ((state <> 'running') = (finished_at is not null) and (state <> 'done' or rows_done = rows_total));

-- migrate:down
update questionnaire set state = 'done', rows_done = rows_total,
  rows_rejected = rows_total - rows_accepted - rows_unchanged
where state = 'failed';
alter table questionnaire
  drop constraint questionnaire_done_whole,
  add constraint questionnaire_done_whole
    check ((state = 'done') = (finished_at is not null) and (state = 'running' or rows_done = rows_total)),
  drop constraint questionnaire_state_known,
  add constraint questionnaire_state_known check (state in ('running', 'done'));
