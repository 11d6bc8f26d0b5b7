-- migrate:up

-- survey: the rounds, whom they ask, and how each dwelling stands in them
create table survey_round (
  round_id uuid primary key,
  number int not null,
  closed boolean not null
);
create table survey_compound (
  round_id uuid not null,
  compound text not null,
  dwellings int not null,
  primary key (round_id, compound)
);
create table survey_dwelling (
  round_id uuid not null,
  dwelling_id uuid not null,
  compound text not null,
  outcome text not null,
  final boolean not null,
  conflict boolean not null,
  primary key (round_id, dwelling_id)
);

-- migrate:down
drop table survey_dwelling;
drop table survey_compound;
drop table survey_round;
