-- migrate:up

-- ---- watch lists of a task force: people who may have come, to be found out one by one (R4.4, P11)

create table watch_list (
  list_id uuid primary key,
  name text not null,
  source text not null,
  search_until date not null,
  state text not null default 'open',
  created_by text not null,
  created_at timestamptz not null,
  closed_by text,
  closed_at timestamptz,
  version int not null default 1,
  constraint watch_list_state check (state in ('open', 'closed')),
  constraint watch_list_closed_whole check ((state = 'closed') = (closed_at is not null and closed_by is not null))
);
create index watch_list_by_time on watch_list (created_at, list_id);

-- Everything personal is sealed with a data key of the line's own; `matched` holds pseudonyms from the book.
create table watch_line (
  line_id uuid primary key,
  list_id uuid not null,
  nth int not null,
  sheet text not null,
  row_number int not null,
  content_index bytea not null,
  name_sealed bytea not null,
  document_kind text not null,
  document_sealed bytea,
  document_error text,
  phone_sealed bytea,
  note_sealed bytea,
  origin_code text,
  arrived_on date not null,
  match text not null,
  matched uuid[] not null,
  disposition text,
  person_ref uuid,
  intake_id uuid,
  settled_by text,
  settled_at timestamptz,
  version int not null default 1,
  constraint watch_line_of_a_list foreign key (list_id) references watch_list,
  constraint watch_line_place unique (list_id, nth),
  constraint watch_line_once unique (list_id, content_index),
  constraint watch_line_origin_code check (origin_code ~ '^[0-9]{6}$'),
  constraint watch_line_match check (match in ('matched', 'possible', 'none')),
  constraint watch_line_match_named check ((match = 'none') = (cardinality(matched) = 0)),
  constraint watch_line_disposition check (
    disposition in ('found_here', 'elsewhere', 'wrong_data', 'missed_before', 'overdue')),
  -- A person settles a line, never the import.
  constraint watch_line_settled_by_somebody check (
    (disposition is null) = (settled_by is null) and (disposition is null) = (settled_at is null)),
  constraint watch_line_person foreign key (person_ref) references person,
  constraint watch_line_intake foreign key (intake_id) references returnee_intake
) with (fillfactor = 80);
create index watch_line_open on watch_line (list_id) where disposition is null;

-- What was decided about a line, with what was decided before it was corrected.
create table watch_settlement (
  line_id uuid not null,
  version int not null,
  disposition text not null,
  person_ref uuid,
  intake_id uuid,
  note_sealed bytea not null,
  content_index bytea not null,
  settled_by text not null,
  settled_at timestamptz not null,
  primary key (line_id, version),
  constraint watch_settlement_of_a_line foreign key (line_id) references watch_line
);

-- ---- people still away, to be told by phone to postpone; nobody here is under observation (R4.5, P12)

create table call_entry (
  entry_id uuid primary key,
  compound_id text not null,
  grid_id text,
  name_sealed bytea not null,
  phone_sealed bytea not null,
  name_index bytea not null,
  phone_index bytea not null,
  content_index bytea not null,
  present_code text,
  registered_origin_code text,
  planned_return date,
  state text not null default 'away',
  next_call_on date,
  last_outcome text,
  calls int not null default 0,
  intake_id uuid,
  arrived_at timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  version int not null default 1,
  constraint call_entry_compound foreign key (compound_id) references compound,
  constraint call_entry_grid foreign key (grid_id) references grid,
  constraint call_entry_intake foreign key (intake_id) references returnee_intake,
  constraint call_entry_codes check (present_code ~ '^[0-9]{6}$' and registered_origin_code ~ '^[0-9]{6}$'),
  constraint call_entry_reason check (present_code is not null or registered_origin_code is not null),
  constraint call_entry_state check (state in ('away', 'arrived')),
  constraint call_entry_arrived_whole check (
    (state = 'arrived') = (intake_id is not null) and (state = 'arrived') = (arrived_at is not null))
) with (fillfactor = 80);
create index call_entry_by_compound on call_entry (compound_id, created_at, entry_id);
-- One person is called from one entry.
create unique index call_entry_once on call_entry (name_index, phone_index) where state = 'away';

create table call_attempt (
  call_id uuid primary key,
  entry_id uuid not null,
  outcome text not null,
  next_call_on date,
  returns_on date,
  note_sealed bytea,
  content_index bytea not null,
  called_by text not null,
  called_at timestamptz not null,
  constraint call_attempt_of_an_entry foreign key (entry_id) references call_entry,
  constraint call_attempt_outcome check (
    outcome in ('postponed', 'unreachable', 'refused', 'will_return_on', 'wrong_number', 'arrived')),
  constraint call_attempt_return check ((outcome = 'will_return_on') = (returns_on is not null))
);
create index call_attempt_by_entry on call_attempt (entry_id, called_at, call_id);

-- migrate:down
drop table call_attempt;
drop table call_entry;
drop table watch_settlement;
drop table watch_line;
drop table watch_list;
