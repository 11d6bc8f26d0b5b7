-- migrate:up

-- ---- life goes on: what was done to people, by whom, when, and what it was before (Data and law, R4.3)

alter table person add column died_on date;

-- One act by its client-made id, so that a repeat gets the first answer. An act may concern a whole household.
create table people_change (
  change_id uuid primary key,
  kind text not null,
  effective_on date not null,
  content_index bytea not null,
  people uuid[] not null,
  recorded_by text not null,
  recorded_at timestamptz not null,
  undoes uuid,
  constraint people_change_kind check (kind in ('registered', 'corrected', 'document_added', 'document_withdrawn',
    'phone_changed', 'residence_set', 'moved', 'left_town', 'died', 'tenants_changed', 'occupancy_set', 'undone')),
  constraint people_change_undoes_a_change foreign key (undoes) references people_change,
  constraint people_change_undone_once unique (undoes),
  constraint people_change_undo_named check ((kind = 'undone') = (undoes is not null))
);

-- What an act changed of one person; the values, and the reason, are sealed under that person's key.
create table person_change (
  change_id uuid not null,
  person_ref uuid not null,
  nth bigint generated always as identity,
  before_sealed bytea,
  after_sealed bytea,
  reason_sealed bytea,
  primary key (change_id, person_ref),
  constraint person_change_of_an_act foreign key (change_id) references people_change,
  constraint person_change_of_a_person foreign key (person_ref) references person
);
create index person_change_by_person on person_change (person_ref, nth);

-- Residences as they were before an act, so that its undo restores exactly that. `version_after` tells whether
-- something else has changed them since.
create table residence_before (
  change_id uuid not null,
  person_ref uuid not null,
  dwelling_id uuid not null,
  existed boolean not null,
  relation text,
  resident boolean,
  registered_on date,
  ended_on date,
  surname_index bytea,
  identity_index bytea,
  content_index bytea,
  note_sealed bytea,
  version int,
  version_after int not null,
  primary key (change_id, person_ref, dwelling_id),
  constraint residence_before_an_act foreign key (change_id) references people_change,
  constraint residence_before_whole check (existed = (relation is not null and registered_on is not null))
);

-- Earlier stays at a dwelling to which somebody came back later; the last stay is in `residence`.
create table residence_period (
  person_ref uuid not null,
  dwelling_id uuid not null,
  registered_on date not null,
  ended_on date not null,
  relation text not null,
  resident boolean not null,
  primary key (person_ref, dwelling_id, registered_on, ended_on),
  constraint residence_period_of_a_person foreign key (person_ref) references person,
  constraint residence_period_at_a_dwelling foreign key (dwelling_id) references dwelling
);

-- Passes that an act stopped, and dwellings whose use it changed: what its undo puts back.
create table pass_before (
  change_id uuid not null,
  pass_id uuid not null,
  state text not null,
  reason text,
  version_after int not null,
  primary key (change_id, pass_id),
  constraint pass_before_a_pass foreign key (pass_id) references entry_pass
);

create table occupancy_before (
  change_id uuid primary key,
  dwelling_id uuid not null,
  occupancy text not null,
  occupancy_after text not null,
  constraint occupancy_before_an_act foreign key (change_id) references people_change,
  constraint occupancy_before_at_a_dwelling foreign key (dwelling_id) references dwelling
);

-- migrate:down
drop table occupancy_before;
drop table pass_before;
drop table residence_period;
drop table residence_before;
drop table person_change;
drop table people_change;
alter table person drop column died_on;
