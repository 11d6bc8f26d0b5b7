-- migrate:up

-- ---- how an observation ended without the full period: never a release (R7.4)

alter table observation_state add column ending text;
alter table observation_state add column closed_at timestamptz;
alter table observation_state drop constraint observation_state_known;
alter table observation_state add constraint observation_state_known
  check (state in ('in_force', 'interrupted', 'awaiting_closure', 'completed', 'closed'));
alter table observation_state add constraint observation_ending
  check (ending in ('transferred', 'died', 'left_town', 'cancelled', 'merged'));
alter table observation_state add constraint observation_closed_whole
  check (num_nulls(ending, closed_at) = case when state = 'closed' then 0 else 2 end);

-- ---- what keeps a person's passes from admitting, besides an observation (G2, O9). Both instants only grow, so that
-- news in any order gives the same row. No foreign key: a gate may see a fever before the person is in the book.

create table pass_hold (
  person_ref uuid not null,
  kind text not null,
  since timestamptz,
  ended_at timestamptz,
  primary key (person_ref, kind),
  constraint pass_hold_kind check (kind in ('fever', 'medical', 'close_contact'))
);
insert into pass_hold (person_ref, kind, since)
select person_ref, 'fever', max(changed_at) from entry_pass
where state = 'suspended' and reason = 'fever' group by person_ref;

-- ---- the life of a pass: a reason given by command is kept beside the state, every step is kept (R2.4)

alter table pass_request add column reason text; -- why a new print was asked for
alter table entry_pass add column held_back text;
alter table entry_pass add constraint entry_pass_held_back_suspended check (held_back is null or state <> 'active');

create table pass_step (
  pass_id uuid not null,
  version int not null,
  step text not null,
  reason text,
  note_sealed bytea,
  serial int not null,
  taken_at timestamptz not null,
  taken_by text not null,
  primary key (pass_id, version),
  constraint pass_step_of_a_pass foreign key (pass_id) references entry_pass,
  constraint pass_step_known check (step in ('issued', 'printed', 'suspended', 'reinstated', 'revoked'))
);
create index entry_pass_by_compound on entry_pass (compound_id, pass_id);

-- migrate:down
drop index entry_pass_by_compound;
drop table pass_step;
alter table entry_pass drop constraint entry_pass_held_back_suspended;
alter table entry_pass drop column held_back;
alter table pass_request drop column reason;
drop table pass_hold;
alter table observation_state drop constraint observation_closed_whole;
alter table observation_state drop constraint observation_ending;
alter table observation_state drop constraint observation_state_known;
alter table observation_state add constraint observation_state_known
  check (state in ('in_force', 'interrupted', 'awaiting_closure', 'completed'));
alter table observation_state drop column closed_at;
alter table observation_state drop column ending;
