-- migrate:up

-- ---- posts: what an officer set for one place, claims of vacant posts, volunteers (R3.1 to R3.3, R6.2)

alter table worker
  add column person_ref uuid,
  add constraint worker_is_a_person foreign key (person_ref) references person;
create unique index worker_once_a_person on worker (person_ref) where person_ref is not null;
create index worker_by_home on worker (home_compound_id) where home_compound_id is not null;

-- Whoever lists people posts them as the list says; what is decided here names the policy that it followed.
alter table posting
  add column policy_version int,
  add constraint posting_under_a_policy foreign key (policy_version) references policy_version;
create index posting_by_worker on posting (worker_ref);

create table post_need (
  place_kind text not null,
  place_id text not null,
  kind text not null,
  compound_id text not null,
  number int not null,
  set_by text not null,
  set_at timestamptz not null,
  version int not null default 1,
  primary key (place_kind, place_id, kind),
  constraint post_need_of_a_compound foreign key (compound_id) references compound,
  constraint post_need_place check (place_kind in ('compound', 'checkpoint', 'grid')),
  constraint post_need_number check (number between 0 and 999)
);
create index post_need_by_compound on post_need (compound_id);

create table post_claim (
  claim_id uuid primary key,
  worker_ref uuid not null,
  place_kind text not null,
  place_id text not null,
  compound_id text not null,
  kind text not null,
  from_day date not null,
  until_day date,
  state text not null default 'claimed',
  reason text,
  claimed_by text not null,
  claimed_at timestamptz not null,
  settled_by text,
  settled_at timestamptz,
  posting_id uuid,
  constraint post_claim_of_a_worker foreign key (worker_ref) references worker,
  constraint post_claim_in_a_compound foreign key (compound_id) references compound,
  constraint post_claim_posted foreign key (posting_id) references posting,
  constraint post_claim_state check (state in ('claimed', 'confirmed', 'refused')),
  constraint post_claim_settled check ((state = 'claimed') = (settled_at is null)),
  constraint post_claim_refused_why check ((state = 'refused') = (reason is not null)),
  constraint post_claim_confirmed check ((state = 'confirmed') = (posting_id is not null))
);
create index post_claim_by_compound on post_claim (compound_id, claimed_at, claim_id);

create table volunteer_application (
  application_id uuid primary key,
  key_ref uuid not null,
  name_sealed bytea not null,
  sex_sealed bytea not null,
  phone_sealed bytea not null,
  content_index bytea not null,
  home_compound_id text not null,
  person_ref uuid,
  via text not null,
  state text not null default 'received',
  reason text,
  received_at timestamptz not null,
  settled_by text,
  settled_at timestamptz,
  worker_ref uuid,
  constraint volunteer_lives_in_a_compound foreign key (home_compound_id) references compound,
  constraint volunteer_is_a_person foreign key (person_ref) references person,
  constraint volunteer_serves_as foreign key (worker_ref) references worker,
  constraint volunteer_key_ref_once unique (key_ref),
  constraint volunteer_via check (via in ('public', 'desk', 'survey')),
  constraint volunteer_state check (state in ('received', 'accepted', 'refused')),
  constraint volunteer_settled check ((state = 'received') = (settled_at is null)),
  constraint volunteer_refused_why check ((state = 'refused') = (reason is not null)),
  constraint volunteer_accepted check ((state = 'accepted') = (worker_ref is not null))
);
create index volunteer_by_compound on volunteer_application (home_compound_id, received_at, application_id);

-- migrate:down
drop table volunteer_application;
drop table post_claim;
drop table post_need;
drop index posting_by_worker;
alter table posting drop constraint posting_under_a_policy, drop column policy_version;
drop index worker_by_home;
drop index worker_once_a_person;
alter table worker drop constraint worker_is_a_person, drop column person_ref;
