-- migrate:up

-- ---- household forms of a survey round (R4.1, R4.2, P7 to P9). Whatever is said of people is sealed: a member's
-- statement under the person's own key once it is known who it is, the rest under the submission's.

create table survey_submission (
  submission_id uuid primary key,
  round_id uuid not null,
  dwelling_id uuid not null,
  source text not null,
  outcome text not null,
  standing text not null,
  visited_at timestamptz not null,
  received_at timestamptz not null,
  recorded_by text not null,
  corrects uuid,
  witness text,
  key_ref uuid not null,
  note_sealed bytea,
  content_index bytea not null,
  answer jsonb not null,
  constraint survey_submission_of_a_target foreign key (round_id, dwelling_id) references survey_target,
  constraint survey_submission_source check (source in ('worker', 'online', 'clerk')),
  constraint survey_submission_outcome check (outcome in ('done', 'absent', 'refused', 'empty')),
  constraint survey_submission_standing check (standing in ('current', 'conflicting', 'kept')),
  constraint survey_submission_witness check (witness in ('property_staff', 'neighbour', 'grid_leader'))
);
-- One record of a dwelling and round holds, however many forms were sent (P7).
create unique index survey_one_current on survey_submission (round_id, dwelling_id) where standing = 'current';
create index survey_submission_of_dwelling on survey_submission (dwelling_id, round_id, received_at, submission_id);
create index survey_submission_conflicting on survey_submission (round_id, dwelling_id) where standing = 'conflicting';

create table survey_member (
  submission_id uuid not null,
  nth int not null,
  state text not null,
  person_ref uuid,
  entered boolean not null default false,
  key_ref uuid,
  stated_sealed bytea,
  primary key (submission_id, nth),
  constraint survey_member_of_a_submission foreign key (submission_id) references survey_submission,
  constraint survey_member_is_a_person foreign key (person_ref) references person,
  constraint survey_member_state check (state in ('present', 'gone', 'new')),
  constraint survey_member_stated check ((state = 'new') = (stated_sealed is not null)),
  constraint survey_member_keyed check ((key_ref is null) = (stated_sealed is null))
);
create index survey_member_by_person on survey_member (person_ref) where person_ref is not null;

create table survey_finding (
  submission_id uuid not null,
  nth int not null,
  kind text not null,
  member int,
  person_ref uuid,
  detail_sealed bytea,
  intake_id uuid,
  primary key (submission_id, nth),
  constraint survey_finding_of_a_submission foreign key (submission_id) references survey_submission,
  constraint survey_finding_about_a_member foreign key (submission_id, member) references survey_member,
  constraint survey_finding_is_a_person foreign key (person_ref) references person,
  constraint survey_finding_intake foreign key (intake_id) references returnee_intake,
  constraint survey_finding_kind check (kind in
    ('unregistered_returnee', 'unknown_tenant', 'information_differs', 'not_mentioned', 'other'))
);

-- People who offer to serve themselves (R3.3).
create table survey_offer (
  submission_id uuid not null,
  nth int not null,
  kind text not null,
  member int not null,
  note_sealed bytea,
  primary key (submission_id, nth),
  constraint survey_offer_of_a_member foreign key (submission_id, member) references survey_member,
  constraint survey_offer_kind check (kind in
    ('gate_duty', 'deliveries', 'disinfection', 'medical', 'translation', 'other'))
);

create table survey_resolution (
  resolution_id uuid primary key,
  round_id uuid not null,
  dwelling_id uuid not null,
  chosen uuid not null,
  reason_sealed bytea not null,
  key_ref uuid not null,
  content_index bytea not null,
  resolved_by text not null,
  resolved_at timestamptz not null,
  answer jsonb not null,
  constraint survey_resolution_of_a_target foreign key (round_id, dwelling_id) references survey_target,
  constraint survey_resolution_chose foreign key (chosen) references survey_submission
);

-- migrate:down
drop table survey_resolution;
drop table survey_offer;
drop table survey_finding;
drop table survey_member;
drop table survey_submission;
