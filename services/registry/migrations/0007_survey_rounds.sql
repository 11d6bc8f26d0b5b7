-- migrate:up

-- ---- survey rounds (R4.1). The denominator is the address list: one row for each dwelling, whatever is found there.

create table survey_round (
  round_id uuid primary key,
  number int not null,
  due_on date not null,
  opened_at timestamptz not null,
  opened_by text not null,
  closed_at timestamptz,
  closed_by text,
  close_reason text,
  open_dwellings int,
  constraint survey_round_number_once unique (number),
  constraint survey_round_number_positive check (number >= 1),
  constraint survey_round_closed_whole check (
    (closed_at is null) = (open_dwellings is null) and (closed_at is null) = (closed_by is null)),
  constraint survey_round_closed_early_has_a_reason check (open_dwellings = 0 or close_reason is not null)
);

create table survey_compound (
  round_id uuid not null,
  compound_id text not null,
  closed boolean not null default false,
  primary key (round_id, compound_id),
  constraint survey_compound_of_a_round foreign key (round_id) references survey_round,
  constraint survey_compound_exists foreign key (compound_id) references compound
);
-- Two rounds at once would ask the same household twice.
create unique index survey_one_open_round on survey_compound (compound_id) where not closed;

create table survey_target (
  round_id uuid not null,
  dwelling_id uuid not null,
  compound_id text not null,
  added_at timestamptz not null,
  outcome text,
  final boolean not null default false,
  conflict boolean not null default false,
  attempts int not null default 0,
  surveyed_at timestamptz,
  version int not null default 0,
  primary key (round_id, dwelling_id),
  constraint survey_target_of_a_round foreign key (round_id, compound_id) references survey_compound,
  constraint survey_target_is_a_dwelling foreign key (dwelling_id) references dwelling,
  constraint survey_target_outcome check (outcome in ('done', 'absent', 'refused', 'empty', 'to_confirm')),
  constraint survey_target_final check (not final or (outcome in ('done', 'empty') and not conflict))
) with (fillfactor = 80);
create index survey_target_by_dwelling on survey_target (dwelling_id);

-- migrate:down
drop table survey_target;
drop table survey_compound;
drop table survey_round;
