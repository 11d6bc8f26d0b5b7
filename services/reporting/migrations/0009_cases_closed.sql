-- migrate:up

-- A case may end without a release.
alter table observation_case
  drop constraint observation_case_state_known,
  add constraint observation_case_state_known
    check (state in ('active', 'interrupted', 'awaiting_closure', 'completed', 'closed')),
  drop constraint observation_case_ended,
  add constraint observation_case_ended check ((state in ('completed', 'closed')) = (ended_at is not null));
drop index observation_case_open;
create index observation_case_open on observation_case (compound, measure) where ended_at is null;

-- migrate:down
drop index observation_case_open;
update observation_case set state = 'completed' where state = 'closed';
alter table observation_case
  drop constraint observation_case_ended,
  add constraint observation_case_ended check ((state = 'completed') = (ended_at is not null)),
  drop constraint observation_case_state_known,
  add constraint observation_case_state_known
    check (state in ('active', 'interrupted', 'awaiting_closure', 'completed'));
create index observation_case_open on observation_case (compound, measure) where state <> 'completed';
