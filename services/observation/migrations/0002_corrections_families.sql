-- migrate:up

-- Which declaration corrects which: both are kept. The reason is free text about a person and sealed.
create table declaration_correction (
  declaration_id uuid primary key references declaration,
  corrects uuid not null references declaration,
  reason_sealed bytea not null,
  content_index bytea not null,
  constraint declaration_corrected_once unique (corrects),
  constraint declaration_corrects_another check (declaration_id <> corrects)
);

-- For whom else of the dwelling the holder of a personal link may declare.
create table link_member (
  link_id uuid not null references resident_link,
  case_id uuid not null references observation_case,
  added_at timestamptz not null,
  added_by text not null,
  primary key (link_id, case_id)
);
create index link_member_by_case on link_member (case_id);

-- migrate:down
drop table link_member;
drop table declaration_correction;
