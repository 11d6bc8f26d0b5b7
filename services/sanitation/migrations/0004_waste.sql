-- migrate:up

-- A public place was aired. `device_at` is what the phone said, `began_at` the same by our clock.
create table ventilation (
  ventilation_id uuid not null,
  site_id uuid not null references site,
  day date not null,
  began_at timestamptz not null,
  device_at timestamptz not null,
  minutes int not null,
  source text not null,
  explanation_sealed bytea,
  explanation_index bytea,
  logged_at timestamptz not null,
  logged_by text not null,
  constraint ventilation_once primary key (ventilation_id),
  constraint ventilation_minutes_possible check (minutes between 1 and 1440),
  constraint ventilation_source_known check (source in ('code', 'late_entry')),
  constraint ventilation_explained_whole check ((explanation_sealed is null) = (explanation_index is null))
);
create index ventilation_by_site_and_day on ventilation (site_id, day, began_at);

-- Observations as far as waste asks: whether somebody is under home quarantine, where, and until when it is known to go
-- on. `until_day` null: until further word.
create table quarantine_case (
  case_id uuid primary key,
  person_ref uuid not null,
  compound text not null,
  dwelling_id uuid not null,
  measure text not null,
  paused boolean not null,
  over boolean not null,
  until_day date
);
create index quarantine_case_by_person on quarantine_case (person_ref);
create index quarantine_case_by_dwelling on quarantine_case (dwelling_id);

-- A stretch of home quarantine. `next_day` is the first day for which no pickup was made yet, null until the first look;
-- `finished`: over, and every day of it was planned.
create table quarantine_spell (
  case_id uuid not null references quarantine_case,
  number int not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  next_day date,
  finished boolean not null default false,
  primary key (case_id, number),
  constraint quarantine_spell_runs_forward check (ended_at >= began_at)
);
create unique index quarantine_spell_one_open on quarantine_spell (case_id) where ended_at is null;
create index quarantine_spell_to_plan on quarantine_spell (next_day) where not finished;

-- The hour agreed with a household.
create table pickup_hour (
  dwelling_id uuid primary key,
  hour time not null,
  agreed_at timestamptz not null,
  agreed_by text not null
);

-- One pickup a household and day. `missed_*`: the newest finding about it, null after another hour was agreed.
create table waste_pickup (
  pickup_id uuid primary key,
  dwelling_id uuid not null,
  compound text not null,
  day date not null,
  due_at timestamptz not null,
  due_day date not null,
  state text not null,
  bags int,
  last_step_at timestamptz,
  collected_at timestamptz,
  missed_reason text,
  missed_at timestamptz,
  version int not null,
  constraint waste_pickup_once unique (dwelling_id, day),
  constraint waste_pickup_state_known
    check (state in ('due', 'sealed', 'collected', 'disinfected', 'handed_over', 'withdrawn')),
  constraint waste_pickup_reason_known
    check (missed_reason in ('not_done', 'nobody_opened', 'refused', 'not_handed_over', 'other')),
  constraint waste_pickup_missed_whole check ((missed_reason is null) = (missed_at is null)),
  constraint waste_pickup_bags_counted check ((collected_at is null) = (bags is null) and bags between 0 and 99)
);
create index waste_pickup_by_day on waste_pickup (compound, due_day, pickup_id);
create index waste_pickup_waiting on waste_pickup (due_day, pickup_id)
  where missed_at is null and state in ('due', 'sealed');
create index waste_pickup_on_its_way on waste_pickup (collected_at, pickup_id)
  where missed_at is null and state in ('collected', 'disinfected');

-- What was done with a pickup, by whom and when: the chain of custody. Never changed.
create table pickup_act (
  act_id uuid not null,
  pickup_id uuid not null references waste_pickup,
  kind text not null,
  at timestamptz not null,
  device_at timestamptz not null,
  bags int,
  reason text,
  due_at timestamptz,
  receiver text,
  note_sealed bytea,
  note_index bytea,
  recorded_at timestamptz not null,
  recorded_by text not null,
  nth bigint generated always as identity,
  constraint pickup_act_once primary key (act_id),
  constraint pickup_act_kind_known
    check (kind in ('sealed', 'collected', 'disinfected', 'handed_over', 'skipped', 'rescheduled')),
  constraint pickup_act_noted_whole check ((note_sealed is null) = (note_index is null))
);
create index pickup_act_by_pickup on pickup_act (pickup_id, nth);
create index pickup_act_by_worker on pickup_act (recorded_by, at);

-- The room of somebody under home quarantine, from the registry's sealed card, sealed again by this service.
create table room_card (
  person_ref uuid primary key,
  compound text not null,
  room_sealed bytea not null,
  withdrawn boolean not null
);

-- A bin for discarded masks was emptied and disinfected.
create table mask_bin_collection (
  collection_id uuid not null,
  site_id uuid not null references site,
  emptied_at timestamptz not null,
  device_at timestamptz not null,
  bags int not null,
  agent text not null,
  logged_at timestamptz not null,
  logged_by text not null,
  constraint mask_bin_collection_once primary key (collection_id),
  constraint mask_bin_collection_bags_counted check (bags between 0 and 99)
);
create index mask_bin_collection_by_site on mask_bin_collection (site_id, emptied_at);

-- migrate:down
drop table mask_bin_collection;
drop table room_card;
drop table pickup_act;
drop table waste_pickup;
drop table pickup_hour;
drop table quarantine_spell;
drop table quarantine_case;
drop table ventilation;
