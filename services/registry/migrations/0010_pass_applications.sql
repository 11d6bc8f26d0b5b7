-- migrate:up

-- ---- applications for a pass (R2.4, R2.8). What the applicant states is sealed under a key of its own.

create table pass_application (
  application_id uuid primary key,
  compound_id text not null,
  via text not null,
  key_ref uuid not null,
  stated_sealed bytea,
  person_ref uuid,
  receipt_sealed bytea,
  receipt_index bytea,
  content_index bytea,
  suzhou_code text not null,
  code_seen_at timestamptz not null,
  state text not null default 'open',
  reason text,
  note_sealed bytea,
  pass_id uuid,
  received_at timestamptz not null,
  settled_at timestamptz,
  settled_by text,
  version int not null default 1,
  constraint pass_application_for_a_compound foreign key (compound_id) references compound,
  constraint pass_application_of_a_person foreign key (person_ref) references person,
  constraint pass_application_got_a_pass foreign key (pass_id) references entry_pass,
  constraint pass_application_key_ref_once unique (key_ref),
  constraint pass_application_receipt_once unique (receipt_index),
  constraint pass_application_via check (via in ('desk', 'online', 'gate')),
  constraint pass_application_code check (suzhou_code in ('green', 'yellow', 'red', 'green_pending', 'none')),
  constraint pass_application_state check (state in ('open', 'issued', 'refused', 'withdrawn')),
  constraint pass_application_settled_whole check
    (num_nulls(settled_at, settled_by) = case when state = 'open' then 2 else 0 end),
  constraint pass_application_pass_named check ((state = 'issued') = (pass_id is not null))
) with (fillfactor = 90);
create index pass_application_in_order on pass_application (compound_id, received_at, application_id);
create index pass_application_by_person on pass_application (person_ref) where person_ref is not null;

-- Papers that were handed in, and who looked at them.
create table pass_application_paper (
  application_id uuid not null,
  kind text not null,
  verified_at timestamptz,
  verified_by text,
  primary key (application_id, kind),
  constraint pass_application_paper_of_one foreign key (application_id) references pass_application,
  constraint pass_application_paper_verified_whole check ((verified_at is null) = (verified_by is null))
);

-- Every colour of the Suzhou code that was seen, with its time: for reference only (R2.8).
create table pass_application_code (
  application_id uuid not null,
  seen_at timestamptz not null,
  colour text not null,
  recorded_at timestamptz not null,
  recorded_by text not null,
  primary key (application_id, seen_at),
  constraint pass_application_code_of_one foreign key (application_id) references pass_application
);

-- migrate:down
drop table pass_application_code;
drop table pass_application_paper;
drop table pass_application;
