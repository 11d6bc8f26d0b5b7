-- migrate:up

-- Cases in which something was declared since somebody looked for patterns.
create table pattern_due (
  case_id uuid primary key references observation_case
);

-- What looks made up, for somebody to look at. No value is kept here; the note is free text about a person and sealed.
create table pattern_flag (
  number bigint generated always as identity,
  flag_id uuid primary key,
  case_id uuid not null references observation_case,
  kind text not null,
  days date[] not null,
  people int not null,
  flagged_at timestamptz not null,
  reviewed_at timestamptz,
  reviewed_by text,
  review_id uuid,
  verdict text,
  note_sealed bytea,
  content_index bytea,
  constraint pattern_flag_kind_known check (kind in ('same_second', 'same_value', 'family_same')),
  constraint pattern_flag_verdict_known check (verdict in ('plausible', 'clarified', 'made_up')),
  constraint pattern_flag_reviewed_whole
    check ((reviewed_at is null) = (verdict is null) and (reviewed_at is null) = (reviewed_by is null)),
  constraint pattern_flag_review_once unique (review_id)
);
create unique index pattern_flag_in_order on pattern_flag (number);
create unique index pattern_flag_one_open on pattern_flag (case_id, kind) where reviewed_at is null;
create index pattern_flag_by_case on pattern_flag (case_id, kind, reviewed_at);

-- migrate:down
drop table pattern_flag;
drop table pattern_due;
