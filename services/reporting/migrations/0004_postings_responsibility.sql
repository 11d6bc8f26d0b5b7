-- migrate:up

-- postings: who serves where, by pseudonym
create table posting (
  posting_id uuid primary key,
  worker_ref uuid not null,
  kind text not null,
  compound text,
  grid text,
  checkpoint text,
  from_day date not null,
  until_day date
);
create index posting_of_compound on posting (compound, from_day);

-- responsibility: who answers for what; without a compound for the whole town
create table responsibility (
  assignment_id uuid primary key,
  worker_ref uuid not null,
  role text not null,
  measure text not null,
  compound text,
  grid text,
  from_day date not null,
  until_day date
);
create index responsibility_of_compound on responsibility (compound, measure);

-- migrate:down
drop table responsibility;
drop table posting;
