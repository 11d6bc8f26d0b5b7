-- migrate:up

-- The fever path of one person: open from the reading or the declaration until somebody has looked at it.
create table fever_episode (
  episode_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  grid text,
  case_id uuid references observation_case,
  source text not null,
  opened_at timestamptz not null,
  outcome text,
  closed_at timestamptz,
  constraint fever_episode_source_known check (source in ('gate', 'declaration')),
  constraint fever_episode_outcome_known check (outcome in ('cleared', 'confirmed', 'resume', 'restart')),
  constraint fever_episode_closed_whole check ((outcome is null) = (closed_at is null))
);
create unique index fever_one_open on fever_episode (person_ref) where closed_at is null;
create index fever_open on fever_episode (compound, episode_id) where closed_at is null;
create index fever_closed on fever_episode (person_ref, closed_at) where closed_at is not null;

-- What a fever clinic said, each answer once; the reason is free text about a person and sealed.
create table fever_result (
  result_id uuid primary key,
  episode_id uuid not null references fever_episode,
  result text not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  decided_at timestamptz not null,
  decided_by text not null,
  constraint fever_result_known check (result in ('cleared', 'stay'))
);

-- A confirmed case, and whom it made a close contact: one row for each way in which they were near.
create table confirmation (
  confirmation_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  confirmed_on date not null,
  last_exposure date not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  confirmed_at timestamptz not null,
  confirmed_by text not null,
  constraint confirmation_after_exposure check (last_exposure <= confirmed_on)
);
create table close_contact (
  confirmation_id uuid not null references confirmation,
  number int not null,
  person_ref uuid not null,
  dwelling_id uuid,
  outcome text not null,
  case_id uuid references observation_case,
  primary key (confirmation_id, number),
  constraint close_contact_outcome_known
    check (outcome in ('opened', 'restarted', 'counted_already', 'home_unknown'))
);

-- Events about a person's fevers carry one sequence for each person.
create table fever_told (
  person_ref uuid primary key,
  version int not null
);

-- Who lives where, by pseudonym: the copy that a confirmed case is followed along.
create table household (
  dwelling_id uuid primary key,
  compound text not null,
  grid text not null
);
create table household_member (
  dwelling_id uuid not null references household,
  person_ref uuid not null,
  primary key (dwelling_id, person_ref)
);
create index household_of_person on household_member (person_ref);

-- migrate:down
drop table household_member;
drop table household;
drop table fever_told;
drop table close_contact;
drop table confirmation;
drop table fever_result;
drop table fever_episode;
