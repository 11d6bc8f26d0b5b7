-- migrate:up

-- Copies of what the registry tells.
create table policy_version (
  version int primary key,
  effective_from date not null,
  document jsonb not null
);

create table compound_place (
  compound text primary key,
  neighbourhood text not null
);

-- Returnees that were told of before any policy: opened as soon as rules are known.
create table opening_waiting (
  intake_id uuid primary key,
  document jsonb not null
);

-- One observation of one person. `state`, `last_day` and `next_step_at` are copies of what the domain derives
-- from the other facts: for lists, for the guard against two cases at once, and for finding what falls due.
create table observation_case (
  case_id uuid primary key,
  intake_id uuid not null,
  person_ref uuid not null,
  compound text not null,
  dwelling_id uuid not null,
  grid text not null,
  category text not null,
  measure text not null,
  anchor_date date not null,
  anchor_basis text not null,
  days int not null,
  policy_version int not null references policy_version,
  opened_at timestamptz not null,
  settled_through timestamptz not null,
  awaiting_since timestamptz,
  ended_at timestamptz,
  version int not null,
  state text not null,
  last_day date not null,
  next_step_at timestamptz,
  constraint case_once_per_intake unique (intake_id),
  constraint case_period_is_positive check (days >= 1 and last_day > anchor_date),
  constraint case_state_known
    check (state in ('under_observation', 'medical', 'awaiting_closure', 'completed')),
  constraint case_completed_has_an_end check ((state = 'completed') = (ended_at is not null)),
  constraint case_watched_while_under_observation
    check (state <> 'under_observation' or next_step_at is not null)
);
create unique index case_one_in_force on observation_case (person_ref) where state <> 'completed';
create index case_next_step on observation_case (next_step_at, case_id) where next_step_at is not null;
create index case_by_compound on observation_case (compound, case_id);

-- The clock stands still from `began_at` until a recorded decision.
create table interruption (
  case_id uuid not null references observation_case,
  number int not null,
  began_at timestamptz not null,
  reason text not null,
  ended_at timestamptz,
  ended_by text,
  primary key (case_id, number),
  constraint interruption_reason_known check (reason in ('fever', 'symptoms')),
  constraint interruption_ends_whole check ((ended_at is null) = (ended_by is null)),
  constraint interruption_ending_known check (ended_by in ('resume', 'restart')),
  constraint interruption_runs_forward check (ended_at >= began_at)
);
create unique index interruption_one_open on interruption (case_id) where ended_at is null;

-- What was declared. The answers (temperature, symptoms) are sealed; in the clear is only what the state needs.
create table declaration (
  declaration_id uuid primary key,
  case_id uuid not null references observation_case,
  day date not null,
  window_name text not null,
  standing text not null,
  channel text not null,
  alarming boolean not null,
  taken_at timestamptz not null,
  received_at timestamptz not null,
  recorded_by text not null,
  answers_sealed bytea not null,
  content_index bytea not null,
  constraint declaration_window_known check (window_name in ('morning', 'evening')),
  constraint declaration_standing_known check (standing in ('in_time', 'late', 'after')),
  constraint declaration_channel_known check (channel in ('self', 'proxy', 'phone', 'visit')),
  constraint declaration_taken_before_received check (taken_at <= received_at)
);
create index declaration_by_case on declaration (case_id, day, window_name);

-- Windows that closed empty, told once each.
create table missed_window (
  case_id uuid not null references observation_case,
  day date not null,
  window_name text not null,
  closed_at timestamptz not null,
  streak int not null,
  constraint missed_window_once primary key (case_id, day, window_name),
  constraint missed_window_known check (window_name in ('morning', 'evening')),
  constraint missed_window_streak_counts_itself check (streak >= 1)
);

-- What officers decided; the reason is free text about a person and sealed. The answer is kept for repeats.
create table decision (
  decision_id uuid primary key,
  case_id uuid not null references observation_case,
  kind text not null,
  reason_sealed bytea not null,
  content_index bytea not null,
  decided_at timestamptz not null,
  decided_by text not null,
  state_after text not null,
  last_day_after date not null,
  constraint decision_kind_known check (kind in ('resume', 'restart', 'close'))
);
create index decision_by_case on decision (case_id, decided_at);

-- A resident's personal link: shown once, kept as a hash, bound to one phone at first use.
create table resident_link (
  link_id uuid primary key,
  case_id uuid not null references observation_case,
  token_hash bytea not null,
  session_hash bytea,
  issued_at timestamptz not null,
  issued_by text not null,
  bound_at timestamptz,
  revoked_at timestamptz,
  constraint resident_link_token_once unique (token_hash),
  constraint resident_link_session_once unique (session_hash),
  constraint resident_link_bound_whole check ((session_hash is null) = (bound_at is null))
);
create unique index resident_link_one_live on resident_link (case_id) where revoked_at is null;

-- The few personal fields needed to reach somebody, from the registry's sealed card, sealed again by this service.
create table contact_card (
  person_ref uuid primary key,
  compound text not null,
  name_sealed bytea,
  phone_sealed bytea,
  room_sealed bytea,
  kept_at timestamptz not null
);

-- migrate:down
drop table contact_card;
drop table resident_link;
drop table decision;
drop table missed_window;
drop table declaration;
drop table interruption;
drop table observation_case;
drop table opening_waiting;
drop table compound_place;
drop table policy_version;
